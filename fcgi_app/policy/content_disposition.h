/* SPDX-License-Identifier: MIT */
/* The Content-Disposition field (RFC 6266, RFC 8187). */
#ifndef FCGI_APP_POLICY_CONTENT_DISPOSITION_H
#define FCGI_APP_POLICY_CONTENT_DISPOSITION_H

#include <stddef.h>

/* The longest name that is sent, in bytes of UTF-8: NAME_MAX of Linux. */
#define CONTENT_DISPOSITION_NAME_MAX 255

/* The longest extension, dot included, that a cut leaves alone. */
#define CONTENT_DISPOSITION_EXTENSION_MAX 32

/* A buffer of this size holds any value and its NUL. */
#define CONTENT_DISPOSITION_MAX                                   \
	(sizeof("attachment; filename=\"\"; filename*=UTF-8''") + \
	    (1 + 3) * CONTENT_DISPOSITION_NAME_MAX)

/*
 * Writes a value of the field.
 *
 * type: "attachment" or "inline", upper or lower case; not NULL.
 * filename: what the client may save the file as, or NULL or "" for no word
 * on that. It is taken for UTF-8; what isn't becomes U+FFFD. Slashes and
 * backslashes, which a browser or curl may take for folders, and control
 * characters become "_", as do all the dots of "." and "..". A name above
 * CONTENT_DISPOSITION_NAME_MAX bytes is cut in front of its extension, between
 * two characters.
 *
 * The name goes into filename="..." if it is safe there for every client: in
 * ASCII, without quotes, without "%" before two hexadecimal digits (RFC 6266,
 * appendix D). If not, that parameter has a "_" for each such character, and
 * filename*=UTF-8''... (RFC 8187) follows with the whole name.
 *
 * buf: n bytes, CONTENT_DISPOSITION_MAX are always enough; untouched on
 * failure.
 * Returns 0; -EINVAL for another type; -ENOSPC.
 */
int content_disposition_format(
    const char *type, const char *filename, char *buf, size_t n);

#endif
