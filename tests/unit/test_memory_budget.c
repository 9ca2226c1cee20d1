/* SPDX-License-Identifier: MIT */
/* Unit tests of common/memory_budget. */
#include "config.h"

#include "common/memory_budget.h"

#include <pthread.h>
#include <stdint.h>

#include "tests/unit/support/unit.h"

static void takes_what_is_left_and_no_more(void **state)
{
	struct memory_budget budget;

	(void)state;
	memory_budget_init(&budget, 100);
	assert_false(memory_budget_take(&budget, 101));
	assert_true(memory_budget_take(&budget, 60));
	assert_false(memory_budget_take(&budget, 41));
	assert_true(memory_budget_take(&budget, 40));
	assert_true(memory_budget_take(&budget, 0));
	assert_false(memory_budget_take(&budget, 1));
	assert_false(memory_budget_take(&budget, SIZE_MAX));
	memory_budget_give_back(&budget, 1);
	assert_true(memory_budget_take(&budget, 1));
	memory_budget_give_back(&budget, 100);
	assert_int_equal(budget.left, 100);
}

#define TURNS 100000

static void *use(void *context)
{
	struct memory_budget *budget = context;

	for (int i = 0; i < TURNS; i++)
		if (memory_budget_take(budget, 2))
			memory_budget_give_back(budget, 2);
	return NULL;
}

static void several_threads_share_it(void **state)
{
	struct memory_budget budget;
	pthread_t thread;

	(void)state;
	memory_budget_init(&budget, 3);
	assert_int_equal(pthread_create(&thread, NULL, use, &budget), 0);
	use(&budget);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(budget.left, 3);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_what_is_left_and_no_more),
		cmocka_unit_test(several_threads_share_it),
	};

	return cmocka_run_group_tests_name("memory_budget", tests, NULL, NULL);
}
