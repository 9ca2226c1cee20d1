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

/*
 * The most parts of one answer. A set of many small ranges is a way to make a
 * server work (RFC 9110, 14.2 and 17.15).
 */
#define BYTE_RANGE_PARTS_MAX 64

/*
 * Parts of a file, at least one, in the order in which they were asked for. No
 * two of them overlap, nor does one begin where another ends.
 */
struct byte_range_set {
	size_t count;
	struct byte_range parts[BYTE_RANGE_PARTS_MAX];
};

enum byte_range_result {
	BYTE_RANGE_IGNORED,      /* send all of it: 200 */
	BYTE_RANGE_SATISFIABLE,  /* send the parts: 206 */
	BYTE_RANGE_UNSATISFIABLE /* send nothing of it: 416 */
};

/*
 * Judges a Range field for a file of the given size in bytes.
 *
 * field: the field's value, or NULL if the request has none. Blanks at its end
 * are tolerated, since nginx leaves a tab there.
 *
 * *ret_set is written with BYTE_RANGE_SATISFIABLE only. Ranges that can't be
 * satisfied are left out of it; the field can't if none of its ranges can.
 * Ranges that overlap or adjoin are coalesced, in the place of the one that was
 * asked for first (RFC 9110, 15.3.7.2).
 *
 * Ignored are a malformed field and an unknown unit (14.2), and what would
 * cost more than the whole file does (17.15): when there would be more than
 * BYTE_RANGE_PARTS_MAX parts, the ranges so far coalesced, or when the ranges
 * ask for more bytes together than the file has, each cut at its end.
 */
enum byte_range_result byte_range_parse(
    const char *field, uint64_t size, struct byte_range_set *ret_set);

/*
 * Writes the value of a Content-Range field (RFC 9110, 14.4) into the n bytes
 * at buf: "bytes FIRST-LAST/SIZE" for the range of a 206. With range NULL an
 * asterisk takes the place of FIRST-LAST, as it belongs to a 416.
 *
 * Returns 0, or -ENOSPC if n is too small (buf is untouched then).
 */
int byte_range_format_content_range(
    char *buf, size_t n, const struct byte_range *range, uint64_t size);

#endif
