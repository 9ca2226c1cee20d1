/* SPDX-License-Identifier: MIT */
/* Unit tests of bench/load/load_pace. */
#include "config.h"

#include "bench/load/load_pace.h"

#include "tests/unit/support/unit.h"

#define START_US UINT64_C(5000000)

static void test_quantum(void **state)
{
	static const struct {
		uint64_t pace;
		size_t quantum;
	} rows[] = { { 256, 64 }, { 64 << 10, 16 << 10 }, { 1 << 20, 16 << 10 },
		{ 20000000, 100000 }, { 1 << 30, 256 << 10 } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
		assert_int_equal(
		    load_pace_quantum(rows[i].pace), rows[i].quantum);
}

/* Who reads a little late each time gets the pace all the same. */
static void test_small_delays_are_made_up_for(void **state)
{
	uint64_t due = START_US;

	(void)state;
	for (int i = 0; i < 100; i++)
		due = load_pace_next(65536, due, due + 3000, 16384);
	assert_int_equal(due, START_US + 100 * 250000);
}

/* After a long wait it does not go on as fast as it can. */
static void test_long_waits_are_not(void **state)
{
	uint64_t now = START_US + 60000000;

	(void)state;
	assert_int_equal(load_pace_next(65536, START_US, now, 16384), now);
	assert_int_equal(
	    load_pace_next(65536, START_US, now, 32768), now + 250000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_quantum),
		cmocka_unit_test(test_small_delays_are_made_up_for),
		cmocka_unit_test(test_long_waits_are_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
