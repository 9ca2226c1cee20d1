/* SPDX-License-Identifier: MIT */
/*
 * Parsing of the Range field, in two steps: the syntax first (struct spec), so
 * that a malformed field is ignored whatever the file's size, and only then
 * what the one range means for this file.
 *
 * Positions above UINT64_MAX are legal (RFC 9110, 14.1.2 warns of them) and
 * stand for "beyond any file": they saturate.
 */
#include "config.h"

#include "fcgi_app/policy/byte_range.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/parse_number.h"

/* One range-spec as it was written (RFC 9110, 14.1.1). */
struct spec {
	bool is_suffix;
	uint64_t first; /* of an int-range */
	uint64_t last;  /* of an int-range; UINT64_MAX if it is open */
	uint64_t suffix_length;
};

static const char *skip_blanks(const char *p)
{
	return p + strspn(p, " \t");
}

/* Read a position at *cursor; false if there is none. */
static bool take_position(const char **cursor, uint64_t *ret_value)
{
	uint64_t value = UINT64_MAX;

	if (parse_digits(cursor, &value) == -EINVAL)
		return false;
	*ret_value = value;
	return true;
}

/* suffix-range = "-" suffix-length (RFC 9110, 14.1.1) */
static bool take_suffix_range(const char **cursor, struct spec *spec)
{
	if (**cursor != '-')
		return false;
	(*cursor)++;
	spec->is_suffix = true;
	return take_position(cursor, &spec->suffix_length);
}

/* int-range = first-pos "-" [ last-pos ] (RFC 9110, 14.1.1) */
static bool take_int_range(const char **cursor, struct spec *spec)
{
	spec->is_suffix = false;
	spec->last = UINT64_MAX;
	if (!take_position(cursor, &spec->first) || **cursor != '-')
		return false;
	(*cursor)++;
	if (!take_position(cursor, &spec->last))
		return true;
	/* "An int-range is invalid if the last-pos is less" (14.1.1). */
	return spec->first <= spec->last;
}

/*
 * range-set = 1#range-spec. A recipient puts up with empty list elements and
 * with blanks around the commas (RFC 9110, 5.6.1.2), though not before the
 * first element. True if the set has exactly one range.
 */
static bool parse_range_set(const char *p, struct spec *spec)
{
	unsigned count = 0;

	for (;;) {
		if (*p != ',' && *p != '\0') {
			count++;
			if (!take_suffix_range(&p, spec) &&
			    !take_int_range(&p, spec))
				return false;
		}
		p = skip_blanks(p);
		if (*p == '\0')
			return count == 1;
		if (*p != ',')
			return false;
		p = skip_blanks(p + 1);
	}
}

/* RFC 9110, 14.1.2: the last suffix_length bytes. */
static enum byte_range_result apply_suffix(
    const struct spec *spec, uint64_t size, struct byte_range *ret_range)
{
	uint64_t length = spec->suffix_length;

	if (length == 0)
		return BYTE_RANGE_UNSATISFIABLE;
	/*
	 * The last n bytes of an empty file are satisfiable, as all of it,
	 * but no Content-Range can name a range of no bytes. The same answer
	 * without one is 200.
	 */
	if (size == 0)
		return BYTE_RANGE_IGNORED;
	/* "the entire representation is used" if it is shorter (14.1.2). */
	if (length > size)
		length = size;
	*ret_range = (struct byte_range){ size - length, length };
	return BYTE_RANGE_SATISFIABLE;
}

/* RFC 9110, 14.1.2: the bytes from first to last, both included. */
static enum byte_range_result apply_int(
    const struct spec *spec, uint64_t size, struct byte_range *ret_range)
{
	uint64_t last = spec->last;

	/*
	 * A range from the start of an empty file is how a cache asks for the
	 * first slice of something it has not seen yet: it gets all of it,
	 * which is nothing, rather than the 416 that it would have to cache.
	 * A server may ignore Range (14.2).
	 */
	if (size == 0 && spec->first == 0)
		return BYTE_RANGE_IGNORED;
	if (spec->first >= size)
		return BYTE_RANGE_UNSATISFIABLE;
	/* A last-pos beyond the end means the last byte (14.1.2). */
	if (last > size - 1)
		last = size - 1;
	*ret_range = (struct byte_range){ spec->first, last - spec->first + 1 };
	return BYTE_RANGE_SATISFIABLE;
}

enum byte_range_result byte_range_parse(
    const char *field, uint64_t size, struct byte_range *ret_range)
{
	static const char unit[] = "bytes=";
	struct spec spec = { 0 };

	/* Range units are case-insensitive (RFC 9110, 14.1). */
	if (!field || strncasecmp(field, unit, strlen(unit)) != 0)
		return BYTE_RANGE_IGNORED;
	if (!parse_range_set(field + strlen(unit), &spec))
		return BYTE_RANGE_IGNORED;
	if (spec.is_suffix)
		return apply_suffix(&spec, size, ret_range);
	return apply_int(&spec, size, ret_range);
}

int byte_range_format_content_range(
    char *buf, size_t n, const struct byte_range *range, uint64_t size)
{
	char text[BYTE_RANGE_CONTENT_RANGE_MAX];
	int length;

	/* unsatisfied-range = "*" "/" complete-length (RFC 9110, 14.4) */
	if (!range)
		length = snprintf(text, sizeof(text), "bytes */%" PRIu64, size);
	else
		length = snprintf(text, sizeof(text),
		    "bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64, range->first,
		    range->first + (range->length - 1), size);
	if (length < 0 || (size_t)length >= n)
		return -ENOSPC;
	memcpy(buf, text, (size_t)length + 1);
	return 0;
}
