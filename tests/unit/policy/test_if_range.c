/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/policy/if_range. */
#include "config.h"

#include "fcgi_app/policy/if_range.h"

#include <stdint.h>

#include "tests/unit/support/unit.h"

/* Sun, 06 Nov 1994 08:49:37 GMT */
#define MODIFIED 784111777

static void check(
    const char *field, const struct if_range_validators *v, bool expected)
{
	if (if_range_holds(field, v) != expected)
		fail_msg("\"%s\" at %+lld s: %s", field ? field : "no field",
		    (long long)(v->now - v->last_modified),
		    expected ? "should hold" : "should not hold");
}

static void compares_tags_strongly(void **state)
{
	static const struct if_range_validators v = {
		.etag = "\"a-b\"", .last_modified = MODIFIED, .now = MODIFIED
	};
	static const struct {
		const char *field;
		bool holds;
	} cases[] = {
		{ NULL, true },
		{ "\"a-b\"", true },
		{ "\"a-b\"\t", true }, /* nginx */
		{ "\"a-c\"", false },
		{ "\"a-b", false },
		{ "a-b", false },
		{ "W/\"a-b\"", false },
		{ "w/\"a-b\"", false },
		{ "\"a-b\", \"c\"", false },
		{ "*", false },
		{ "", false },
		{ "\"", false },
		{ "W/", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
		check(cases[i].field, &v, cases[i].holds);
}

static void no_tag_matches_none(void **state)
{
	static const struct if_range_validators v = {
		.etag = NULL, .last_modified = MODIFIED, .now = MODIFIED
	};

	(void)state;
	check("\"a-b\"", &v, false);
	check("\"\"", &v, false);
	check(NULL, &v, true);
}

static void a_weak_tag_of_ours_never_matches(void **state)
{
	static const struct if_range_validators v = {
		.etag = "W/\"a\"", .last_modified = MODIFIED, .now = MODIFIED
	};

	(void)state;
	check("W/\"a\"", &v, false);
	check("\"a\"", &v, false);
}

static void dates_match_exactly(void **state)
{
	static const struct if_range_validators v = { .etag = "\"a\"",
		.last_modified = MODIFIED,
		.now = MODIFIED + 86400 };
	static const struct {
		const char *field;
		bool holds;
	} cases[] = {
		{ "Sun, 06 Nov 1994 08:49:37 GMT", true },
		{ "Sun, 06 Nov 1994 08:49:37 GMT\t", true },
		{ "Sunday, 06-Nov-94 08:49:37 GMT", true },
		{ "Sun Nov  6 08:49:37 1994", true },
		{ "Sun, 06 Nov 1994 08:49:36 GMT", false },
		{ "Sun, 06 Nov 1994 08:49:38 GMT", false },
		{ "Sun, 06 Nov 2094 08:49:37 GMT", false },
		{ "Sun, 06 Nov 1994", false },
		{ "784111777", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
		check(cases[i].field, &v, cases[i].holds);
}

static void young_dates_are_weak(void **state)
{
	static const struct {
		int64_t now;
		bool holds;
	} cases[] = {
		{ MODIFIED + IF_RANGE_DATE_AGE, true },
		{ MODIFIED + IF_RANGE_DATE_AGE - 1, false },
		{ MODIFIED, false },
		{ MODIFIED - 1, false },
		{ INT64_MAX, true },
		{ INT64_MIN, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct if_range_validators v = { .etag = "\"a\"",
			.last_modified = MODIFIED,
			.now = (time_t)cases[i].now };

		check("Sun, 06 Nov 1994 08:49:37 GMT", &v, cases[i].holds);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(compares_tags_strongly),
		cmocka_unit_test(no_tag_matches_none),
		cmocka_unit_test(a_weak_tag_of_ours_never_matches),
		cmocka_unit_test(dates_match_exactly),
		cmocka_unit_test(young_dates_are_weak),
	};

	return cmocka_run_group_tests_name("if_range", tests, NULL, NULL);
}
