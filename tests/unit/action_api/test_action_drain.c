/* SPDX-License-Identifier: MIT */
/*
 * Unit tests of fcgi_app/action_api/action_drain: whenever a drain is set, it
 * is called when there is room, and not more often.
 */
#include "config.h"
#include "fcgi_app/action_api/action.h"

#include <errno.h>
#include <string.h>

#include "tests/unit/support/action_fixture.h"
#include "tests/unit/support/mock_request.h"
#include "tests/unit/support/unit.h"

/* Of the action under test. */
static struct {
	struct action *action;
	unsigned int drains;
	unsigned int others;
} seen;

static const char *const get[] = { "REQUEST_METHOD", "GET", NULL };
static const char *const head[] = { "REQUEST_METHOD", "HEAD", NULL };

static void start_taken(struct action *action)
{
	memset(&seen, 0, sizeof(seen));
	seen.action = action;
	assert_int_equal(action_take(action), 0);
}

static void begin(struct mock_request *mock, const char *const *params)
{
	mock_request_start(mock, start_taken, params);
	mock_request_run(mock);
}

static void write_one(struct action *action)
{
	seen.drains++;
	assert_true(action_room(action) > 0);
	assert_int_equal(action_write(action, "x", 1), 0);
	if (seen.drains == 3)
		assert_int_equal(action_end(action), 0);
}

/* What was written before it is set. */
enum before { NOTHING, HEAD, BYTES, BYTES_ON_THEIR_WAY };

static void write_before(struct mock_request *mock, enum before before)
{
	if (before == HEAD)
		assert_int_equal(action_send_head(seen.action), 0);
	if (before >= BYTES)
		assert_int_equal(action_write(seen.action, "12", 2), 0);
	if (before == BYTES_ON_THEIR_WAY)
		mock_request_run(mock);
}

static void one_that_is_set_late_is_called(void **state)
{
	for (int before = NOTHING; before <= BYTES_ON_THEIR_WAY; before++) {
		struct mock_request *mock;

		action_teardown(state);
		action_setup(state);
		mock = *state;
		begin(mock, get);
		write_before(mock, (enum before)before);
		assert_int_equal(action_on_drain(seen.action, write_one), 0);
		/* Not from inside a call. */
		assert_int_equal(seen.drains, 0);
		mock_request_run(mock);
		assert_int_equal(seen.drains, 3);
		assert_true(mock->over);
		assert_int_equal(mock->result, 0);
		assert_string_equal(
		    mock_request_body(mock), before >= BYTES ? "12xxx" : "xxx");
	}
}

static void a_slow_client_is_waited_for(void **state)
{
	struct mock_request *mock = *state;

	begin(mock, get);
	mock->writer.credit = 0;
	assert_int_equal(action_write(seen.action, "12", 2), 0);
	mock_request_run(mock);
	assert_int_equal(action_on_drain(seen.action, write_one), 0);
	mock_request_run(mock);
	assert_int_equal(seen.drains, 0);
	mock_writer_drain(&mock->writer, SIZE_MAX);
	mock_request_run(mock);
	assert_int_equal(seen.drains, 3);
	assert_true(mock->over);
}

static void write_all(struct action *action)
{
	seen.drains++;
	while (action_room(action) > 0)
		assert_int_equal(action_write(action, "x", 1), 0);
	if (seen.drains == 2)
		assert_int_equal(action_end(action), 0);
}

static void a_head_request_has_it_too(void **state)
{
	struct mock_request *mock = *state;

	begin(mock, head);
	assert_int_equal(action_on_drain(seen.action, write_all), 0);
	mock_request_run(mock);
	assert_int_equal(seen.drains, 1);
	assert_true(mock->over);
	assert_string_equal(mock_request_body(mock), "");
	action_end(seen.action);
}

static void write_nothing(struct action *action)
{
	seen.drains++;
	assert_int_equal(action_on_drain(action, write_nothing), 0);
}

/* It would spin: only a write, or a new function, is worth another call. */
static void one_that_writes_nothing_is_called_once(void **state)
{
	struct mock_request *mock = *state;

	begin(mock, get);
	assert_int_equal(action_on_drain(seen.action, write_nothing), 0);
	mock_request_run(mock);
	assert_int_equal(seen.drains, 1);
	assert_int_equal(action_write(seen.action, "x", 1), 0);
	mock_request_run(mock);
	assert_int_equal(seen.drains, 2);
	assert_int_equal(action_on_drain(seen.action, NULL), 0);
	assert_int_equal(action_write(seen.action, "x", 1), 0);
	mock_request_run(mock);
	assert_int_equal(seen.drains, 2);
	assert_int_equal(action_end(seen.action), 0);
}

static void end_it(struct action *action)
{
	seen.others++;
	assert_int_equal(action_print(action, "end"), 0);
	assert_int_equal(action_end(action), 0);
}

static void set_another(struct action *action)
{
	seen.drains++;
	assert_int_equal(action_on_drain(action, end_it), 0);
	assert_int_equal(seen.others, 0);
}

static void start_drain(struct action *action)
{
	memset(&seen, 0, sizeof(seen));
	assert_int_equal(action_on_drain(action, set_another), 0);
}

/* In `start`, and where the pump is on the stack. */
static void one_may_set_another(void **state)
{
	struct mock_request *mock = *state;

	mock_request_start(mock, start_drain, get);
	mock_request_run(mock);
	assert_int_equal(seen.drains, 1);
	assert_int_equal(seen.others, 1);
	assert_string_equal(mock_request_body(mock), "end");

	action_teardown(state);
	action_setup(state);
	mock = *state;
	begin(mock, get);
	assert_int_equal(action_write(seen.action, "x", 1), 0);
	assert_int_equal(action_on_drain(seen.action, set_another), 0);
	mock_request_run(mock);
	assert_int_equal(seen.others, 1);
	assert_string_equal(mock_request_body(mock), "xend");
}

static void pong(struct action *action);

static void ping(struct action *action)
{
	seen.drains++;
	action_on_drain(action, pong);
}

static void pong(struct action *action)
{
	seen.drains++;
	action_on_drain(action, ping);
}

/* The loop goes on: others have their turns. */
static void two_that_set_each_other_hold_up_nobody(void **state)
{
	struct mock_request *mock = *state;

	begin(mock, get);
	assert_int_equal(action_on_drain(seen.action, ping), 0);
	for (int turn = 1; turn < 10; turn++) {
		uv_run(&mock->loop, UV_RUN_NOWAIT);
		turn_ends_run(&mock->services.ends);
		assert_in_range(seen.drains, 1, (unsigned int)turn);
	}
	mock_request_leave(mock);
	action_end(seen.action);
}

static void a_client_may_leave_before_it_is_called(void **state)
{
	struct mock_request *mock = *state;

	begin(mock, get);
	assert_int_equal(action_on_drain(seen.action, write_one), 0);
	mock_request_leave(mock);
	mock_request_run(mock);
	assert_int_equal(seen.drains, 0);
	assert_int_equal(action_on_drain(seen.action, write_one), -EPIPE);
	assert_int_equal(action_end(seen.action), -EPIPE);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, action_setup, action_teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(one_that_is_set_late_is_called),
		TEST(a_slow_client_is_waited_for),
		TEST(a_head_request_has_it_too),
		TEST(one_that_writes_nothing_is_called_once),
		TEST(one_may_set_another),
		TEST(two_that_set_each_other_hold_up_nobody),
		TEST(a_client_may_leave_before_it_is_called),
	};

	return cmocka_run_group_tests_name("action_drain", tests, NULL, NULL);
}
