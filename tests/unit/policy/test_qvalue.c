/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/policy/qvalue, by RFC 9110, 12.4.2. */
#include "config.h"

#include "fcgi_app/policy/qvalue.h"

#include "tests/unit/support/unit.h"

static void weights(void **state)
{
	static const struct {
		const char *text;
		int weight;
		size_t length;
	} rows[] = {
		{ "0", 0, 1 },
		{ "1", 1000, 1 },
		{ "0.", 0, 2 },
		{ "1.", 1000, 2 },
		{ "0.5", 500, 3 },
		{ "0.05,", 50, 4 },
		{ "0.005;", 5, 5 },
		{ "0.999", 999, 5 },
		{ "1.000 ", 1000, 5 },
		/* What follows is not looked at. */
		{ "0.1234", 123, 5 },
		{ "1.0000", 1000, 5 },
		{ "10", 1000, 1 },
		{ "0x", 0, 1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		const char *cursor = rows[i].text;
		int weight;

		assert_true(qvalue_take(&cursor, &weight));
		assert_int_equal(weight, rows[i].weight);
		assert_ptr_equal(cursor, rows[i].text + rows[i].length);
	}
}

static void no_weights(void **state)
{
	static const char *const rows[] = { "", ".5", "2", "-1", "x", " 1",
		"1.1", "1.001" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		const char *cursor = rows[i];
		int weight;

		assert_false(qvalue_take(&cursor, &weight));
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(weights),
		cmocka_unit_test(no_weights),
	};

	return cmocka_run_group_tests_name("qvalue", tests, NULL, NULL);
}
