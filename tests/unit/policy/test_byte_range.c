/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/policy/byte_range. */
#include "config.h"

#include "fcgi_app/policy/byte_range.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/support/unit.h"

#define IGNORED BYTE_RANGE_IGNORED
#define SATISFIABLE BYTE_RANGE_SATISFIABLE
#define UNSATISFIABLE BYTE_RANGE_UNSATISFIABLE

/* What a set holds before a call that must leave it alone. */
#define UNTOUCHED 0xa5

struct range_case {
	const char *field;
	uint64_t size;
	enum byte_range_result result;
	uint64_t first;
	uint64_t length;
};

static enum byte_range_result parse(
    const char *field, uint64_t size, struct byte_range_set *ret_set)
{
	struct byte_range_set before;
	enum byte_range_result result;

	memset(&before, UNTOUCHED, sizeof(before));
	memcpy(ret_set, &before, sizeof(before));
	result = byte_range_parse(field, size, ret_set);
	if (result != SATISFIABLE)
		assert_memory_equal(ret_set, &before, sizeof(before));
	return result;
}

/* Fields that ask for one part, or none. */
static void check_cases(const struct range_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct range_case *c = &cases[i];
		struct byte_range_set set;
		enum byte_range_result result = parse(c->field, c->size, &set);

		if (result != c->result)
			fail_msg("\"%s\" of %" PRIu64 ": %d", c->field, c->size,
			    (int)result);
		if (result != SATISFIABLE)
			continue;
		if (set.count != 1 || set.parts[0].first != c->first ||
		    set.parts[0].length != c->length)
			fail_msg("\"%s\" of %" PRIu64 ": %zu parts, %" PRIu64
				 "+%" PRIu64,
			    c->field, c->size, set.count, set.parts[0].first,
			    set.parts[0].length);
	}
}

static void int_ranges(void **state)
{
	static const struct range_case cases[] = {
		{ "bytes=0-0", 1000, SATISFIABLE, 0, 1 },
		{ "bytes=0-499", 1000, SATISFIABLE, 0, 500 },
		{ "bytes=500-999", 1000, SATISFIABLE, 500, 500 },
		{ "bytes=999-999", 1000, SATISFIABLE, 999, 1 },
		{ "bytes=500-", 1000, SATISFIABLE, 500, 500 },
		{ "bytes=0-", 1000, SATISFIABLE, 0, 1000 },
		{ "bytes=0-", 1, SATISFIABLE, 0, 1 },
		{ "bytes=007-0008", 1000, SATISFIABLE, 7, 2 },
		{ "bytes=500-1000", 1000, SATISFIABLE, 500, 500 },
		{ "bytes=999-", 1000, SATISFIABLE, 999, 1 },
		{ "bytes=1000-", 1000, UNSATISFIABLE, 0, 0 },
		{ "bytes=1000-1000", 1000, UNSATISFIABLE, 0, 0 },
		{ "bytes=1-0", 1000, IGNORED, 0, 0 },
		{ "bytes=2000-1999", 1000, IGNORED, 0, 0 },
	};

	(void)state;
	check_cases(cases, ARRAY_LENGTH(cases));
}

static void suffix_ranges(void **state)
{
	static const struct range_case cases[] = {
		{ "bytes=-1", 1000, SATISFIABLE, 999, 1 },
		{ "bytes=-999", 1000, SATISFIABLE, 1, 999 },
		{ "bytes=-1000", 1000, SATISFIABLE, 0, 1000 },
		{ "bytes=-1001", 1000, SATISFIABLE, 0, 1000 },
		{ "bytes=-0", 1000, UNSATISFIABLE, 0, 0 },
		{ "bytes=-000", 1000, UNSATISFIABLE, 0, 0 },
	};

	(void)state;
	check_cases(cases, ARRAY_LENGTH(cases));
}

