/* SPDX-License-Identifier: MIT */
/* Unit tests of bench/load/load_counts. */
#include "config.h"

#include "bench/load/load_counts.h"

#include <string.h>

#include "tests/unit/support/unit.h"

static struct load_counts counts;

static int setup(void **state)
{
	(void)state;
	memset(&counts, 0, sizeof(counts));
	return 0;
}

static void test_error_names(void **state)
{
	(void)state;
	assert_string_equal(
	    load_counts_error_name(LOAD_ERROR_CONNECT), "connect");
	assert_string_equal(
	    load_counts_error_name(LOAD_ERROR_TIMEOUT), "timeout");
	assert_string_equal(load_counts_error_name(LOAD_ERROR_NONE), "none");
}

/* Only what is older than the p99 of the answered counts. */
static void test_unfinished_by_age(void **state)
{
	static const struct {
		uint64_t age_us;
		uint64_t unfinished;
	} rows[] = { { 0, 0 }, { 98, 0 }, { 99, 0 }, { 100, 1 },
		{ 5000000, 1 } };

	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		setup(state);
		for (uint64_t value = 1; value <= 100; value++)
			load_histogram_add(&counts.first_byte_us, value);
		load_counts_unfinished(
		    &counts, rows[i].age_us, load_counts_p99(&counts));
		assert_int_equal(counts.unfinished, rows[i].unfinished);
		assert_int_equal(
		    counts.first_byte_us.count, 100 + rows[i].unfinished);
	}
}

/* Where many wait, the p99 is theirs. */
static void test_unfinished_shift_the_p99(void **state)
{
	uint64_t p99_us;

	(void)state;
	load_histogram_add(&counts.first_byte_us, 10);
	p99_us = load_counts_p99(&counts);
	for (int i = 0; i < 9; i++)
		load_counts_unfinished(&counts, 1000 + (uint64_t)i, p99_us);
	assert_int_equal(counts.unfinished, 9);
	assert_int_equal(load_counts_p99(&counts), 1008);
}

static void test_nothing_answered(void **state)
{
	(void)state;
	assert_int_equal(load_counts_p99(&counts), 0);
	load_counts_unfinished(&counts, 70, 0);
	assert_int_equal(counts.unfinished, 1);
	assert_int_equal(load_counts_p99(&counts), 70);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_error_names),
		cmocka_unit_test_setup(test_unfinished_by_age, setup),
		cmocka_unit_test_setup(test_unfinished_shift_the_p99, setup),
		cmocka_unit_test_setup(test_nothing_answered, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
