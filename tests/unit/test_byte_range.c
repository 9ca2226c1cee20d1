/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/policy/byte_range. */
#include "config.h"

#include "fcgi_app/policy/byte_range.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "tests/unit/unit.h"

#define IGNORED BYTE_RANGE_IGNORED
#define SATISFIABLE BYTE_RANGE_SATISFIABLE
#define UNSATISFIABLE BYTE_RANGE_UNSATISFIABLE

/* What a range holds before a call that must leave it alone. */
static const struct byte_range untouched = { 111, 222 };

struct range_case {
	const char *field;
	uint64_t size;
	enum byte_range_result result;
	uint64_t first;
	uint64_t length;
};

static void check_cases(const struct range_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct range_case *c = &cases[i];
		struct byte_range range = untouched;
		struct byte_range expected = untouched;
		enum byte_range_result result;

		if (c->result == SATISFIABLE)
			expected = (struct byte_range){ c->first, c->length };
		result = byte_range_parse(c->field, c->size, &range);
		if (result != c->result || range.first != expected.first ||
		    range.length != expected.length)
			fail_msg("\"%s\" of %" PRIu64 ": %d, %" PRIu64
				 "+%" PRIu64,
			    c->field, c->size, (int)result, range.first,
			    range.length);
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
		{ "bytes=1-", 0, UNSATISFIABLE, 0, 0 },
		{ "bytes=-0", 0, UNSATISFIABLE, 0, 0 },
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
		{ "bytes=0-0,2-3", 1000, IGNORED, 0, 0 },
		{ "bytes=0-0, -1", 1000, IGNORED, 0, 0 },
		{ "bytes=5000-,6000-", 1000, IGNORED, 0, 0 },
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
		"bytes=1-,x", "bytes=\t1-2" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(fields); i++) {
		struct range_case c = { fields[i], 1000, IGNORED, 0, 0 };

		check_cases(&c, 1);
	}
}

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
		cmocka_unit_test(content_range),
		cmocka_unit_test(content_range_has_room),
	};

	return cmocka_run_group_tests_name("byte_range", tests, NULL, NULL);
}