static void empty_file(void **state)
{
	static const struct range_case cases[] = {
		{ "bytes=0-", 0, IGNORED, 0, 0 },
		{ "bytes=0-1048575", 0, IGNORED, 0, 0 },
		{ "bytes=-5", 0, IGNORED, 0, 0 },
		{ "bytes=1-,0-", 0, IGNORED, 0, 0 },
		{ "bytes=-5,-0", 0, IGNORED, 0, 0 },
		{ "bytes=1-", 0, UNSATISFIABLE, 0, 0 },
		{ "bytes=-0", 0, UNSATISFIABLE, 0, 0 },
		{ "bytes=1-,-0", 0, UNSATISFIABLE, 0, 0 },
	};

	(void)state;
	check_cases(cases, ARRAY_LENGTH(cases));
}

static void large_numbers_saturate(void **state)
{
	static const struct range_case cases[] = {
		{ "bytes=1-9223372036854775807", 1000, SATISFIABLE, 1, 999 },
		{ "bytes=1-9223372036854775808", 1000, SATISFIABLE, 1, 999 },
		{ "bytes=1-18446744073709551615", 1000, SATISFIABLE, 1, 999 },
		{ "bytes=1-18446744073709551616", 1000, SATISFIABLE, 1, 999 },
		{ "bytes=1-36893488147419103232", 1000, SATISFIABLE, 1, 999 },
		{ "bytes=18446744073709551616-", 1000, UNSATISFIABLE, 0, 0 },
		{ "bytes=36893488147419103233-", 1000, UNSATISFIABLE, 0, 0 },
		{ "bytes=18446744073709551616-99999999999999999999", 1000,
		    UNSATISFIABLE, 0, 0 },
		{ "bytes=18446744073709551616-5", 1000, IGNORED, 0, 0 },
		{ "bytes=-18446744073709551616", 1000, SATISFIABLE, 0, 1000 },
		{ "bytes=-36893488147419103232", 1000, SATISFIABLE, 0, 1000 },
		{ "bytes=0-", UINT64_MAX, SATISFIABLE, 0, UINT64_MAX },
		{ "bytes=-1", UINT64_MAX, SATISFIABLE, UINT64_MAX - 1, 1 },
		{ "bytes=18446744073709551614-", UINT64_MAX, SATISFIABLE,
		    UINT64_MAX - 1, 1 },
		{ "bytes=18446744073709551615-", UINT64_MAX, UNSATISFIABLE, 0,
		    0 },
	};

	(void)state;
	check_cases(cases, ARRAY_LENGTH(cases));
}

static void units_and_lists(void **state)
{
	static const struct range_case cases[] = {
		{ "BYTES=1-2", 1000, SATISFIABLE, 1, 2 },
		{ "Bytes=1-2", 1000, SATISFIABLE, 1, 2 },
		{ "bytes=,1-2", 1000, SATISFIABLE, 1, 2 },
		{ "bytes=, 1-2", 1000, SATISFIABLE, 1, 2 },
		{ "bytes=,\t, ,1-2 , ,", 1000, SATISFIABLE, 1, 2 },
		{ "bytes=1-2 ", 1000, SATISFIABLE, 1, 2 },
		{ "bytes=1-2\t", 1000, SATISFIABLE, 1, 2 }, /* nginx */
		{ "bytes=1-,", 1000, SATISFIABLE, 1, 999 },
		{ "bytes=-1\t", 1000, SATISFIABLE, 999, 1 },
	};

	(void)state;
	check_cases(cases, ARRAY_LENGTH(cases));
}

