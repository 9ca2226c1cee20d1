/* SPDX-License-Identifier: MIT */
/*
 * The Range of a representation that still grows (RFC 8673; RFC 9110, 14.2,
 * 14.4).
 */
#ifndef FCGI_APP_ACTIONS_FOLLOW_FOLLOW_RANGE_H
#define FCGI_APP_ACTIONS_FOLLOW_FOLLOW_RANGE_H

#include <stddef.h>
#include <stdint.h>

/* The last position of an answer: what is larger is cut to it. */
#define FOLLOW_RANGE_LAST_MAX ((uint64_t)INT64_MAX)
/*
 * The last position that stands for "whatever comes": what RFC 8673 calls very
 * large, and the largest that every client can count.
 */
#define FOLLOW_RANGE_OPEN_LAST ((UINT64_C(1) << 53) - 1)
/* "bytes ", two numbers, "-", slash, asterisk, NUL. */
#define FOLLOW_RANGE_TEXT_MAX 56

enum follow_range_result {
	FOLLOW_RANGE_IGNORED, /* 200: from the start, and then what comes */
	/* 206 with bytes that are there already. */
	FOLLOW_RANGE_PRESENT,
	/* 206: the last byte is not there yet, and is waited for. */
	FOLLOW_RANGE_LIVE,
	FOLLOW_RANGE_UNSATISFIABLE, /* 416 */
};

/* Positions of the first and the last byte. */
struct follow_range {
	uint64_t first;
	uint64_t last;
};

/*
 * Judges the Range field of a GET, NULL for none, for a file that has `size`
 * bytes now. *ret is written for the two kinds of 206.
 *
 * "bytes=A-B" with a B beyond the end, "very large" as a rule, is followed (RFC
 * 8673, 2.2), also if A is just the next byte. So is "bytes=A-", as if B were
 * FOLLOW_RANGE_OPEN_LAST: the remainder is what comes. "bytes=0-" is all of it,
 * and ignored (RFC 9110, 14.2): players begin with that, and take the end of a
 * part for the end of the file. "bytes=-N" is what is there now. An A after the
 * next byte can't be satisfied. A malformed field, another unit, and several
 * ranges are ignored.
 */
enum follow_range_result follow_range_parse(
    const char *field, uint64_t size, struct follow_range *ret);

/*
 * The same for a HEAD, which asks what is there now (RFC 8673, 2.1): "bytes=A-"
 * is just that.
 */
enum follow_range_result follow_range_parse_head(
    const char *field, uint64_t size, struct follow_range *ret);

/*
 * The same for a file that is finished, and has `size` bytes: never LIVE. A
 * last position past its end is its end (RFC 9110, 14.1.2).
 */
enum follow_range_result follow_range_parse_finished(
    const char *field, uint64_t size, struct follow_range *ret);

/*
 * Writes the value of Content-Range, "bytes A-B/" and an asterisk: the complete
 * length is not known.
 */
void follow_range_format(
    const struct follow_range *range, char ret[FOLLOW_RANGE_TEXT_MAX]);

#endif
