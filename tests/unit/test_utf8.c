/* SPDX-License-Identifier: MIT */
/* Unit tests of common/utf8, by RFC 3629, 4. */
#include "config.h"

#include "common/utf8.h"

#include "tests/unit/support/unit.h"

static void lengths_of_characters(void **state)
{
	static const struct {
		const char *text;
		size_t length;
	} rows[] = {
		{ "", 1 },
		{ "a", 1 },
		{ "\x7f", 1 },
		{ "\xc2\x80", 2 },
		{ "\xdf\xbfx", 2 },
		{ "\xe0\xa0\x80", 3 },
		{ "\xed\x9f\xbf", 3 },
		{ "\xef\xbf\xbf", 3 },
		{ "\xf0\x90\x80\x80", 4 },
		{ "\xf4\x8f\xbf\xbf", 4 },
		/* Over-long, a surrogate, above U+10FFFF. */
		{ "\xc0\x80", 0 },
		{ "\xc1\xbf", 0 },
		{ "\xe0\x9f\xbf", 0 },
		{ "\xf0\x8f\xbf\xbf", 0 },
		{ "\xed\xa0\x80", 0 },
		{ "\xf4\x90\x80\x80", 0 },
		{ "\xf5\x80\x80\x80", 0 },
		/* Cut, or not begun. */
		{ "\x80", 0 },
		{ "\xbf", 0 },
		{ "\xc3", 0 },
		{ "\xe2\x82", 0 },
		{ "\xf0\x9f\x98", 0 },
		{ "\xe2\x82x", 0 },
		{ "\xff", 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
		if (utf8_length(rows[i].text) != rows[i].length)
			fail_msg("row %zu", i);
}

/* What is replaced by one U+FFFD (Unicode, table 3-8 and others). */
static void maximal_subparts(void **state)
{
	static const struct {
		const char *text;
		size_t size, taken;
		bool valid;
	} rows[] = {
		{ "", 1, 1, true },
		{ "a\x80", 2, 1, true },
		{ "\xc3\xa9x", 3, 2, true },
		{ "\xc3\xa9", 1, 1, false },
		{ "\xf0\x9f\x98\x80x", 5, 4, true },
		{ "\xf0\x9f\x98\x80", 3, 3, false },
		{ "\xf0\x9f\x98x", 4, 3, false },
		{ "\xe1\x80\xe2", 3, 2, false },
		{ "\xe1\0\x80", 3, 1, false },
		{ "\xed\xa0\x80", 3, 1, false },
		{ "\xc0\xaf", 2, 1, false },
		{ "\xe0\x80\xbf", 3, 1, false },
		{ "\xf4\x91\x92\x93", 4, 1, false },
		{ "\x80\x80", 2, 1, false },
		{ "\xff", 1, 1, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		bool valid = !rows[i].valid;
		size_t n = utf8_take(rows[i].text, rows[i].size, &valid);

		if (n != rows[i].taken || valid != rows[i].valid)
			fail_msg("row %zu: %zu", i, n);
	}
}

static void control_characters(void **state)
{
	(void)state;
	assert_true(utf8_is_control("\x01"));
	assert_true(utf8_is_control("\n"));
	assert_true(utf8_is_control("\x1f"));
	assert_true(utf8_is_control("\x7f"));
	assert_true(utf8_is_control("\xc2\x80"));
	assert_true(utf8_is_control("\xc2\x9f"));
	assert_false(utf8_is_control(" "));
	assert_false(utf8_is_control("~"));
	assert_false(utf8_is_control("\xc2\xa0"));
	assert_false(utf8_is_control("\xc3\x80"));
}

static void valid_texts(void **state)
{
	(void)state;
	assert_true(utf8_is_valid(""));
	assert_true(utf8_is_valid("a\n\xc3\xa4\xf0\x9f\x98\x80"));
	assert_true(utf8_is_valid(UTF8_REPLACEMENT));
	assert_false(utf8_is_valid("a\xe4"));
	assert_false(utf8_is_valid("\xc3\xa4\xc3"));
}

static void bidi_controls(void **state)
{
	static const char *const others[] = { "", "x", "\xd8\x9b", "\xd8\x9d",
		"\xe2\x80\x8d", "\xe2\x80\x90", "\xe2\x80\xa9", "\xe2\x80\xaf",
		"\xe2\x81\xa5", "\xe2\x81\xaa" };
	static const char *const controls[] = { "\xd8\x9c", "\xe2\x80\x8e",
		"\xe2\x80\x8f", "\xe2\x80\xaa", "\xe2\x80\xae", "\xe2\x81\xa6",
		"\xe2\x81\xa9x" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(others); i++)
		assert_false(utf8_is_bidi_control(others[i]));
	for (size_t i = 0; i < ARRAY_LENGTH(controls); i++)
		assert_true(utf8_is_bidi_control(controls[i]));
}

static void line_ends(void **state)
{
	(void)state;
	assert_true(utf8_is_line_end("\xe2\x80\xa8"));
	assert_true(utf8_is_line_end("\xe2\x80\xa9x"));
	assert_false(utf8_is_line_end("\xe2\x80\xa7"));
	assert_false(utf8_is_line_end("\xe2\x80\xaa"));
	assert_false(utf8_is_line_end("x"));
	assert_false(utf8_is_line_end(""));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(lengths_of_characters),
		cmocka_unit_test(maximal_subparts),
		cmocka_unit_test(control_characters),
		cmocka_unit_test(bidi_controls),
		cmocka_unit_test(line_ends),
		cmocka_unit_test(valid_texts),
	};

	return cmocka_run_group_tests_name("utf8", tests, NULL, NULL);
}
