/* SPDX-License-Identifier: MIT */
/*
 * Unit tests of fcgi_app/action_api: the answer, or the request, ends inside
 * each kind of function of an action, which then goes on to use its handle.
 */
#include "config.h"
#include "fcgi_app/action_api/action.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fcgi_app/request/request.h"
#include "tests/unit/support/mock_request.h"
#include "tests/unit/support/unit.h"

/* How a function of the action ends the answer. */
typedef int end_fn(struct action *action);

static int send_text(struct action *action)
{
	return action_send_text(action, "text");
}

static int refuse(struct action *action)
{
	return action_refuse(action, 403, "no");
}

static int fail_it(struct action *action)
{
	return action_fail(action, -EIO);
}

static int write_and_end(struct action *action)
{
	int r = action_write(action, "text", 4);

	return r < 0 ? r : action_end(action);
}

static end_fn *const ends[] = { send_text, refuse, fail_it, write_and_end,
	action_end };

/* Of the action under test. */
static struct {
	struct action *action;
	end_fn *end;
	bool is_taken;
	bool in_call;
	unsigned int gone;
	uv_timer_t timer;
} seen;

static const char *const get[] = { "REQUEST_METHOD", "GET", NULL };
static const char *const post[] = { "REQUEST_METHOD", "POST", NULL };

static int setup(void **state)
{
	*state = calloc(1, sizeof(struct mock_request));
	assert_non_null(*state);
	memset(&seen, 0, sizeof(seen));
	mock_request_init(*state);
	return 0;
}

static int teardown(void **state)
{
	mock_request_fini(*state);
	free(*state);
	return 0;
}

static void on_gone(struct action *action)
{
	assert_false(seen.in_call);
	assert_true(action_end(action) < 0);
	assert_string_equal(action_id(action), "1-1");
	seen.gone++;
}

/* In whatever function it is: the handle and the state stay there. */
static void end_inside(struct action *action)
{
	seen.in_call = true;
	seen.end(action);
	assert_int_equal(action_write(action, "more", 4), -EALREADY);
	assert_int_equal(action_end(action), -EALREADY);
	assert_ptr_equal(action_state(action), &seen);
	assert_string_equal(action_id(action), "1-1");
	assert_int_equal(seen.gone, 0);
	seen.in_call = false;
}

static void begin(struct action *action)
{
	seen.action = action;
	action_set_state(action, &seen, on_gone);
}

static void start_and_end(struct action *action)
{
	begin(action);
	if (seen.is_taken)
		assert_int_equal(action_take(action), 0);
	end_inside(action);
}

static void on_body(struct action *action, const char *body, size_t length)
{
	assert_string_equal(body, "body");
	end_inside(action);
	assert_int_equal(strlen(body), length);
}

static void start_body(struct action *action)
{
	begin(action);
	assert_int_equal(action_read_body(action, 10, on_body), 0);
}

static void start_drain(struct action *action)
{
	begin(action);
	assert_int_equal(action_on_drain(action, end_inside), 0);
}

/* The second time: the pump is on the stack. */
static void on_second_drain(struct action *action)
{
	end_inside(action);
}

static void on_first_drain(struct action *action)
{
	assert_int_equal(action_write(action, "first", 5), 0);
	assert_int_equal(action_on_drain(action, on_second_drain), 0);
}

static void start_two_drains(struct action *action)
{
	begin(action);
	assert_int_equal(action_on_drain(action, on_first_drain), 0);
}

static void on_timer(uv_timer_t *timer)
{
	end_inside(seen.action);
	uv_close((uv_handle_t *)timer, NULL);
}

static void start_timer(struct action *action)
{
	begin(action);
	assert_int_equal(action_take(action), 0);
	uv_timer_init(action_loop(action), &seen.timer);
	uv_timer_start(&seen.timer, on_timer, 0, 0);
}

/* Each way to end, with a client that is there and one that has left. */
static void check(void **state, action_start_fn *start, bool is_taken)
{
	for (size_t i = 0; i < 2 * ARRAY_LENGTH(ends); i++) {
		struct mock_request *mock;
		bool has_body = start == start_body;

		teardown(state);
		setup(state);
		mock = *state;
		seen.end = ends[i / 2];
		seen.is_taken = is_taken;
		mock->body_pending = has_body;
		mock->writer.error = i % 2 ? -EPIPE : 0;
		mock_request_start(mock, start, has_body ? post : get);
		if (has_body) {
			request_add_body(mock->request, "body", 4);
			request_end_body(mock->request);
		}
		mock_request_run(mock);
		assert_true(mock->over);
		assert_int_equal(seen.gone, 1);
		assert_true((mock->result == 0) == mock->writer.ended);
	}
}

static void inside_start(void **state)
{
	check(state, start_and_end, false);
}

static void inside_start_of_one_that_was_taken(void **state)
{
	check(state, start_and_end, true);
}

static void inside_the_bodys_done(void **state)
{
	check(state, start_body, false);
}

static void inside_drain(void **state)
{
	check(state, start_drain, false);
}

static void inside_a_timer(void **state)
{
	check(state, start_timer, false);
}

/* What was sent can't be another answer: only some ends are left. */
static void inside_drain_with_the_pump_on_the_stack(void **state)
{
	static end_fn *const late[] = { fail_it, write_and_end, action_end };

	for (size_t i = 0; i < ARRAY_LENGTH(late); i++) {
		struct mock_request *mock;

		teardown(state);
		setup(state);
		mock = *state;
		seen.end = late[i];
		mock_request_start(mock, start_two_drains, get);
		mock_request_run(mock);
		assert_true(mock->over);
		assert_int_equal(mock->result, i == 0 ? -EIO : 0);
		assert_int_equal(seen.gone, 1);
	}
}

/* Over, but not freed yet: a callback of the same turn can't answer it. */
static void between_the_end_and_gone(void **state)
{
	struct mock_request *mock = *state;

	seen.end = send_text;
	mock_request_start(mock, start_timer, get);
	uv_close((uv_handle_t *)&seen.timer, NULL);
	assert_int_equal(action_write(seen.action, "a", 1), 0);
	mock_request_run(mock);
	mock->writer.error = -EPIPE;
	assert_int_equal(action_write(seen.action, "a", 1), 0);
	stream_group_run(&mock->services.streams);
	assert_true(mock->request->is_over);
	assert_int_equal(seen.gone, 0);
	assert_int_equal(action_room(seen.action), 0);
	assert_int_equal(action_write(seen.action, "b", 1), -EPIPE);
	assert_int_equal(action_end(seen.action), -EPIPE);
	assert_string_equal(action_method(seen.action), "GET");
	mock_request_run(mock);
	assert_int_equal(mock->result, -EPIPE);
	assert_int_equal(seen.gone, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(inside_start),
		TEST(inside_start_of_one_that_was_taken),
		TEST(inside_the_bodys_done),
		TEST(inside_drain),
		TEST(inside_drain_with_the_pump_on_the_stack),
		TEST(inside_a_timer),
		TEST(between_the_end_and_gone),
	};

	return cmocka_run_group_tests_name("action_ends", tests, NULL, NULL);
}
