/* SPDX-License-Identifier: MIT */
/* Where a folder is that was asked for without its slash. */
#ifndef FCGI_APP_POLICY_REDIRECT_H
#define FCGI_APP_POLICY_REDIRECT_H

#include <stddef.h>

/* The longest reference that is written, and its NUL. */
#define REDIRECT_MAX 2048

/*
 * Writes the Location (RFC 9110, 10.2.2) of a folder: the relative reference
 * "./LAST-SEGMENT/" (RFC 3986, 4.2), with "?QUERY" if there is one.
 *
 * It is relative, so that no host and no prefix of the front's has to be known
 * and no other host can come out of it, and has "./" so that a colon in the
 * name ends no scheme. It holds nothing but what is legal in a URI: the rest
 * is percent-encoded.
 *
 * request_uri: REQUEST_URI as the front passes it, "/path?query" or
 * "http://host/path?query"; what is encoded in it stays so, and a fragment is
 * dropped. NULL, "" or anything else: path is used in its place.
 * path: the decoded path of the request, without a query; not NULL.
 *
 * buf: n bytes; untouched on failure.
 * Returns 0; -ENOSPC above n or REDIRECT_MAX; -ELOOP if the request names
 * a folder already, because its path is empty or ends in a slash, in "." or in
 * ".." (RFC 3986, 5.2.4): the redirect would lead back to where it was sent.
 */
int redirect_to_folder(
    const char *request_uri, const char *path, char *buf, size_t n);

#endif