static void malformed_fields(void **state)
{
	static const char *const fields[] = { NULL, "", "bytes",
		"bytes=", "bytes= ", "bytes=,", "bytes=, ,", "bytes=-",
		"bytes=--1", "bytes=1", "bytes=1--2", "bytes=1-2-3",
		"bytes=a-b", "bytes=1-b", "bytes=1-2x", "bytes=1 -2",
		"bytes=1- 2", "bytes=- 1", "bytes= 1-2", "bytes =1-2",
		" bytes=1-2", "bytes:1-2", "bytes=+1-2", "bytes=0x1-2",
		"bytes=1-2;3", "bytes=1-2 3-4", "byte=1-2", "bytesx=1-2",
		"items=1-2", "lines=1-2", "bytes=1-2\n", "bytes=1-2\r\n",
		"bytes=1-,x", "bytes=\t1-2", "bytes=1-2,3-4,5", "bytes=1-2,4-3",
		"bytes=5000-,x", "bytes=-0,-", "bytes=5000-,6000-5999",
		"bytes=1-2,bytes=3-4" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(fields); i++) {
		struct range_case c = { fields[i], 1000, IGNORED, 0, 0 };

		check_cases(&c, 1);
	}
}

/* --- several ranges ------------------------------------------------------- */

struct set_case {
	const char *field;
	uint64_t size;
	/* "FIRST-LAST" of each part, blanks between them. */
	const char *parts;
};

static void format_set(const struct byte_range_set *set, char *buf, size_t n)
{
	size_t used = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < set->count && used < n; i++) {
		const struct byte_range *part = &set->parts[i];

		used += (size_t)snprintf(buf + used, n - used,
		    "%s%" PRIu64 "-%" PRIu64, i > 0 ? " " : "", part->first,
		    part->first + (part->length - 1));
	}
	assert_true(used < n);
}

static void check_sets(const struct set_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct set_case *c = &cases[i];
		struct byte_range_set set;
		char parts[512];

		if (parse(c->field, c->size, &set) != SATISFIABLE)
			fail_msg("\"%s\" is not satisfiable", c->field);
		format_set(&set, parts, sizeof(parts));
		if (strcmp(parts, c->parts) != 0)
			fail_msg("\"%s\" of %" PRIu64 ": %s", c->field, c->size,
			    parts);
	}
}

static void several_ranges(void **state)
{
	static const struct set_case cases[] = {
		{ "bytes=0-0,2-3", 1000, "0-0 2-3" },
		{ "bytes=0-0, -1", 1000, "0-0 999-999" },
		{ "bytes=500-600,601-999", 1000, "500-999" },
		{ "bytes=500-700,601-999", 1000, "500-999" },
		/* The order is the client's. */
		{ "bytes=-1,0-0", 1000, "999-999 0-0" },
		{ "bytes=900-,0-9,500-509", 1000, "900-999 0-9 500-509" },
		{ "bytes=, 0-0 ,\t, 5-5,", 1000, "0-0 5-5" },
		/* Cut at the end, and left out past it. */
		{ "bytes=0-0,990-2000", 1000, "0-0 990-999" },
		{ "bytes=2000-,0-0,1000-,5-5,-0", 1000, "0-0 5-5" },
		{ "bytes=2000-,7-8", 1000, "7-8" },
		{ "bytes=0-1,99999999999999999999-", 1000, "0-1" },
	};

	(void)state;
	check_sets(cases, ARRAY_LENGTH(cases));
}

