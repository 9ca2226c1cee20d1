/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/actions/probe/probe_board. */
#include "config.h"

#include "fcgi_app/actions/probe/probe_board.h"

#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/support/unit.h"

#define NOW ((uint64_t)1000000)
#define TOKEN UINT64_C(0x0123456789abcdef)

static int make_board(void **state)
{
	*state = probe_board_new();
	return *state ? 0 : -1;
}

static int free_board(void **state)
{
	probe_board_free(*state);
	return 0;
}

static struct probe_lease begin(
    struct probe_board *board, uint64_t token, uint64_t now)
{
	struct probe_lease lease;

	assert_int_equal(probe_board_begin(board, token, now, &lease), 0);
	return lease;
}

/* What is said when there is no place. */
static int refusal(struct probe_board *board, uint64_t token, uint64_t now)
{
	struct probe_lease lease = { .slot = 99 };
	int r = probe_board_begin(board, token, now, &lease);

	assert_int_equal(lease.slot, 99);
	return r;
}

static void remembers_an_answer(void **state)
{
	struct probe_board *board = *state;
	struct probe_record record = { .sent = 99 };
	struct probe_lease lease = begin(board, TOKEN, NOW);

	assert_int_equal(
	    probe_board_find(board, TOKEN + 1, NOW, &record), -ENOENT);
	assert_int_equal(record.sent, 99);
	assert_int_equal(probe_board_find(board, TOKEN, NOW + 5, &record), 0);
	assert_int_equal(record.end, PROBE_END_NONE);
	assert_int_equal(record.sent, 0);
	assert_int_equal(record.lasted_ms, 5);
	assert_false(record.released);
	probe_board_sent(board, &lease, UINT64_C(5000000000));
	probe_board_end(board, &lease, PROBE_END_LEFT, NOW + 7);
	assert_int_equal(probe_board_find(board, TOKEN, NOW + 99, &record), 0);
	assert_int_equal(record.end, PROBE_END_LEFT);
	assert_int_equal(record.sent, UINT64_C(5000000000));
	assert_int_equal(record.lasted_ms, 7);
}

static void forgets_it_in_time(void **state)
{
	struct probe_board *board = *state;
	struct probe_record record;
	struct probe_lease lease = begin(board, TOKEN, NOW);
	uint64_t last = NOW + PROBE_BOARD_KEEP_MS;

	probe_board_end(board, &lease, PROBE_END_COMPLETE, NOW);
	assert_int_equal(probe_board_find(board, TOKEN, last - 1, &record), 0);
	assert_int_equal(
	    probe_board_find(board, TOKEN, last, &record), -ENOENT);
}

static void releases_a_pause_once_begun(void **state)
{
	struct probe_board *board = *state;
	struct probe_record record;
	struct probe_lease lease;

	assert_int_equal(probe_board_release(board, TOKEN, NOW), -ENOENT);
	lease = begin(board, TOKEN, NOW);
	assert_false(probe_board_released(board, &lease));
	assert_int_equal(probe_board_release(board, TOKEN, NOW), 0);
	assert_true(probe_board_released(board, &lease));
	assert_int_equal(probe_board_release(board, TOKEN, NOW), 0);
	assert_int_equal(probe_board_find(board, TOKEN, NOW, &record), 0);
	assert_true(record.released);
}

static void does_not_release_what_is_over(void **state)
{
	struct probe_board *board = *state;
	struct probe_record record;
	struct probe_lease lease = begin(board, TOKEN, NOW);

	probe_board_end(board, &lease, PROBE_END_COMPLETE, NOW);
	assert_int_equal(probe_board_release(board, TOKEN, NOW), -EALREADY);
	assert_int_equal(probe_board_find(board, TOKEN, NOW, &record), 0);
	assert_false(record.released);
	assert_int_equal(
	    probe_board_release(board, TOKEN, NOW + PROBE_BOARD_KEEP_MS - 1),
	    -EALREADY);
	assert_int_equal(
	    probe_board_release(board, TOKEN, NOW + PROBE_BOARD_KEEP_MS),
	    -ENOENT);
}

static void a_token_is_used_once_at_a_time(void **state)
{
	struct probe_board *board = *state;
	struct probe_lease lease = begin(board, TOKEN, NOW);
	uint64_t later = NOW + PROBE_BOARD_KEEP_MS;

	assert_int_equal(refusal(board, TOKEN, NOW), -EEXIST);
	probe_board_end(board, &lease, PROBE_END_COMPLETE, NOW);
	assert_int_equal(refusal(board, TOKEN, later - 1), -EEXIST);
	assert_int_equal(begin(board, TOKEN, later).slot, lease.slot);
}

