/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/policy/percent. */
#include "config.h"

#include "fcgi_app/policy/percent.h"

#include <string.h>

#include "tests/unit/support/unit.h"

static void knows_escapes(void **state)
{
	static const char *const escapes[] = { "%00", "%2f", "%Af", "%99x" };
	static const char *const others[] = { "", "%", "%2", "%2g", "%g2", "2f",
		"%%2f", "x%2f", "%/0", "%:0", "%@0", "%`0", "%-1" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(escapes); i++) {
		if (!percent_is_escape(escapes[i]))
			fail_msg("%s", escapes[i]);
	}
	for (size_t i = 0; i < ARRAY_LENGTH(others); i++) {
		if (percent_is_escape(others[i]))
			fail_msg("%s", others[i]);
	}
}

static void decodes_escapes(void **state)
{
	static const struct {
		const char *escape;
		char byte;
	} rows[] = { { "%00", '\0' }, { "%09", '\t' }, { "%2f", '/' },
		{ "%2F", '/' }, { "%aF", '\xaf' }, { "%Fax", '\xfa' },
		{ "%99", '\x99' } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
		assert_int_equal(
		    percent_decode_byte(rows[i].escape), rows[i].byte);
}

static void decodes_forms(void **state)
{
	static const struct {
		const char *text;
		const char *expected;
	} rows[] = { { "", "" }, { "a+b%20c%2Bd", "a b c+d" },
		{ "%C3%a4%ff", "\xc3\xa4\xff" }, { "100%", "100%" },
		{ "%4", "%4" }, { "%zz%%41", "%zz%A" } };
	char ret[16];

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		size_t n = percent_decode_form(
		    rows[i].text, strlen(rows[i].text), ret);

		assert_int_equal(n, strlen(rows[i].expected));
		assert_memory_equal(ret, rows[i].expected, n);
	}
	/* An escape ends where the text does, and a NUL is a byte. */
	assert_int_equal(percent_decode_form("a%41", 3, ret), 3);
	assert_memory_equal(ret, "a%4", 3);
	assert_int_equal(percent_decode_form("%00+", 4, ret), 2);
	assert_memory_equal(ret, "\0 ", 2);
}

static void encodes_what_is_not_literal(void **state)
{
	static const struct {
		char byte;
		const char *expected;
	} cases[] = {
		{ 'a', "a" },
		{ 'b', "%62" },
		{ '%', "%25" },
		{ ' ', "%20" },
		{ '\0', "%00" },
		{ '\n', "%0A" },
		{ '\x7f', "%7F" },
		{ '\xff', "%FF" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		char text[PERCENT_ENCODED_MAX + 1] = "";
		size_t n = percent_encode_byte(cases[i].byte, "a/", text);

		assert_string_equal(text, cases[i].expected);
		assert_int_equal(n, strlen(cases[i].expected));
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_escapes),
		cmocka_unit_test(decodes_escapes),
		cmocka_unit_test(decodes_forms),
		cmocka_unit_test(encodes_what_is_not_literal),
	};

	return cmocka_run_group_tests_name("percent", tests, NULL, NULL);
}
