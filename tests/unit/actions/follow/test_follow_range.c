/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/actions/follow/follow_range, by RFC 8673. */
#include "config.h"

#include "fcgi_app/actions/follow/follow_range.h"

#include <string.h>

#include "tests/unit/support/unit.h"

struct row {
	const char *field;
	uint64_t size;
	enum follow_range_result expected;
	struct follow_range range;
};

typedef enum follow_range_result parse_fn(
    const char *field, uint64_t size, struct follow_range *ret);

static void check(const struct row *rows, size_t count, parse_fn *parse)
{
	for (size_t i = 0; i < count; i++) {
		struct follow_range range = { 0, 0 };

		if (parse(rows[i].field, rows[i].size, &range) !=
			rows[i].expected ||
		    range.first != rows[i].range.first ||
		    range.last != rows[i].range.last)
			fail_msg("row %zu: %s of %ju", i, rows[i].field,
			    (uintmax_t)rows[i].size);
	}
}

#define CHECK(rows) check(rows, ARRAY_LENGTH(rows), follow_range_parse)
#define OPEN_LAST FOLLOW_RANGE_OPEN_LAST

static void what_is_there(void **state)
{
	static const struct row rows[] = {
		{ "bytes=2-5", 10, FOLLOW_RANGE_PRESENT, { 2, 5 } },
		{ "BYTES= 2-9\t", 10, FOLLOW_RANGE_PRESENT, { 2, 9 } },
		{ "bytes=-3", 10, FOLLOW_RANGE_PRESENT, { 7, 9 } },
		{ "bytes=-99", 10, FOLLOW_RANGE_PRESENT, { 0, 9 } },
		{ "bytes=-99999999999999999999999", 10, FOLLOW_RANGE_PRESENT,
		    { 0, 9 } },
	};

	(void)state;
	CHECK(rows);
}

/* RFC 8673, 2.1: which bytes are there? */
static void what_a_head_asks(void **state)
{
	static const struct row rows[] = {
		{ "bytes=0-", 10, FOLLOW_RANGE_PRESENT, { 0, 9 } },
		{ "bytes=9-", 10, FOLLOW_RANGE_PRESENT, { 9, 9 } },
		{ "bytes=-3", 10, FOLLOW_RANGE_PRESENT, { 7, 9 } },
		{ "bytes=3-10", 10, FOLLOW_RANGE_LIVE, { 3, 10 } },
		{ "bytes=0-", 0, FOLLOW_RANGE_UNSATISFIABLE, { 0, 0 } },
		{ "bytes=10-", 10, FOLLOW_RANGE_UNSATISFIABLE, { 0, 0 } },
		{ "bytes=x", 10, FOLLOW_RANGE_IGNORED, { 0, 0 } },
	};

	(void)state;
	check(rows, ARRAY_LENGTH(rows), follow_range_parse_head);
}

static void all_of_it(void **state)
{
	static const struct row rows[] = {
		{ "bytes=0-", 10, FOLLOW_RANGE_IGNORED, { 0, 0 } },
		{ "bytes=000-\t", 10, FOLLOW_RANGE_IGNORED, { 0, 0 } },
		{ "bytes=0-", 0, FOLLOW_RANGE_IGNORED, { 0, 0 } },
	};

	(void)state;
	CHECK(rows);
}

static void what_is_to_come(void **state)
{
	static const struct row rows[] = {
		{ "bytes=0-9007199254740991", 10, FOLLOW_RANGE_LIVE,
		    { 0, 9007199254740991 } },
		{ "bytes=10-9223372036854775807", 10, FOLLOW_RANGE_LIVE,
		    { 10, FOLLOW_RANGE_LAST_MAX } },
		{ "bytes=3-18446744073709551615", 10, FOLLOW_RANGE_LIVE,
		    { 3, FOLLOW_RANGE_LAST_MAX } },
		{ "bytes=3-99999999999999999999999", 10, FOLLOW_RANGE_LIVE,
		    { 3, FOLLOW_RANGE_LAST_MAX } },
		{ "bytes=3-10", 10, FOLLOW_RANGE_LIVE, { 3, 10 } },
		{ "bytes=0-9", 0, FOLLOW_RANGE_LIVE, { 0, 9 } },
		/* A resume: what is left is what comes. */
		{ "bytes=1-", 10, FOLLOW_RANGE_LIVE, { 1, OPEN_LAST } },
		{ "bytes=10-", 10, FOLLOW_RANGE_LIVE, { 10, OPEN_LAST } },
		{ "bytes=9007199254740991-", OPEN_LAST, FOLLOW_RANGE_LIVE,
		    { OPEN_LAST, OPEN_LAST } },
		{ "bytes=5-", OPEN_LAST + 1, FOLLOW_RANGE_LIVE,
		    { 5, FOLLOW_RANGE_LAST_MAX } },
	};

	(void)state;
	CHECK(rows);
}

