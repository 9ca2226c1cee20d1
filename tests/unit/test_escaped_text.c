/* SPDX-License-Identifier: MIT */
/* Unit tests of common/escaped_text. */
#include "config.h"

#include "common/escaped_text.h"

#include <stdbool.h>
#include <string.h>

#include "tests/unit/support/unit.h"

static void control_and_special_characters_are_escaped(void **state)
{
	static const struct {
		size_t size;
		const char *text;
		bool quoted;
		const char *escaped;
	} rows[] = {
		{ 32, "", false, "" },
		{ 32, "a \"b\" \\c", false, "a \"b\" \\c" },
		{ 32, "a\nb\r\x01\x1f\x7f", false,
		    "a\\x0ab\\x0d\\x01\\x1f\\x7f" },
		{ 32, "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80", false,
		    "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80" },
		/* C1, whose U+009B is ESC [ to a terminal; U+00A0 is none. */
		{ 32, "\xc2\x80\xc2\x9b\xc2\x9f\xc2\xa0", false,
		    "\\xc2\\x80\\xc2\\x9b\\xc2\\x9f\xc2\xa0" },
		/* The same bytes in no character, or in another one */
		{ 32, "a\x80\x9b\x9f\xa0z", false, "a\\x80\\x9b\\x9f\\xa0z" },
		{ 32, "\xc3\x9b\xe1\x9b\x80", false, "\xc3\x9b\xe1\x9b\x80" },
		/* What is not UTF-8: lone, cut short, overlong, surrogates */
		{ 32, "\xff\xc3", false, "\\xff\\xc3" },
		{ 32, "\xe2\x82", false, "\\xe2\\x82" },
		{ 32, "\xe2\x82z", false, "\\xe2\\x82z" },
		{ 32, "\xc0\x9b\xe0\x80\x9b", false,
		    "\\xc0\\x9b\\xe0\\x80\\x9b" },
		{ 32, "\xed\xa0\x80", false, "\\xed\\xa0\\x80" },
		/* U+202E turns what follows round. */
		{ 32, "a\xe2\x80\xaez", false, "a\\xe2\\x80\\xaez" },
		/* U+2028 and U+2029 are ends of lines to some readers. */
		{ 32, "a\xe2\x80\xa8\xe2\x80\xa9z", false,
		    "a\\xe2\\x80\\xa8\\xe2\\x80\\xa9z" },
		{ 32, "a\" \\x22", true, "a\\x22 \\x5cx22" },
		{ 3, "abc", false, "abc" },
		{ 2, "abc", false, "ab" },
		{ 5, "a\nb", false, "a\\x0a" },
		/* Never a piece of an escape, and nothing after it. */
		{ 4, "a\nb", false, "a" },
		{ 4,
		    "a\xff"
		    "b",
		    false, "a" },
		{ 4, "a\xe2\x82\xac", false, "a\xe2\x82\xac" },
		{ 3,
		    "a\xe2\x82\xac"
		    "b",
		    false, "a" },
		{ 0, "a", false, "" },
	};
	char to[33];

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		size_t n;

		memset(to, '#', sizeof(to));
		n = escaped_text_copy(
		    to, rows[i].size, rows[i].text, rows[i].quoted);
		assert_int_equal(to[n], '#');
		to[n] = '\0';
		assert_string_equal(to, rows[i].escaped);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(control_and_special_characters_are_escaped),
	};

	return cmocka_run_group_tests_name("escaped_text", tests, NULL, NULL);
}