/* The last of the leases. */
static struct probe_lease fill(struct probe_board *board, uint64_t now)
{
	struct probe_lease lease = { 0 };

	for (uint64_t i = 1; i <= PROBE_BOARD_SLOTS; i++)
		lease = begin(board, TOKEN + i, now);
	return lease;
}

static void has_just_so_many_slots(void **state)
{
	struct probe_board *board = *state;
	struct probe_lease last = fill(board, NOW);
	uint64_t later = NOW + PROBE_BOARD_KEEP_MS;
	struct probe_record record;

	assert_int_equal(refusal(board, TOKEN, NOW), -EBUSY);
	/* One becomes free when its answer is forgotten. */
	probe_board_end(board, &last, PROBE_END_LEFT, NOW);
	assert_int_equal(refusal(board, TOKEN, NOW), -EBUSY);
	assert_int_equal(begin(board, TOKEN, later).slot, last.slot);
	assert_int_equal(probe_board_find(board, TOKEN, later, &record), 0);
	assert_int_equal(record.end, PROBE_END_NONE);
	assert_int_equal(record.lasted_ms, 0);
}

/* Its worker died: nobody will ever end it. */
static void takes_back_what_was_never_ended(void **state)
{
	struct probe_board *board = *state;
	struct probe_record record;
	uint64_t last = NOW + PROBE_BOARD_LEASE_MS;

	fill(board, NOW);
	assert_int_equal(refusal(board, TOKEN, last - 1), -EBUSY);
	assert_int_equal(
	    probe_board_find(board, TOKEN + 1, last, &record), -ENOENT);
	fill(board, last);
}

/* It was stopped, and goes on when its slot is another's. */
static void a_lost_lease_does_nothing_to_the_next(void **state)
{
	struct probe_board *board = *state;
	struct probe_lease old = begin(board, TOKEN, NOW);
	uint64_t later = NOW + PROBE_BOARD_LEASE_MS;
	struct probe_lease lease;
	struct probe_record record;

	assert_int_equal(probe_board_release(board, TOKEN, NOW), 0);
	lease = begin(board, TOKEN + 1, later);
	assert_int_equal(lease.slot, old.slot);
	probe_board_sent(board, &old, 42);
	assert_false(probe_board_released(board, &old));
	probe_board_end(board, &old, PROBE_END_COMPLETE, later);
	assert_int_equal(probe_board_release(board, TOKEN, later), -ENOENT);
	assert_int_equal(probe_board_find(board, TOKEN + 1, later, &record), 0);
	assert_int_equal(record.sent, 0);
	assert_int_equal(record.end, PROBE_END_NONE);
	assert_false(record.released);
	assert_false(probe_board_released(board, &lease));
	/* It has its whole time still. */
	assert_int_equal(probe_board_find(board, TOKEN + 1,
			     later + PROBE_BOARD_LEASE_MS - 1, &record),
	    0);
}

static void an_answer_that_is_lost_is_not_released(void **state)
{
	struct probe_board *board = *state;
	uint64_t last = NOW + PROBE_BOARD_LEASE_MS;

	begin(board, TOKEN, NOW);
	assert_int_equal(probe_board_release(board, TOKEN, last), -ENOENT);
	assert_int_equal(probe_board_release(board, TOKEN, last - 1), 0);
}

static void is_shared_by_processes(void **state)
{
	struct probe_board *board = *state;
	struct probe_record record;
	int status = 0;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		struct probe_lease lease = begin(board, TOKEN, NOW);

		probe_board_sent(board, &lease, 42);
		_exit(lease.slot);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(probe_board_find(board, TOKEN, NOW, &record), 0);
	assert_int_equal(record.sent, 42);
}

#define BOARD_TEST(name) \
	cmocka_unit_test_setup_teardown(name, make_board, free_board)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		BOARD_TEST(remembers_an_answer),
		BOARD_TEST(forgets_it_in_time),
		BOARD_TEST(releases_a_pause_once_begun),
		BOARD_TEST(does_not_release_what_is_over),
		BOARD_TEST(a_token_is_used_once_at_a_time),
		BOARD_TEST(has_just_so_many_slots),
		BOARD_TEST(takes_back_what_was_never_ended),
		BOARD_TEST(a_lost_lease_does_nothing_to_the_next),
		BOARD_TEST(an_answer_that_is_lost_is_not_released),
		BOARD_TEST(is_shared_by_processes),
	};

	return cmocka_run_group_tests_name("probe_board", tests, NULL, NULL);
}