static void what_never_is(void **state)
{
	static const struct row rows[] = {
		{ "bytes=11-", 10, FOLLOW_RANGE_UNSATISFIABLE, { 0, 0 } },
		{ "bytes=11-99", 10, FOLLOW_RANGE_UNSATISFIABLE, { 0, 0 } },
		{ "bytes=1-", 0, FOLLOW_RANGE_UNSATISFIABLE, { 0, 0 } },
		{ "bytes=-0", 10, FOLLOW_RANGE_UNSATISFIABLE, { 0, 0 } },
		{ "bytes=-5", 0, FOLLOW_RANGE_UNSATISFIABLE, { 0, 0 } },
		{ "bytes=99999999999999999999999-", 10,
		    FOLLOW_RANGE_UNSATISFIABLE, { 0, 0 } },
		{ "bytes=18446744073709551615-18446744073709551615", UINT64_MAX,
		    FOLLOW_RANGE_UNSATISFIABLE, { 0, 0 } },
	};

	(void)state;
	CHECK(rows);
}

static void what_is_no_range(void **state)
{
	static const struct row rows[] = {
		{ NULL, 10, FOLLOW_RANGE_IGNORED, { 0, 0 } },
		{ "", 10, FOLLOW_RANGE_IGNORED, { 0, 0 } },
		{ "bytes=", 10, FOLLOW_RANGE_IGNORED, { 0, 0 } },
		{ "bytes=-", 10, FOLLOW_RANGE_IGNORED, { 0, 0 } },
		{ "bytes=5", 10, FOLLOW_RANGE_IGNORED, { 0, 0 } },
		{ "bytes=5-4", 10, FOLLOW_RANGE_IGNORED, { 0, 0 } },
		{ "bytes=1-2,4-5", 10, FOLLOW_RANGE_IGNORED, { 0, 0 } },
		{ "bytes=1-2x", 10, FOLLOW_RANGE_IGNORED, { 0, 0 } },
		{ "bytes=+1-2", 10, FOLLOW_RANGE_IGNORED, { 0, 0 } },
		{ "lines=1-2", 10, FOLLOW_RANGE_IGNORED, { 0, 0 } },
	};

	(void)state;
	CHECK(rows);
}

/* Its complete length is known. */
static void of_what_is_finished(void **state)
{
	static const struct row rows[] = {
		{ "bytes=4-", 10, FOLLOW_RANGE_PRESENT, { 4, 9 } },
		{ "bytes=2-5", 10, FOLLOW_RANGE_PRESENT, { 2, 5 } },
		{ "bytes=-3", 10, FOLLOW_RANGE_PRESENT, { 7, 9 } },
		{ "bytes=4-9007199254740991", 10, FOLLOW_RANGE_PRESENT,
		    { 4, 9 } },
		{ "bytes=10-9007199254740991", 10, FOLLOW_RANGE_UNSATISFIABLE,
		    { 0, 0 } },
		{ "bytes=0-", 0, FOLLOW_RANGE_IGNORED, { 0, 0 } },
		{ "bytes=1-2,5-6", 10, FOLLOW_RANGE_IGNORED, { 0, 0 } },
		{ "bytes=x", 10, FOLLOW_RANGE_IGNORED, { 0, 0 } },
		{ NULL, 10, FOLLOW_RANGE_IGNORED, { 0, 0 } },
	};

	(void)state;
	check(rows, ARRAY_LENGTH(rows), follow_range_parse_finished);
}

static void content_range(void **state)
{
	const struct follow_range largest = { FOLLOW_RANGE_LAST_MAX,
		FOLLOW_RANGE_LAST_MAX };
	const struct follow_range small = { 2, 9 };
	char text[FOLLOW_RANGE_TEXT_MAX];

	(void)state;
	follow_range_format(&small, text);
	assert_string_equal(text, "bytes 2-9/*");
	follow_range_format(&largest, text);
	assert_string_equal(
	    text, "bytes 9223372036854775807-9223372036854775807/*");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_there),
		cmocka_unit_test(what_a_head_asks),
		cmocka_unit_test(all_of_it),
		cmocka_unit_test(what_is_to_come),
		cmocka_unit_test(what_never_is),
		cmocka_unit_test(what_is_no_range),
		cmocka_unit_test(of_what_is_finished),
		cmocka_unit_test(content_range),
	};

	return cmocka_run_group_tests_name("follow_range", tests, NULL, NULL);
}
