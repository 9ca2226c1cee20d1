/* SPDX-License-Identifier: MIT */
/*
 * The timer for peers on a real loop. What happens meanwhile is put into
 * timers of the same loop, which fire in the order in which they are due; so
 * the tests do not depend on how fast the machine is.
 */
#include "config.h"
#include "fcgi_app/connection/peer_timer.h"

#include <string.h>

#include "common/container_of.h"
#include "fcgi_app/setup/options.h"
#include "tests/unit/support/unit.h"

#define HEAD_MS 30
#define SEND_MS 40

typedef void event_fn(struct peer_timer *timer);

struct fixture {
	uv_loop_t loop;
	struct options options;
	struct peer_timer timer;
	uv_timer_t event;
	event_fn *what;
	uint64_t begun;
	uint64_t expired_after;
	const char *reason; /* NULL: it did not expire */
};

static void on_expired(struct peer_timer *timer, const char *reason)
{
	struct fixture *f = container_of(timer, struct fixture, timer);

	assert_null(f->reason);
	f->reason = reason;
	f->expired_after = uv_now(&f->loop) - f->begun;
	peer_timer_set(timer, PEER_TIMER_OFF);
}

static void on_event(uv_timer_t *event)
{
	struct fixture *f = container_of(event, struct fixture, event);

	f->what(&f->timer);
}

static int setup(void **state)
{
	static struct fixture f;

	memset(&f, 0, sizeof(f));
	assert_int_equal(uv_loop_init(&f.loop), 0);
	f.options.head_timeout_ms = HEAD_MS;
	f.options.send_timeout_ms = SEND_MS;
	peer_timer_init(&f.timer, &f.loop, &f.options, on_expired);
	uv_timer_init(&f.loop, &f.event);
	uv_update_time(&f.loop);
	f.begun = uv_now(&f.loop);
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	uv_close((uv_handle_t *)&f->timer.handle, NULL);
	uv_close((uv_handle_t *)&f->event, NULL);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&f->loop), 0);
	return 0;
}

/* Runs to the end, with `what` happening after so long. */
static void run_with(struct fixture *f, uint64_t ms, event_fn *what)
{
	f->what = what;
	uv_timer_start(&f->event, on_event, ms, 0);
	uv_run(&f->loop, UV_RUN_DEFAULT);
}

static void turn_off(struct peer_timer *timer)
{
	peer_timer_set(timer, PEER_TIMER_OFF);
}

static void set_head_again(struct peer_timer *timer)
{
	uint64_t left = uv_timer_get_due_in(&timer->handle);

	assert_true(left < HEAD_MS);
	peer_timer_set(timer, PEER_TIMER_HEAD);
	assert_int_equal(uv_timer_get_due_in(&timer->handle), left);
}

static void start_waiting(struct peer_timer *timer)
{
	peer_timer_wait(timer, true);
}

static void stop_waiting_and_turn_off(struct peer_timer *timer)
{
	peer_timer_wait(timer, false);
	peer_timer_set(timer, PEER_TIMER_OFF);
}

static void test_head_and_linger(void **state)
{
	struct fixture *f = *state;

	peer_timer_set(&f->timer, PEER_TIMER_HEAD);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_true(strstr(f->reason, "request head") != NULL);
	assert_true(f->expired_after >= HEAD_MS);
	f->reason = NULL;
	peer_timer_set(&f->timer, PEER_TIMER_BODY);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_true(strstr(f->reason, "request body") != NULL);
}

static void test_off(void **state)
{
	struct fixture *f = *state;

	peer_timer_set(&f->timer, PEER_TIMER_HEAD);
	run_with(f, HEAD_MS / 2, turn_off);
	assert_null(f->reason);
}

/* Bytes that trickle in give no more time for the head. */
static void test_same_use_runs_on(void **state)
{
	struct fixture *f = *state;

	peer_timer_set(&f->timer, PEER_TIMER_HEAD);
	run_with(f, HEAD_MS / 2, set_head_again);
	assert_non_null(f->reason);
}

static void test_send_while_waiting(void **state)
{
	struct fixture *f = *state;

	peer_timer_wait(&f->timer, true);
	peer_timer_set(&f->timer, PEER_TIMER_SEND);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_true(strstr(f->reason, "--send-timeout") != NULL);
	assert_true(f->expired_after >= SEND_MS);
}

/* A slow disk is not the peer's fault: twice the time passes. */
static void test_send_without_waiting(void **state)
{
	struct fixture *f = *state;

	peer_timer_set(&f->timer, PEER_TIMER_SEND);
	run_with(f, SEND_MS * 5 / 2, stop_waiting_and_turn_off);
	assert_null(f->reason);
}

/* Only what the peer let wait counts, from when it did. */
static void test_send_counts_from_waiting(void **state)
{
	struct fixture *f = *state;

	peer_timer_set(&f->timer, PEER_TIMER_SEND);
	run_with(f, SEND_MS / 2, start_waiting);
	assert_non_null(f->reason);
	assert_true(f->expired_after >= SEND_MS + SEND_MS / 2);
}

static void test_send_progress(void **state)
{
	struct fixture *f = *state;

	peer_timer_wait(&f->timer, true);
	peer_timer_set(&f->timer, PEER_TIMER_SEND);
	run_with(f, SEND_MS / 2, peer_timer_progress);
	assert_non_null(f->reason);
	assert_true(f->expired_after >= SEND_MS + SEND_MS / 2);
}

/* Waiting on is no progress. */
static void test_send_waiting_on(void **state)
{
	struct fixture *f = *state;
	uint64_t since;

	peer_timer_wait(&f->timer, true);
	since = f->timer.waiting_since;
	peer_timer_set(&f->timer, PEER_TIMER_SEND);
	run_with(f, SEND_MS / 2, start_waiting);
	assert_non_null(f->reason);
	assert_int_equal(f->timer.waiting_since, since);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_head_and_linger),
		TEST(test_off),
		TEST(test_same_use_runs_on),
		TEST(test_send_while_waiting),
		TEST(test_send_without_waiting),
		TEST(test_send_counts_from_waiting),
		TEST(test_send_progress),
		TEST(test_send_waiting_on),
	};

	return cmocka_run_group_tests_name("peer_timer", tests, NULL, NULL);
}
