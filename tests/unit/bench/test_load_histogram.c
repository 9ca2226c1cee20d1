/* SPDX-License-Identifier: MIT */
/* Unit tests of bench/load/load_histogram. */
#include "config.h"

#include "bench/load/load_histogram.h"

#include <string.h>

#include "tests/unit/support/unit.h"

static struct load_histogram histogram;

static int setup(void **state)
{
	(void)state;
	memset(&histogram, 0, sizeof(histogram));
	return 0;
}

static void test_empty(void **state)
{
	(void)state;
	assert_int_equal(load_histogram_quantile(&histogram, 500), 0);
	assert_int_equal(load_histogram_quantile(&histogram, 1000), 0);
}

/* A quantile is never too small, and too large by less than one part in 128. */
static void test_precision(void **state)
{
	(void)state;
	for (uint64_t value = 0; value < UINT64_C(1) << 39;
	     value = value * 33 / 32 + 1) {
		uint64_t got;

		setup(NULL);
		load_histogram_add(&histogram, value);
		/* Without a larger one the quantile would be exact. */
		load_histogram_add(&histogram, UINT64_C(1) << 41);
		got = load_histogram_quantile(&histogram, 500);
		assert_in_range(got, value, value + value / 128);
	}
}

static void test_order(void **state)
{
	static const struct {
		unsigned int per_mille;
		uint64_t value;
	} rows[] = { { 1, 1 }, { 500, 50 }, { 501, 51 }, { 990, 99 },
		{ 991, 100 }, { 999, 100 }, { 1000, 100 } };

	(void)state;
	for (uint64_t value = 100; value > 0; value--)
		load_histogram_add(&histogram, value);
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
		assert_int_equal(
		    load_histogram_quantile(&histogram, rows[i].per_mille),
		    rows[i].value);
}

static void test_largest_value(void **state)
{
	static const uint64_t rows[] = { 0, 127, 128, 129, 1000000,
		(UINT64_C(1) << 40) - 1, UINT64_C(1) << 40, UINT64_MAX };

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		setup(NULL);
		load_histogram_add(&histogram, rows[i]);
		assert_true(histogram.most == rows[i]);
		assert_true(
		    load_histogram_quantile(&histogram, 999) == rows[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_empty, setup),
		cmocka_unit_test_setup(test_precision, setup),
		cmocka_unit_test_setup(test_order, setup),
		cmocka_unit_test_setup(test_largest_value, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
