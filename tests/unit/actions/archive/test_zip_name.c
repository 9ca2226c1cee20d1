/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/actions/archive/zip_name. */
#include "config.h"

#include "fcgi_app/actions/archive/zip_name.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/support/unit.h"

struct row {
	const char *name;
	const char *expected; /* NULL: the same */
};

static void check(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const char *expected = rows[i].expected;
		char found[ZIP_NAME_SIZE];
		size_t n = zip_name_format(rows[i].name, found);

		if (!expected)
			expected = rows[i].name;
		if (strcmp(found, expected) != 0)
			fail_msg("row %zu (%s): %s", i, rows[i].name, found);
		assert_int_equal(n, strlen(expected));
	}
}

#define CHECK(rows) check(rows, ARRAY_LENGTH(rows))

static void plain_names(void **state)
{
	static const struct row rows[] = {
		{ "a", NULL },
		{ "a/b/c.txt", NULL },
		{ ".hidden", NULL },
		{ "with blank", NULL },
		{ " leading", NULL },
		{ "-rf", NULL },
		{ "100%", NULL },
		{ "50% off", NULL },
		{ "%zz", NULL },
		{ "a;b&c'd`e$f~g", NULL },
		{ "\xc3\xbc\xe2\x82\xac\xf0\x9f\x8e\xac", NULL },
	};

	(void)state;
	CHECK(rows);
}

static void names_that_lead_elsewhere_on_windows(void **state)
{
	static const struct row rows[] = {
		{ "..\\..\\evil", "..%5C..%5Cevil" },
		{ "\\\\host\\share", "%5C%5Chost%5Cshare" },
		{ "C:evil", "C%3Aevil" },
		{ "C:\\evil", "C%3A%5Cevil" },
		{ "file:stream", "file%3Astream" },
		{ "a*b?c\"d<e>f|g", "a%2Ab%3Fc%22d%3Ce%3Ef%7Cg" },
		{ "a\nb\tc\x01\x7f", "a%0Ab%09c%01%7F" },
		{ "dot./end.", "dot%2E/end%2E" },
		{ "blank /end ", "blank%20/end%20" },
		{ "...", "..%2E" },
		{ "a. .", "a. %2E" },
	};

	(void)state;
	CHECK(rows);
}

static void devices_of_windows(void **state)
{
	static const struct row rows[] = {
		{ "con", "%63on" },
		{ "NUL", "%4EUL" },
		{ "CONIN$", "%43ONIN$" },
		{ "conout$.txt", "%63onout$.txt" },
		{ "CONIN", NULL },
		{ "CONIN$$", NULL },
		{ "CONOUT$x", NULL },
		{ "a/Aux.txt/b", "a/%41ux.txt/b" },
		{ "prn .tar.gz", "%70rn .tar.gz" },
		{ "com1", "%63om1" },
		{ "LPT9.log", "%4CPT9.log" },
		{ "com\xc2\xb9", "%63om\xc2\xb9" },
		{ "com0", NULL },
		{ "com", NULL },
		{ "com10", NULL },
		{ "lpt\xc2\xb4", NULL },
		{ "console", NULL },
		{ "nul2", NULL },
		{ "xnul", NULL },
		{ ".con", NULL },
	};

	(void)state;
	CHECK(rows);
}

static void names_that_are_no_utf8(void **state)
{
	static const struct row rows[] = {
		{ "caf\xe9", "caf%E9" },
		{ "\xff/\xfe", "%FF/%FE" },
		{ "\xc3", "%C3" },
		{ "\xed\xa0\x80", "%ED%A0%80" },
		{ "\xc0\xaf", "%C0%AF" }, /* a slash in too many bytes */
		{ "\xe2\x82/\xac", "%E2%82/%AC" },
	};

	(void)state;
	CHECK(rows);
}

/* Else two files could get one name. */
static void an_escape_is_escaped(void **state)
{
	static const struct row rows[] = {
		{ "%41", "%2541" },
		{ "%", NULL },
		{ "%4", NULL },
		{ "%4g", NULL },
		{ "%%41", "%%2541" },
		{ "%5Cx", "%255Cx" },
		{ "%ff", "%25ff" },
	};

	(void)state;
	CHECK(rows);
}

static void the_longest_name_fits(void **state)
{
	char name[ARCHIVE_NAME_MAX + 1];
	char *found = malloc(ZIP_NAME_SIZE);

	(void)state;
	assert_non_null(found);
	memset(name, '\\', ARCHIVE_NAME_MAX);
	name[ARCHIVE_NAME_MAX] = '\0';
	/* With room for a slash. */
	assert_int_equal(zip_name_format(name, found), 3 * ARCHIVE_NAME_MAX);
	assert_int_equal(3 * ARCHIVE_NAME_MAX + 2, ZIP_NAME_SIZE);
	free(found);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_names),
		cmocka_unit_test(names_that_lead_elsewhere_on_windows),
		cmocka_unit_test(devices_of_windows),
		cmocka_unit_test(names_that_are_no_utf8),
		cmocka_unit_test(an_escape_is_escaped),
		cmocka_unit_test(the_longest_name_fits),
	};

	return cmocka_run_group_tests_name("zip_name", tests, NULL, NULL);
}