static void coalesces(void **state)
{
	static const struct set_case cases[] = {
		/* The same, within, around */
		{ "bytes=5-9,5-9", 1000, "5-9" },
		{ "bytes=5-9,6-8", 1000, "5-9" },
		{ "bytes=6-8,5-9", 1000, "5-9" },
		/* Overlap at either side */
		{ "bytes=5-9,9-12", 1000, "5-12" },
		{ "bytes=5-9,1-5", 1000, "1-9" },
		/* Adjacent at either side, and a gap of one byte */
		{ "bytes=5-9,10-12", 1000, "5-12" },
		{ "bytes=5-9,11-12", 1000, "5-9 11-12" },
		{ "bytes=5-9,1-4", 1000, "1-9" },
		{ "bytes=5-9,1-3", 1000, "5-9 1-3" },
		/* In the place of the first */
		{ "bytes=50-59,5-9,90-91,58-62", 1000, "50-62 5-9 90-91" },
		{ "bytes=50-59,5-9,90-91,10-12", 1000, "50-59 5-12 90-91" },
		/* One that bridges two, or all */
		{ "bytes=5-9,20-29,10-19", 1000, "5-29" },
		{ "bytes=20-29,5-9,10-19", 1000, "5-29" },
		{ "bytes=5-9,100-101,20-29,8-21", 1000, "5-29 100-101" },
		{ "bytes=9-9,90-99,20-29,85-89,30-84", 1000, "9-9 20-99" },
		{ "bytes=1-1,3-3,5-5,7-7,9-9,0-10", 1000, "0-10" },
		{ "bytes=1-1,3-3,50-50,5-5,2-4", 1000, "1-5 50-50" },
		/* The whole in pieces */
		{ "bytes=0-499,500-", 1000, "0-999" },
		{ "bytes=-500,0-499", 1000, "0-999" },
		{ "bytes=-1,0-18446744073709551613", UINT64_MAX,
		    "0-18446744073709551614" },
	};

	(void)state;
	check_sets(cases, ARRAY_LENGTH(cases));
}

static void asks_for_no_more_than_the_file(void **state)
{
	static const struct range_case cases[] = {
		{ "bytes=0-499,500-999", 1000, SATISFIABLE, 0, 1000 },
		{ "bytes=0-499,499-998", 1000, SATISFIABLE, 0, 999 },
		{ "bytes=0-499,499-999", 1000, IGNORED, 0, 0 },
		{ "bytes=0-,0-0", 1000, IGNORED, 0, 0 },
		{ "bytes=-1,0-", 1000, IGNORED, 0, 0 },
		{ "bytes=0-0,-1", 1, IGNORED, 0, 0 },
		/* What is cut off and what is left out does not count. */
		{ "bytes=0-499,500-5000,1000-,-0", 1000, SATISFIABLE, 0, 1000 },
		/* No sum wraps. */
		{ "bytes=0-,0-", UINT64_MAX, IGNORED, 0, 0 },
		{ "bytes=1-,0-0", UINT64_MAX, SATISFIABLE, 0, UINT64_MAX },
		{ "bytes=0-9,2000-,5000-", 10, SATISFIABLE, 0, 10 },
		{ "bytes=5000-,6000-", 1000, UNSATISFIABLE, 0, 0 },
		{ "bytes=5000-,-0, ,1000-", 1000, UNSATISFIABLE, 0, 0 },
	};

	(void)state;
	check_cases(cases, ARRAY_LENGTH(cases));
}

/* "bytes=" and `count` single bytes, one at every other place; on the heap. */
static char *single_bytes(size_t count, const char *end)
{
	size_t room = 16 + count * 24 + strlen(end);
	char *field = malloc(room);
	size_t used;

	assert_non_null(field);
	used = (size_t)snprintf(field, room, "bytes=");
	for (size_t i = 0; i < count; i++)
		used += (size_t)snprintf(
		    field + used, room - used, "%zu-%zu,", 2 * i, 2 * i);
	snprintf(field + used, room - used, "%s", end);
	return field;
}

static void check_count(size_t singles, const char *end, size_t parts)
{
	char *field = single_bytes(singles, end);
	struct byte_range_set set;
	enum byte_range_result result = parse(field, 100000, &set);

	if (result != (parts ? SATISFIABLE : IGNORED) ||
	    (parts && set.count != parts))
		fail_msg("%zu and \"%s\": %d", singles, end, (int)result);
	free(field);
}

#define MAX BYTE_RANGE_PARTS_MAX

static void has_a_limit_of_parts(void **state)
{
	(void)state;
	check_count(MAX, "", MAX);
	check_count(MAX + 1, "", 0);
	/* What goes into the others, or is left out, is not one more. */
	check_count(MAX, "1-1", MAX - 1);
	check_count(MAX, "200000-,0-0,2-2", MAX);
	check_count(MAX, "1-1,90000-90000", MAX);
	check_count(MAX, "1-1,90000-90000,90002-90002", 0);
	check_count(MAX, "0-5000", 1);
	/* Too many for a while is too many. */
	check_count(MAX, "90000-90000,1-1", 0);
	/* Malformed all the same */
	check_count(MAX, "x", 0);
}

