/* SPDX-License-Identifier: MIT */
/* Unit tests of common/turnstile. */
#include "config.h"
#include "common/turnstile.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/support/unit.h"

#define MOST 16
#define MANY 100000

struct fixture {
	struct turnstile turnstile;
	struct turnstile_job *jobs;
	bool fail; /* each leaves as soon as it begins */
	unsigned int begun;
};

static struct fixture f;

static void on_begin(struct turnstile_job *job)
{
	f.begun++;
	assert_int_equal(job->state, TURNSTILE_RUNS);
	if (f.fail)
		turnstile_leave(&f.turnstile, job);
}

static void enter(size_t count)
{
	for (size_t i = 0; i < count; i++) {
		f.jobs[i].begin = on_begin;
		turnstile_enter(&f.turnstile, &f.jobs[i]);
	}
}

static void leave(size_t index)
{
	turnstile_leave(&f.turnstile, &f.jobs[index]);
	assert_int_equal(f.jobs[index].state, TURNSTILE_OUTSIDE);
}

static int setup(void **state)
{
	(void)state;
	memset(&f, 0, sizeof(f));
	f.jobs = calloc(MANY, sizeof(f.jobs[0]));
	assert_non_null(f.jobs);
	turnstile_init(&f.turnstile, MOST);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	assert_int_equal(f.turnstile.room, MOST);
	assert_true(TAILQ_EMPTY(&f.turnstile.waiting));
	free(f.jobs);
	return 0;
}

static void only_so_many_run_at_once(void **state)
{
	(void)state;
	enter(MOST + 3);
	assert_int_equal(f.begun, MOST);
	assert_int_equal(f.jobs[MOST].state, TURNSTILE_WAITS);
	leave(5);
	assert_int_equal(f.begun, MOST + 1);
	assert_int_equal(f.jobs[MOST].state, TURNSTILE_RUNS);
	/* One that waits can leave, and one that has left too. */
	leave(MOST + 1);
	leave(MOST + 1);
	leave(6);
	assert_int_equal(f.begun, MOST + 2);
	assert_int_equal(f.jobs[MOST + 2].state, TURNSTILE_RUNS);
	for (size_t i = 0; i < MOST + 3; i++)
		leave(i);
	assert_int_equal(f.begun, MOST + 2);
}

static void a_job_may_enter_again(void **state)
{
	(void)state;
	enter(MOST + 1);
	leave(0);
	assert_int_equal(f.jobs[MOST].state, TURNSTILE_RUNS);
	turnstile_enter(&f.turnstile, &f.jobs[0]);
	assert_int_equal(f.jobs[0].state, TURNSTILE_WAITS);
	leave(1);
	assert_int_equal(f.jobs[0].state, TURNSTILE_RUNS);
	for (size_t i = 0; i <= MOST; i++)
		leave(i);
	assert_int_equal(f.begun, MOST + 2);
}

static void those_that_fail_make_way_without_nesting(void **state)
{
	(void)state;
	enter(MANY);
	assert_int_equal(f.begun, MOST);
	f.fail = true;
	leave(0);
	assert_int_equal(f.begun, MANY);
	for (size_t i = 1; i < MOST; i++)
		leave(i);
}

#define WITH_FIXTURE(name) \
	cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		WITH_FIXTURE(only_so_many_run_at_once),
		WITH_FIXTURE(a_job_may_enter_again),
		WITH_FIXTURE(those_that_fail_make_way_without_nesting),
	};

	return cmocka_run_group_tests_name("turnstile", tests, NULL, NULL);
}
