/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/actions/list/natural_order. */
#include "config.h"

#include "fcgi_app/actions/list/natural_order.h"

#include "tests/unit/support/unit.h"

/* All pairs of a list that is in order. */
static void check_list(const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		for (size_t k = 0; k < count; k++) {
			int r = natural_order(names[i], names[k]);

			if ((i < k && r >= 0) || (i == k && r != 0) ||
			    (i > k && r <= 0))
				fail_msg("\"%s\" and \"%s\": %d", names[i],
				    names[k], r);
		}
	}
}

#define CHECK_LIST(names) check_list(names, ARRAY_LENGTH(names))

static void numbers_by_value(void **state)
{
	static const char *const names[] = {
		"",
		"1",
		"2",
		"10",
		"a",
		"a1",
		"a2",
		"a10",
		"a10b1",
		"a10b2",
		"a10b10",
		"a99999999999999999998",
		"a99999999999999999999",
		"a100000000000000000000",
		"b",
	};

	(void)state;
	CHECK_LIST(names);
}

static void leading_zeros(void **state)
{
	static const char *const names[] = {
		"a0",
		"a00",
		"a01",
		"a1",
		"a01b",
		"a1b",
		"a2",
		"a010",
		"a10",
	};

	(void)state;
	CHECK_LIST(names);
}

static void letters_whatever_their_case(void **state)
{
	static const char *const names[] = {
		"1a",
		" a",
		"-a",
		"A",
		"a",
		"a b",
		"a.b",
		"AB",
		"ab",
		"aC",
		"README",
		"ready",
		"Zoo",
		"{",
		"\x80",
		"\xc3\xa4",
		"\xff",
	};

	(void)state;
	/* An underscore comes between the cases of letters: before "a". */
	assert_true(natural_order("_x", "a") < 0);
	CHECK_LIST(names);
}

static void digits_come_first(void **state)
{
	static const char *const names[] = { "", "7", "!", "a", "a7", "a!" };

	(void)state;
	CHECK_LIST(names);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_by_value),
		cmocka_unit_test(leading_zeros),
		cmocka_unit_test(letters_whatever_their_case),
		cmocka_unit_test(digits_come_first),
	};

	return cmocka_run_group_tests_name("natural_order", tests, NULL, NULL);
}
