/* SPDX-License-Identifier: MIT */
/*
 * The Range request field and the Content-Range response field for the range
 * unit "bytes" (RFC 9110, 14.1 to 14.4).
 */
#ifndef FCGI_APP_POLICY_BYTE_RANGE_H
#define FCGI_APP_POLICY_BYTE_RANGE_H

#include <stddef.h>
#include <stdint.h>

/* A buffer of this size holds any Content-Range value and its NUL. */
#define BYTE_RANGE_CONTENT_RANGE_MAX 72

/* A part of a file: never empty, and never beyond the end of the file. */
struct byte_range {
	uint64_t first;
	uint64_t length;
};

enum byte_range_result {
	BYTE_RANGE_IGNORED,      /* send all of it: 200 */
	BYTE_RANGE_SATISFIABLE,  /* send the part: 206 */
	BYTE_RANGE_UNSATISFIABLE /* send nothing of it: 416 */
};

/*
 * Judge a Range field for a file of the given size in bytes.
 *
 * field: the field's value, or NULL if the request has none. Blanks at its end
 * are tolerated, since nginx leaves a tab there.
 *
 * *ret_range is set with BYTE_RANGE_SATISFIABLE only. A malformed field and an
 * unknown unit are ignored, as RFC 9110, 14.2 says. More than one range is
 * ignored too, for now: a server is free to ignore any Range, and answering
 * with multipart/byteranges comes later.
 */
enum byte_range_result byte_range_parse(
    const char *field, uint64_t size, struct byte_range *ret_range);

/*
 * Write the value of a Content-Range field (RFC 9110, 14.4) into the n bytes
 * at buf: "bytes FIRST-LAST/SIZE" for the range of a 206. With range NULL an
 * asterisk takes the place of FIRST-LAST, as it belongs to a 416.
 *
 * Returns 0, or -ENOSPC if n is too small (buf is untouched then).
 */
int byte_range_format_content_range(
    char *buf, size_t n, const struct byte_range *range, uint64_t size);

#endif
