/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/policy/etag. */
#include "config.h"

#include "fcgi_app/policy/etag.h"

#include <string.h>

#include "tests/unit/support/unit.h"

static const struct etag_input sample = {
	.inode = 0x2a,
	.size = 4096,
	.mtime = { .tv_sec = 1, .tv_nsec = 5 },
	.ctime = { .tv_sec = 2, .tv_nsec = 7 },
};

static void writes_a_strong_quoted_tag(void **state)
{
	char tag[ETAG_MAX];

	(void)state;
	etag_format(&sample, tag);
	assert_string_equal(tag, "\"3b9aca05-77359407-1000-2a\"");
}

static void fits_the_largest_values(void **state)
{
	static const struct etag_input largest = {
		.inode = UINT64_MAX,
		.size = UINT64_MAX,
		.mtime = { .tv_sec = -1, .tv_nsec = 999999999 },
		.ctime = { .tv_sec = -1, .tv_nsec = 999999999 },
	};
	char tag[ETAG_MAX];

	(void)state;
	etag_format(&largest, tag);
	assert_string_equal(tag,
	    "\"ffffffffffffffff-ffffffffffffffff-"
	    "ffffffffffffffff-ffffffffffffffff\"");
	assert_int_equal(strlen(tag), ETAG_MAX - 1);
}

static void each_part_changes_the_tag(void **state)
{
	struct etag_input changed[] = { sample, sample, sample, sample, sample,
		sample };
	char before[ETAG_MAX];
	char after[ETAG_MAX];

	(void)state;
	changed[0].inode++;
	changed[1].size++;
	changed[2].mtime.tv_sec++;
	changed[3].mtime.tv_nsec++;
	changed[4].ctime.tv_sec++;
	changed[5].ctime.tv_nsec++;
	etag_format(&sample, before);
	for (size_t i = 0; i < ARRAY_LENGTH(changed); i++) {
		etag_format(&changed[i], after);
		assert_string_not_equal(before, after);
	}
}

static void compares_strongly(void **state)
{
	static const struct {
		const char *a;
		const char *b;
		bool equal;
	} cases[] = {
		/* The table of RFC 9110, 8.8.3.2 */
		{ "W/\"1\"", "W/\"1\"", false },
		{ "W/\"1\"", "W/\"2\"", false },
		{ "W/\"1\"", "\"1\"", false },
		{ "\"1\"", "\"1\"", true },
		{ "\"\"", "\"\"", true },
		{ "\"1\"", "\"2\"", false },
		{ "\"1\"", "\"12\"", false },
		{ "\"12\"", "\"1\"", false },
		{ "\"a\"", "\"A\"", false },
		{ "\"1\"\t", "\"1\"", true }, /* nginx */
		{ "\"1\"", "\"1\" \t ", true },
		{ " \"1\"", "\"1\"", false },
		{ "\"\xc3\xa9!~\"", "\"\xc3\xa9!~\"", true },
		{ NULL, "\"1\"", false },
		{ "\"1\"", NULL, false },
		{ NULL, NULL, false },
		/* Malformed tags are not even equal to themselves. */
		{ "", "", false },
		{ "1", "1", false },
		{ "\"", "\"", false },
		{ "\"1", "\"1", false },
		{ "1\"", "1\"", false },
		{ "\"1\"x", "\"1\"x", false },
		{ "\"1\", \"2\"", "\"1\", \"2\"", false },
		{ "\"1 2\"", "\"1 2\"", false },
		{ "\"1\x7f\"", "\"1\x7f\"", false },
		{ "*", "*", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		bool equal = etag_strong_equal(cases[i].a, cases[i].b);

		if (equal != cases[i].equal)
			fail_msg("%s and %s: %d", cases[i].a, cases[i].b,
			    (int)equal);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_a_strong_quoted_tag),
		cmocka_unit_test(fits_the_largest_values),
		cmocka_unit_test(each_part_changes_the_tag),
		cmocka_unit_test(compares_strongly),
	};

	return cmocka_run_group_tests_name("etag", tests, NULL, NULL);
}
