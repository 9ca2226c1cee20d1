/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/policy/field_value. */
#include "config.h"

#include "fcgi_app/policy/field_value.h"

#include "tests/unit/support/unit.h"

static void takes_all_but_control_characters(void **state)
{
	(void)state;
	for (int c = 1; c < 256; c++) {
		const char text[] = { 'a', (char)c, 'b', '\0' };
		bool control = (c < 0x20 && c != '\t') || c == 0x7f;

		assert_int_equal(field_value_is_valid(text), !control);
	}
}

static void judges_every_position(void **state)
{
	(void)state;
	assert_true(field_value_is_valid(""));
	assert_true(field_value_is_valid("text/plain; a=\"b\""));
	assert_false(field_value_is_valid("\nab"));
	assert_false(field_value_is_valid("ab\r\n"));
	assert_false(field_value_is_valid("a\nb"));
}

static void measures_tokens(void **state)
{
	static const struct {
		const char *text;
		size_t length;
	} cases[] = {
		{ "", 0 },
		{ " a", 0 },
		{ "(a)", 0 },
		{ "\xc3\xa9", 0 },
		{ "a", 1 },
		{ "text/html", 4 },
		{ "utf-8; x", 5 },
		{ "!#$%&'*+-.^_`|~09AZaz\"", 21 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
		assert_int_equal(
		    field_value_token_length(cases[i].text), cases[i].length);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_all_but_control_characters),
		cmocka_unit_test(judges_every_position),
		cmocka_unit_test(measures_tokens),
	};

	return cmocka_run_group_tests_name("field_value", tests, NULL, NULL);
}
