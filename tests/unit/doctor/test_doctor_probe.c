/* SPDX-License-Identifier: MIT */
/* Unit tests of doctor/doctor_probe: what it prints of foreign text. */
#include "config.h"

#include "doctor/doctor_probe.h"

#include <string.h>

#include "tests/unit/support/unit.h"

static void replaces_what_a_terminal_would_obey(void **state)
{
	static const struct {
		const char *text;
		const char *defused;
	} cases[] = {
		{ "", "" },
		{ "plain ~", "plain ~" },
		{ "\x01\t\n\x1b[31m\x1f \x7f", "????[31m? ?" },
		/* U+0080, U+009B (CSI), U+009F, U+00A0 */
		{ "a\xc2\x80z", "a?z" },
		{ "\xc2\x9b"
		  "31m",
		    "?31m" },
		{ "\xc2\x9f", "?" },
		{ "\xc2\xa0", "\xc2\xa0" },
		/* U+2029, U+202A, U+202E (right-to-left override), U+202F */
		{ "\xe2\x80\xa9", "\xe2\x80\xa9" },
		{ "\xe2\x80\xaa", "?" },
		{ "a\xe2\x80\xaez", "a?z" },
		{ "\xe2\x80\xaf", "\xe2\x80\xaf" },
		/* U+2065, U+2066, U+2069, U+206A */
		{ "\xe2\x81\xa5", "\xe2\x81\xa5" },
		{ "\xe2\x81\xa6\xe2\x81\xa9", "??" },
		{ "\xe2\x81\xaa", "\xe2\x81\xaa" },
		/* Whole characters stay, also those that have such bytes. */
		{ "\xc3\x9b\xe2\x82\xac\xf0\x9f\x98\x80",
		    "\xc3\x9b\xe2\x82\xac\xf0\x9f\x98\x80" },
		/* Bytes that are no UTF-8, or an end of it */
		{ "a\x80z\x9b\x9f\xa0\xff", "a?z????" },
		{ "\xc3", "?" },
		{ "\xe2\x82", "??" },
		{ "\xe2\x82z", "??z" },
		{ "\xf0\x9f\x98", "???" },
		{ "\xf5\x80\x80\x80", "????" },
		/* Longer forms of an escape and of U+009B */
		{ "\xc0\x9b", "??" },
		{ "\xe0\x80\x9b", "???" },
		{ "\xf0\x80\x82\x9b", "????" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		char text[64];

		strcpy(text, cases[i].text);
		assert_ptr_equal(doctor_defuse(text), text);
		assert_string_equal(text, cases[i].defused);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(replaces_what_a_terminal_would_obey),
	};

	return cmocka_run_group_tests_name("doctor_probe", tests, NULL, NULL);
}
