/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/process/worker_board. */
#include "config.h"

#include "fcgi_app/process/worker_board.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/support/unit.h"

#define WORKERS 4
#define NOW ((uint64_t)1000)
#define PATIENCE ((uint64_t)WORKER_BOARD_PATIENCE_MS)

static struct worker_board *make(const unsigned int connections[WORKERS])
{
	struct worker_board *board = worker_board_new(WORKERS);

	assert_non_null(board);
	for (unsigned int i = 0; i < WORKERS; i++)
		worker_board_set(board, i, connections[i]);
	return board;
}

/* Who may accept, as a bit for each worker. */
static unsigned int who_may_at(const struct worker_board *board, uint64_t now)
{
	unsigned int bits = 0;

	for (unsigned int i = 0; i < WORKERS; i++)
		if (worker_board_may_accept(board, i, now))
			bits |= 1u << i;
	return bits;
}

static unsigned int who_may(const struct worker_board *board)
{
	return who_may_at(board, NOW);
}

static void lets_those_with_fewer_go_first(void **state)
{
	static const struct {
		unsigned int connections[WORKERS];
		unsigned int may;
	} rows[] = {
		{ { 0, 0, 0, 0 }, 0xf },
		{ { 1, 0, 0, 0 }, 0xe },
		{ { 1, 1, 1, 0 }, 0x8 },
		{ { 1, 1, 1, 1 }, 0xf },
		{ { 5, 6, 7, 6 }, 0x1 },
		/* A 32nd does not count, one more does. */
		{ { 31, 32, 31, 31 }, 0xd },
		{ { 32, 33, 32, 32 }, 0xf },
		{ { 32, 34, 32, 32 }, 0xd },
		{ { 6400, 6600, 6401, 6400 }, 0xf },
		{ { 6400, 6601, 6401, 6400 }, 0xd },
		{ { 20064, 0, 20064, 20064 }, 0x2 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		struct worker_board *board = make(rows[i].connections);

		if (who_may(board) != rows[i].may)
			fail_msg("row %zu: %x", i, who_may(board));
		worker_board_free(board);
	}
}

static void does_not_wait_for_ever(void **state)
{
	static const unsigned int connections[WORKERS] = { 3, 1, 2, 3 };
	struct worker_board *board = make(connections);

	(void)state;
	assert_int_equal(who_may(board), 0x2);
	/* 2 has yielded to 1 for nothing, twice. */
	worker_board_miss(board, 2, NOW);
	worker_board_miss(board, 2, NOW + PATIENCE);
	assert_int_equal(who_may_at(board, NOW + PATIENCE), 0x2);
	/* 0 and 3 have to wait for 2 now. */
	assert_int_equal(who_may_at(board, NOW + PATIENCE + 1), 0x6);
	/* Another one's clock may be behind. */
	assert_int_equal(who_may_at(board, NOW - 1), 0x2);
	worker_board_miss(board, 0, NOW + PATIENCE + 1);
	assert_int_equal(who_may_at(board, NOW + 2 * PATIENCE + 2), 0xf);
	/* 1 is back. */
	worker_board_attend(board, 1);
	assert_int_equal(who_may_at(board, NOW + 2 * PATIENCE + 2), 0x2);
	/* 2 still isn't. */
	worker_board_set(board, 1, 3);
	assert_int_equal(who_may_at(board, NOW + 2 * PATIENCE + 2), 0xf);
	worker_board_attend(board, 2);
	assert_int_equal(who_may_at(board, NOW + 2 * PATIENCE + 2), 0x4);
	worker_board_free(board);
}

/* Who was missing may be there again, and not hear of anything. */
static void gives_another_chance(void **state)
{
	static const unsigned int connections[WORKERS] = { 3, 1, 3, 3 };
	const uint64_t again = NOW + WORKER_BOARD_FORGET_MS + 1;
	struct worker_board *board = make(connections);

	(void)state;
	worker_board_miss(board, 0, NOW);
	assert_int_equal(who_may_at(board, again - 1), 0xf);
	assert_int_equal(who_may_at(board, again), 0x2);
	worker_board_miss(board, 0, again);
	assert_int_equal(who_may_at(board, again + PATIENCE), 0x2);
	assert_int_equal(who_may_at(board, again + PATIENCE + 1), 0xf);
	worker_board_free(board);
}

static void starts_anew(void **state)
{
	static const unsigned int connections[WORKERS] = { 3, 1, 3, 3 };
	struct worker_board *board = make(connections);

	(void)state;
	worker_board_miss(board, 0, NOW);
	assert_int_equal(who_may_at(board, NOW + 2 * PATIENCE), 0xf);
	worker_board_reset(board, 1);
	assert_int_equal(who_may_at(board, NOW + 2 * PATIENCE), 0x2);
	worker_board_set(board, 1, 3);
	worker_board_reset(board, 0);
	assert_int_equal(who_may_at(board, NOW + 2 * PATIENCE), 0x1);
	worker_board_free(board);
}

static void remembers_that_a_worker_came_to_serve(void **state)
{
	struct worker_board *board = worker_board_new(1);
	pid_t child;

	(void)state;
	assert_non_null(board);
	assert_false(worker_board_has_begun(board));
	child = fork();
	if (child == 0) {
		worker_board_begin(board);
		_exit(0);
	}
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_true(worker_board_has_begun(board));
	/* The next one in its place has not begun. */
	worker_board_reset(board, 0);
	assert_true(worker_board_has_begun(board));
	worker_board_free(board);
}

static void is_shared_between_processes(void **state)
{
	static const unsigned int connections[WORKERS] = { 0 };
	struct worker_board *board = make(connections);
	int status = -1;
	pid_t child = fork();

	(void)state;
	if (child == 0) {
		worker_board_set(board, 2, 7);
		_exit(0);
	}
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(who_may(board), 0xb);
	worker_board_free(board);
	worker_board_free(NULL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(lets_those_with_fewer_go_first),
		cmocka_unit_test(does_not_wait_for_ever),
		cmocka_unit_test(gives_another_chance),
		cmocka_unit_test(starts_anew),
		cmocka_unit_test(remembers_that_a_worker_came_to_serve),
		cmocka_unit_test(is_shared_between_processes),
	};

	return cmocka_run_group_tests_name("worker_board", tests, NULL, NULL);
}