/* The longest field that fits a request: its work is bounded. */
static void long_fields(void **state)
{
	enum { SPECS = 16000 };
	struct byte_range_set set;
	char *field = malloc(16 + 4 * SPECS);

	(void)state;
	assert_non_null(field);
	strcpy(field, "bytes=");
	for (size_t i = 0; i < SPECS; i++)
		memcpy(field + 6 + 4 * i, "0-0,", 5);
	assert_int_equal(parse(field, SPECS, &set), SATISFIABLE);
	assert_int_equal(set.count, 1);
	assert_int_equal(parse(field, SPECS - 1, &set), IGNORED);
	for (size_t i = 0; i < SPECS; i++)
		field[6 + 4 * i] = '9';
	for (size_t i = 0; i < SPECS; i++)
		field[6 + 4 * i + 2] = '9';
	assert_int_equal(parse(field, 9, &set), UNSATISFIABLE);
	strcpy(field + 6 + 4 * (SPECS - 1), "9-8");
	assert_int_equal(parse(field, 9, &set), IGNORED);
	free(field);
}

/* --- Content-Range -------------------------------------------------------- */

static void content_range(void **state)
{
	static const struct byte_range part = { 500, 500 };
	static const struct byte_range single = { 0, 1 };
	static const struct byte_range huge = { 1, UINT64_MAX - 1 };
	static const struct {
		const struct byte_range *range;
		uint64_t size;
		const char *text;
	} cases[] = {
		{ &part, 1000, "bytes 500-999/1000" },
		{ &single, 1, "bytes 0-0/1" },
		{ &huge, UINT64_MAX,
		    "bytes 1-18446744073709551614/18446744073709551615" },
		{ NULL, 1000, "bytes */1000" },
		{ NULL, 0, "bytes */0" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		char buf[BYTE_RANGE_CONTENT_RANGE_MAX] = "before";
		size_t length = strlen(cases[i].text);

		/* One byte too small: nothing is written. */
		assert_int_equal(byte_range_format_content_range(buf, length,
				     cases[i].range, cases[i].size),
		    -ENOSPC);
		assert_string_equal(buf, "before");
		assert_int_equal(byte_range_format_content_range(buf,
				     length + 1, cases[i].range, cases[i].size),
		    0);
		assert_string_equal(buf, cases[i].text);
	}
}

/* The largest numbers, which no real range has together, fit the buffer. */
static void content_range_has_room(void **state)
{
	static const struct byte_range range = { UINT64_MAX, 1 };
	char buf[BYTE_RANGE_CONTENT_RANGE_MAX];

	(void)state;
	assert_int_equal(byte_range_format_content_range(
			     buf, sizeof(buf), &range, UINT64_MAX),
	    0);
	assert_string_equal(buf,
	    "bytes 18446744073709551615-"
	    "18446744073709551615/18446744073709551615");
	assert_int_equal(
	    byte_range_format_content_range(buf, 0, &range, 1), -ENOSPC);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(int_ranges),
		cmocka_unit_test(suffix_ranges),
		cmocka_unit_test(empty_file),
		cmocka_unit_test(large_numbers_saturate),
		cmocka_unit_test(units_and_lists),
		cmocka_unit_test(malformed_fields),
		cmocka_unit_test(several_ranges),
		cmocka_unit_test(coalesces),
		cmocka_unit_test(asks_for_no_more_than_the_file),
		cmocka_unit_test(has_a_limit_of_parts),
		cmocka_unit_test(long_fields),
		cmocka_unit_test(content_range),
		cmocka_unit_test(content_range_has_room),
	};

	return cmocka_run_group_tests_name("byte_range", tests, NULL, NULL);
}
