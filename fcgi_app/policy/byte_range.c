/* SPDX-License-Identifier: MIT */
/*
 * Parsing of the Range field, one range after another and each in three steps:
 * its syntax (struct spec), what it means for a file of this size, and where
 * it goes in the set. Whatever makes the field ignored does so at once; that a
 * range is unsatisfiable counts only if the rest is well-formed.
 *
 * The set is kept coalesced all the time, so a range costs no more than a look
 * at each of its parts, however many ranges a field has.
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

#include "common/min.h"
#include "common/parse_number.h"

/* One range-spec as it was written (RFC 9110, 14.1.1). */
struct spec {
	bool is_suffix;
	uint64_t first; /* of an int-range */
	uint64_t last;  /* of an int-range; UINT64_MAX if it is open */
	uint64_t suffix_length;
};

/* The ranges read so far. */
struct collection {
	uint64_t size;  /* of the file */
	uint64_t asked; /* bytes asked for, never more than size */
	struct byte_range_set set;
};

static const char *skip_blanks(const char *p)
{
	while (*p == ' ' || *p == '\t')
		p++;
	return p;
}

/* Reads a position at *cursor. Returns false if no digit is there. */
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
	length = u64_min(length, size);
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
	last = u64_min(last, size - 1);
	*ret_range = (struct byte_range){ spec->first, last - spec->first + 1 };
	return BYTE_RANGE_SATISFIABLE;
}

/* Never wraps: no range ends beyond its file. */
static uint64_t end_of(const struct byte_range *range)
{
	return range->first + range->length;
}

/* Returns whether two ranges overlap, or one begins where the other ends. */
static bool touch(const struct byte_range *a, const struct byte_range *b)
{
	return a->first <= end_of(b) && b->first <= end_of(a);
}

/* Makes *range the two of them, which touch. */
static void widen(struct byte_range *range, const struct byte_range *by)
{
	uint64_t end = end_of(range) > end_of(by) ? end_of(range) : end_of(by);

	if (by->first < range->first)
		range->first = by->first;
	range->length = end - range->first;
}

/*
 * Coalesces *range with all parts that it touches, in the place of the first
 * of them, or adds it as the last part. Returns false if there is no room.
 * The parts do not touch each other before, so one pass is enough: what the
 * union touches, *range touches.
 */
static bool add(struct byte_range_set *set, const struct byte_range *range)
{
	struct byte_range *home = NULL;
	size_t kept = 0;

	for (size_t i = 0; i < set->count; i++) {
		struct byte_range part = set->parts[i];

		if (home && touch(&part, range)) {
			widen(home, &part);
			continue;
		}
		set->parts[kept] = part;
		if (touch(&part, range)) {
			home = &set->parts[kept];
			widen(home, range);
		}
		kept++;
	}
	set->count = kept;
	if (home)
		return true;
	if (set->count == BYTE_RANGE_PARTS_MAX)
		return false;
	set->parts[set->count++] = *range;
	return true;
}

/* Takes in one range. Returns false if it makes the field one to ignore. */
static bool collect(struct collection *c, const struct spec *spec)
{
	struct byte_range range;
	enum byte_range_result result = spec->is_suffix
	    ? apply_suffix(spec, c->size, &range)
	    : apply_int(spec, c->size, &range);

	switch (result) {
	case BYTE_RANGE_IGNORED:
		return false;
	case BYTE_RANGE_UNSATISFIABLE:
		return true;
	case BYTE_RANGE_SATISFIABLE:
		break;
	}
	if (range.length > c->size - c->asked)
		return false;
	c->asked += range.length;
	return add(&c->set, &range);
}

/*
 * range-set = 1#range-spec. A recipient puts up with empty list elements and
 * with blanks around the commas (RFC 9110, 5.6.1.2), though not before the
 * first element. Returns false if the field is to be ignored.
 */
static bool collect_range_set(const char *p, struct collection *c)
{
	struct spec spec;
	bool any = false;

	for (;;) {
		if (*p != ',' && *p != '\0') {
			any = true;
			/* range-spec = int-range / suffix-range (14.1.1) */
			if (!take_suffix_range(&p, &spec) &&
			    !take_int_range(&p, &spec))
				return false;
			if (!collect(c, &spec))
				return false;
		}
		p = skip_blanks(p);
		if (*p == '\0')
			return any;
		if (*p != ',')
			return false;
		p = skip_blanks(p + 1);
	}
}

enum byte_range_result byte_range_parse(
    const char *field, uint64_t size, struct byte_range_set *ret_set)
{
	static const char unit[] = "bytes=";
	struct collection c = { .size = size };

	/* Range units are case-insensitive (RFC 9110, 14.1). */
	if (!field || strncasecmp(field, unit, strlen(unit)) != 0)
		return BYTE_RANGE_IGNORED;
	if (!collect_range_set(field + strlen(unit), &c))
		return BYTE_RANGE_IGNORED;
	/* 15.5.17: 416 only if not one of the ranges is satisfiable. */
	if (c.set.count == 0)
		return BYTE_RANGE_UNSATISFIABLE;
	*ret_set = c.set;
	return BYTE_RANGE_SATISFIABLE;
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
