/* SPDX-License-Identifier: MIT */
/*
 * The text of a multipart/byteranges body (RFC 9110, 14.6; RFC 2046, 5.1):
 * what stands before, between and after the parts.
 */
#ifndef FCGI_APP_POLICY_MULTIPART_H
#define FCGI_APP_POLICY_MULTIPART_H

#include <stddef.h>
#include <stdint.h>

#include "fcgi_app/policy/media_type.h"

struct byte_range_set;

/*
 * Random bytes in a boundary. The parts are not searched for it (RFC 2046,
 * 5.1.1): it stays out of them since no author of a file can guess it.
 */
#define MULTIPART_RANDOM_SIZE 16

/* A boundary and its NUL. RFC 2046, 5.1.1 allows 70 characters. */
#define MULTIPART_BOUNDARY_MAX (2 * MULTIPART_RANDOM_SIZE + 1)

/*
 * A buffer of this size holds any delimiter and its NUL: a Content-Range of
 * BYTE_RANGE_CONTENT_RANGE_MAX at most, the field names and line ends.
 */
#define MULTIPART_DELIMITER_MAX \
	(MULTIPART_BOUNDARY_MAX + CONTENT_TYPE_MAX + 128)

/*
 * Writes a boundary, lower-case hexadecimal digits, so that it needs no quotes
 * as a parameter of a Content-Type. random: from getrandom(2) or as good.
 */
void multipart_boundary(const uint8_t random[MULTIPART_RANDOM_SIZE],
    char ret_boundary[MULTIPART_BOUNDARY_MAX]);

/* A body; all pointers are the caller's. */
struct multipart {
	const char *boundary; /* of multipart_boundary() */
	/*
	 * The Content-Type of each part, or NULL: that of a 200, without
	 * control characters, at most CONTENT_TYPE_MAX bytes.
	 */
	const char *content_type;
	uint64_t size; /* of the whole representation, in bytes */
	const struct byte_range_set *set;
};

/*
 * Writes into the n bytes at buf, NUL-terminated, what stands before part
 * `index`: a CRLF, which ends the part before it or an empty preamble, the
 * delimiter line, and the part's own head with its Content-Range (RFC 9110,
 * 15.3.7.2). With `index` == the number of parts: what follows the last one.
 *
 * Returns 0, with *ret_length not counting the NUL; -ENOSPC if n is too small
 * or the content type too long, -EINVAL if the content type has a control
 * character other than a tab, which could end its line. Nothing is written on
 * failure.
 */
int multipart_format_delimiter(const struct multipart *m, size_t index,
    char *buf, size_t n, size_t *ret_length);

/*
 * Returns the length of the whole body in bytes, all parts and delimiters: its
 * Content-Length.
 *
 * Returns 0; -EOVERFLOW if it is above UINT64_MAX; or the error that
 * multipart_format_delimiter() has for this content type in a buffer of
 * MULTIPART_DELIMITER_MAX bytes.
 */
int multipart_length(const struct multipart *m, uint64_t *ret_length);

#endif
