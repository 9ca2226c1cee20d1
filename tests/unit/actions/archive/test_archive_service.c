/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/archive_service. */
#include "config.h"

#include "fcgi_app/actions/archive/archive_service.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/support/unit.h"

#define MOST ARCHIVE_SEARCHES_MAX
#define MANY 100000

struct fixture {
	uv_loop_t loop;
	struct archive_service *service;
	struct archive_turn *turns;
	bool fail; /* each leaves as soon as it begins */
	unsigned int begun;
};

static struct fixture f;

static void on_begin(void *context)
{
	struct archive_turn *turn = context;

	f.begun++;
	assert_int_equal(turn->state, ARCHIVE_TURN_IS_ON);
	if (f.fail)
		archive_service_leave(f.service, turn);
}

static void enter(size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct archive_turn *turn = &f.turns[i];

		turn->begin = on_begin;
		turn->context = turn;
		archive_service_enter(f.service, turn);
	}
}

static void leave(size_t index)
{
	archive_service_leave(f.service, &f.turns[index]);
	assert_int_equal(f.turns[index].state, ARCHIVE_TURN_NONE);
}

static int setup(void **state)
{
	(void)state;
	memset(&f, 0, sizeof(f));
	f.turns = calloc(MANY, sizeof(f.turns[0]));
	assert_non_null(f.turns);
	uv_loop_init(&f.loop);
	assert_int_equal(archive_service_new(&f.loop, 4096, &f.service), 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	assert_int_equal(f.service->searches, 0);
	assert_true(TAILQ_EMPTY(&f.service->waiting));
	archive_service_close(f.service);
	uv_run(&f.loop, UV_RUN_DEFAULT);
	archive_service_free(f.service);
	assert_int_equal(uv_loop_close(&f.loop), 0);
	free(f.turns);
	return 0;
}

static void only_so_many_run_at_once(void **state)
{
	(void)state;
	enter(MOST + 3);
	assert_int_equal(f.begun, MOST);
	assert_int_equal(f.turns[MOST].state, ARCHIVE_TURN_WAITS);
	leave(5);
	assert_int_equal(f.begun, MOST + 1);
	assert_int_equal(f.turns[MOST].state, ARCHIVE_TURN_IS_ON);
	/* One that waits can go, and one that is gone too. */
	leave(MOST + 1);
	leave(MOST + 1);
	leave(6);
	assert_int_equal(f.begun, MOST + 2);
	assert_int_equal(f.turns[MOST + 2].state, ARCHIVE_TURN_IS_ON);
	for (size_t i = 0; i < MOST + 3; i++)
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

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    only_so_many_run_at_once, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    those_that_fail_make_way_without_nesting, setup, teardown),
	};

	return cmocka_run_group_tests_name(
	    "archive_service", tests, NULL, NULL);
}
