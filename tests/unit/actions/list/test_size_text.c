/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/actions/list/size_text. */
#include "config.h"

#include "fcgi_app/actions/list/size_text.h"

#include "tests/unit/support/unit.h"

static void short_sizes(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} rows[] = {
		{ 0, "0 B" },
		{ 1, "1 B" },
		{ 1023, "1023 B" },
		{ 1024, "1.0 KiB" },
		{ 1024 + 51, "1.0 KiB" },
		{ 1024 + 52, "1.1 KiB" },
		{ 1536, "1.5 KiB" },
		{ 1024 * 1024 - 52, "1023.9 KiB" },
		{ 1024 * 1024 - 51, "1.0 MiB" },
		{ 1024 * 1024, "1.0 MiB" },
		{ UINT64_C(5) << 30, "5.0 GiB" },
		{ UINT64_C(1) << 40, "1.0 TiB" },
		{ UINT64_C(1) << 50, "1.0 PiB" },
		{ UINT64_C(1) << 60, "1.0 EiB" },
		{ INT64_MAX, "8.0 EiB" },
		{ UINT64_MAX, "16.0 EiB" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		char text[SIZE_TEXT_SHORT_MAX];

		size_text_short(rows[i].bytes, text);
		assert_string_equal(text, rows[i].text);
	}
}

static void exact_sizes(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} rows[] = {
		{ 0, "0" },
		{ 12, "12" },
		{ 999, "999" },
		{ 1000, "1,000" },
		{ 123456, "123,456" },
		{ 1234567, "1,234,567" },
		{ UINT64_MAX, "18,446,744,073,709,551,615" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		char text[SIZE_TEXT_EXACT_MAX];

		size_text_exact(rows[i].bytes, text);
		assert_string_equal(text, rows[i].text);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(short_sizes),
		cmocka_unit_test(exact_sizes),
	};

	return cmocka_run_group_tests_name("size_text", tests, NULL, NULL);
}
