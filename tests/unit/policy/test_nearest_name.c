/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/policy/nearest_name. */
#include "config.h"
#include "fcgi_app/policy/nearest_name.h"

#include <stdbool.h>
#include <string.h>

#include "tests/unit/support/unit.h"

static const char *nearest(const char *text, const char *const *names)
{
	struct nearest_name search;

	nearest_name_init(&search, text, strlen(text));
	for (; *names; names++)
		nearest_name_offer(&search, *names);
	return search.name;
}

static void finds_what_was_meant(void **state)
{
	static const char *const names[] = { "RATE", "ROTATE", "LIST",
		"LIST_ARCHIVE", "DISPOSITION", "CORS", NULL };
	static const struct {
		const char *text;
		const char *name;
	} cases[] = {
		{ "RATE", "RATE" },
		{ "RAET", "RATE" },  /* swapped */
		{ "RTE", "RATE" },   /* left out */
		{ "RRATE", "RATE" }, /* added */
		{ "LISTING", NULL },
		{ "DISPSITON", "DISPOSITION" }, /* two */
		{ "CROS", "CORS" },
		{ "LIST_ARCHIV", "LIST_ARCHIVE" },
		{ "LISTARCHIVES", "LIST_ARCHIVE" },
		{ "DISPOTISION", "DISPOSITION" },
		{ "rate", NULL },
		{ "BANDWIDTH", NULL },
		{ "X", NULL },
		{ "", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		const char *found = nearest(cases[i].text, names);

		if (!cases[i].name)
			assert_null(found);
		else
			assert_string_equal(found, cases[i].name);
	}
}

static void allows_so_many_changes(void **state)
{
	static const struct {
		const char *text;
		const char *name;
		bool is_near;
	} cases[] = {
		{ "a", "b", true },
		{ "a", "bc", false },
		{ "abcde", "abxde", true },
		{ "abcde", "axxde", false },
		{ "abcdef", "xbxdef", true },
		{ "abcdef", "xbxdxf", false },
		{ "abcdefghi", "xbxdxfghi", true },
		{ "abcdefghi", "xbxdxfxhi", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		const char *const names[] = { cases[i].name, NULL };

		assert_int_equal(
		    nearest(cases[i].text, names) != NULL, cases[i].is_near);
	}
}

static void takes_the_first_of_equals(void **state)
{
	static const char *const names[] = { "abx", "aby", "abcd", NULL };

	(void)state;
	assert_string_equal(nearest("abc", names), "abx");
}

static void knows_no_long_names(void **state)
{
	char text[NEAREST_NAME_MAX + 2];
	const char *const names[] = { text, NULL };

	(void)state;
	memset(text, 'x', sizeof(text));
	text[NEAREST_NAME_MAX] = '\0';
	assert_string_equal(nearest(text, names), text);
	text[NEAREST_NAME_MAX] = 'x';
	text[NEAREST_NAME_MAX + 1] = '\0';
	assert_null(nearest(text, names));
	/* A known name that is too long is none, whatever was sent. */
	assert_null(nearest(text + 1, names));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_what_was_meant),
		cmocka_unit_test(allows_so_many_changes),
		cmocka_unit_test(takes_the_first_of_equals),
		cmocka_unit_test(knows_no_long_names),
	};

	return cmocka_run_group_tests_name("nearest_name", tests, NULL, NULL);
}
