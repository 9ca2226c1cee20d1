/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/action_api/action: the lives of handle, state and
 * request. */
#include "config.h"
#include "fcgi_app/action_api/action.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/support/action_fixture.h"
#include "tests/unit/support/mock_request.h"
#include "tests/unit/support/unit.h"

/* Of the action under test; one at a time. */
static struct {
	struct action *action;
	unsigned int gone;
	unsigned int drains;
	bool in_call; /* a function of the action is running */
	size_t to_write;
} seen;

static const char *const get[] = { "REQUEST_METHOD", "GET", "STREAM_PATH",
	"/some path", "STREAM_X", "y", NULL };
static const char *const head[] = { "REQUEST_METHOD", "HEAD", NULL };

static int setup(void **state)
{
	struct mock_request *mock = calloc(1, sizeof(*mock));

	assert_non_null(mock);
	memset(&seen, 0, sizeof(seen));
	mock_request_init(mock);
	*state = mock;
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
	assert_ptr_equal(action, seen.action);
	assert_false(seen.in_call);
	assert_ptr_equal(action_state(action), &seen);
	assert_true(action_write(action, "x", 1) < 0);
	assert_null(action_param(action, "STREAM_X"));
	assert_string_equal(action_method(action), "");
	assert_string_equal(action_path(action), "");
	assert_string_equal(action_id(action), "1-1");
	seen.gone++;
}

static void remember(struct action *action)
{
	seen.action = action;
	action_set_state(action, &seen, on_gone);
}

/* --- what start does ------------------------------------------------------ */

static void start_text(struct action *action)
{
	seen.in_call = true;
	remember(action);
	assert_string_equal(action_param(action, "STREAM_X"), "y");
	assert_null(action_param(action, "STREAM_Z"));
	assert_string_equal(action_path(action), "/some path");
	assert_string_equal(action_method(action), "GET");
	assert_int_equal(action_send_text(action, "text"), 0);
	assert_int_equal(action_send_text(action, "text"), -EALREADY);
	seen.in_call = false;
}

static void a_text_is_an_answer(void **state)
{
	struct mock_request *mock = *state;

	mock_request_start(mock, start_text, get);
	mock_request_run(mock);
	assert_true(mock->over);
	assert_int_equal(mock->result, 0);
	assert_int_equal(seen.gone, 1);
	assert_string_equal(mock_request_body(mock), "text");
	check_head_has(mock, "Status: 200 OK\r\n");
	check_head_has(mock, "\r\nContent-Length: 4\r\n");
}

/* The request ends inside the call that answers it. */
static void a_client_that_left_before_is_noticed_after_start(void **state)
{
	struct mock_request *mock = *state;

	mock->writer.error = -EPIPE;
	mock_request_start(mock, start_text, get);
	mock_request_run(mock);
	assert_true(mock->over);
	assert_int_equal(mock->result, -EPIPE);
	assert_int_equal(seen.gone, 1);
}

static void start_writes(struct action *action)
{
	remember(action);
	assert_int_equal(action_field(action, "X-A", "1"), 0);
	assert_int_equal(action_room(action), ACTION_ROOM_MAX);
	assert_int_equal(action_write(action, "one ", 4), 0);
	assert_int_equal(action_room(action), ACTION_ROOM_MAX - 4);
	assert_int_equal(action_print(action, "%s", "two"), 0);
	assert_int_equal(action_field(action, "X-B", "2"), -EALREADY);
	assert_int_equal(action_status(action, 404), -EALREADY);
}

static void what_start_wrote_has_a_length(void **state)
{
	struct mock_request *mock = *state;

	mock_request_start(mock, start_writes, get);
	mock_request_run(mock);
	assert_int_equal(seen.gone, 1);
	assert_string_equal(mock_request_body(mock), "one two");
	check_head_has(mock, "\r\nContent-Length: 7\r\n");
	check_head_has(mock, "\r\nX-A: 1\r\n");
}

static void a_head_request_gets_the_head_alone(void **state)
{
	struct mock_request *mock = *state;

	mock_request_start(mock, start_writes, head);
	mock_request_run(mock);
	assert_int_equal(seen.gone, 1);
	assert_string_equal(mock_request_body(mock), "");
	check_head_has(mock, "\r\nContent-Length: 7\r\n");
}

static void start_end(struct action *action)
{
	remember(action);
	assert_int_equal(action_end(action), 0);
}

static void an_answer_may_be_empty(void **state)
{
	struct mock_request *mock = *state;

	mock_request_start(mock, start_end, get);
	mock_request_run(mock);
	assert_int_equal(seen.gone, 1);
	check_head_has(mock, "Status: 200 OK\r\n");
	check_head_has(mock, "\r\nContent-Length: 0\r\n");
}

static void start_long_print(struct action *action)
{
	static char text[ACTION_ROOM_MAX + 1];

	memset(text, 'x', ACTION_ROOM_MAX);
	assert_int_equal(action_print(action, "%s", text), 0);
	assert_int_equal(action_room(action), 0);
}

static void a_long_text_is_printed_up_to_the_room(void **state)
{
	struct mock_request *mock = *state;

	mock_request_start(mock, start_long_print, get);
	mock_request_run(mock);
	assert_int_equal(strlen(mock_request_body(mock)), ACTION_ROOM_MAX);
}

/* --- bit by bit ----------------------------------------------------------- */

static void on_drain(struct action *action)
{
	char block[1000];
	size_t n = sizeof(block);

	seen.drains++;
	memset(block, 'x', sizeof(block));
	while (seen.to_write > 0) {
		if (n > seen.to_write)
			n = seen.to_write;
		if (action_room(action) < n)
			return;
		assert_int_equal(action_write(action, block, n), 0);
		seen.to_write -= n;
	}
	assert_int_equal(action_end(action), 0);
}

static void start_drain(struct action *action)
{
	remember(action);
	assert_int_equal(action_on_drain(action, on_drain), 0);
}

static void bytes_are_asked_for_when_there_is_room(void **state)
{
	static const size_t sizes[] = { 0, 1, 1000, 65000, 66000, 1000000 };
	struct mock_request *mock = *state;

	for (size_t i = 0; i < ARRAY_LENGTH(sizes); i++) {
		mock_request_fini(mock);
		mock_request_init(mock);
		memset(&seen, 0, sizeof(seen));
		seen.to_write = sizes[i];
		mock->writer.credit = 5000;
		mock_request_start(mock, start_drain, get);
		while (!mock->over) {
			mock_request_run(mock);
			mock_writer_drain(&mock->writer, 5000);
		}
		mock_request_run(mock);
		assert_int_equal(mock->result, 0);
		assert_int_equal(seen.gone, 1);
		assert_int_equal(seen.drains, sizes[i] / 65001 + 1);
		assert_int_equal(strlen(mock_request_body(mock)), sizes[i]);
	}
}

static void a_head_request_does_not_ask_for_bytes(void **state)
{
	struct mock_request *mock = *state;

	seen.to_write = 1000000;
	mock_request_start(mock, start_drain, head);
	seen.to_write = 0;
	mock_request_run(mock);
	assert_true(mock->over);
	assert_int_equal(seen.drains, 1);
	assert_string_equal(mock_request_body(mock), "");
}

static void a_slow_client_that_leaves_ends_it(void **state)
{
	struct mock_request *mock = *state;

	seen.to_write = 1000000;
	mock->writer.credit = 5000;
	mock_request_start(mock, start_drain, get);
	mock_request_run(mock);
	assert_int_equal(seen.gone, 0);
	mock_request_leave(mock);
	mock_request_run(mock);
	assert_int_equal(seen.gone, 1);
}

/* --- later ---------------------------------------------------------------- */

static void start_taken(struct action *action)
{
	remember(action);
	assert_int_equal(action_take(action), 0);
}

static void a_taken_answer_goes_on_later(void **state)
{
	struct mock_request *mock = *state;

	mock_request_start(mock, start_taken, get);
	mock_request_run(mock);
	assert_int_equal(mock->writer.length, 0);
	assert_int_equal(action_send_head(seen.action), 0);
	mock_request_run(mock);
	assert_string_equal(mock_request_body(mock), "");
	assert_int_equal(action_send_head(seen.action), -EALREADY);
	assert_int_equal(action_write(seen.action, "a", 1), 0);
	mock_request_run(mock);
	assert_string_equal(mock_request_body(mock), "a");
	assert_int_equal(action_write(seen.action, "b", 1), 0);
	assert_int_equal(action_end(seen.action), 0);
	mock_request_run(mock);
	assert_true(mock->over);
	assert_int_equal(seen.gone, 1);
	assert_string_equal(mock_request_body(mock), "ab");
}

/* The handle stays; gone is called when the client leaves, just once. */
static void a_taken_handle_outlives_its_client(void **state)
{
	struct mock_request *mock = *state;

	mock_request_start(mock, start_taken, get);
	assert_int_equal(action_write(seen.action, "a", 1), 0);
	mock_request_run(mock);
	mock_request_leave(mock);
	assert_int_equal(seen.gone, 1);
	assert_int_equal(action_write(seen.action, "b", 1), -EPIPE);
	assert_int_equal(action_room(seen.action), 0);
	assert_int_equal(action_field(seen.action, "X-A", "1"), -EALREADY);
	assert_int_equal(action_end(seen.action), -EPIPE);
	/* It stays until this "callback" returns. */
	assert_string_equal(action_id(seen.action), "1-1");
	assert_int_equal(action_end(seen.action), -EALREADY);
	mock_request_run(mock);
	assert_int_equal(seen.gone, 1);
}

static void a_handle_can_be_answered_after_its_client(void **state)
{
	struct mock_request *mock = *state;

	mock_request_start(mock, start_taken, get);
	mock_request_leave(mock);
	assert_int_equal(action_field(seen.action, "X-A", "1"), -EPIPE);
	assert_int_equal(action_send_text(seen.action, "too late"), -EPIPE);
	assert_int_equal(seen.gone, 1);
}

/* A write meets the broken connection inside the call. */
static void gone_waits_for_the_end_of_the_call(void **state)
{
	struct mock_request *mock = *state;

	mock_request_start(mock, start_taken, get);
	assert_int_equal(action_write(seen.action, "a", 1), 0);
	mock_request_run(mock);
	mock->writer.error = -EPIPE;
	seen.in_call = true;
	assert_int_equal(action_write(seen.action, "a", 1), 0);
	while (stream_group_run(&mock->services.streams))
		;
	seen.in_call = false;
	mock_request_run(mock);
	assert_true(mock->over);
	assert_int_equal(seen.gone, 1);
	assert_int_equal(action_write(seen.action, "b", 1), -EPIPE);
	assert_int_equal(action_fail(seen.action, -EIO), -EPIPE);
}

static void a_failure_before_the_head_has_a_status(void **state)
{
	struct mock_request *mock = *state;

	mock_request_start(mock, start_taken, get);
	assert_int_equal(action_fail(seen.action, -ENOMEM), 0);
	mock_request_run(mock);
	assert_int_equal(mock->result, 0);
	assert_int_equal(seen.gone, 1);
	check_head_has(mock, "Status: 503 ");
}

static void a_failure_after_the_head_breaks(void **state)
{
	/* The first two would look like the client's. */
	static const int errors[] = { -EPIPE, -ECONNRESET, -EIO, -EHWPOISON };
	struct mock_request *mock = *state;

	for (size_t i = 0; i < ARRAY_LENGTH(errors); i++) {
		mock_request_fini(mock);
		mock_request_init(mock);
		memset(&seen, 0, sizeof(seen));
		mock_request_start(mock, start_taken, get);
		assert_int_equal(action_write(seen.action, "a", 1), 0);
		mock_request_run(mock);
		assert_int_equal(action_fail(seen.action, errors[i]), 0);
		mock_request_run(mock);
		assert_true(mock->over);
		assert_int_equal(mock->result, i < 2 ? -EREMOTEIO : errors[i]);
		assert_false(mock->writer.ended);
		assert_int_equal(seen.gone, 1);
	}
}

/* In one callback nothing has left yet: it has a length, or another status. */
static void one_callback_is_one_answer(void **state)
{
	struct mock_request *mock = *state;

	mock_request_start(mock, start_taken, get);
	mock_request_run(mock);
	assert_int_equal(action_print(seen.action, "%d", 12), 0);
	assert_int_equal(action_write(seen.action, "34", 2), 0);
	assert_int_equal(action_end(seen.action), 0);
	mock_request_run(mock);
	check_head_has(mock, "\r\nContent-Length: 4\r\n");
	assert_string_equal(mock_request_body(mock), "1234");

	teardown(state);
	setup(state);
	mock = *state;
	mock_request_start(mock, start_taken, get);
	mock_request_run(mock);
	assert_int_equal(action_print(seen.action, "%d", 12), 0);
	assert_int_equal(action_fail(seen.action, -ENOENT), 0);
	mock_request_run(mock);
	check_head_has(mock, "Status: 404 ");
	assert_int_equal(seen.gone, 1);
}

/* It has begun to gather, and the client leaves before it has left. */
static void a_client_may_leave_before_the_head(void **state)
{
	struct mock_request *mock = *state;

	mock_request_start(mock, start_taken, get);
	mock_request_run(mock);
	assert_int_equal(action_write(seen.action, "a", 1), 0);
	mock_request_leave(mock);
	assert_int_equal(seen.gone, 1);
	assert_int_equal(action_send_text(seen.action, "b"), -EPIPE);
	mock_request_run(mock);
	assert_int_equal(mock->writer.length, 0);
}

static void what_was_promised_is_the_length(void **state)
{
	struct mock_request *mock = *state;

	mock_request_start(mock, start_taken, get);
	assert_int_equal(action_length(seen.action, 3), 0);
	assert_int_equal(action_room(seen.action), 3);
	assert_int_equal(action_write(seen.action, "abc", 3), 0);
	assert_int_equal(action_room(seen.action), 0);
	assert_int_equal(action_end(seen.action), 0);
	mock_request_run(mock);
	check_head_has(mock, "\r\nContent-Length: 3\r\n");
	assert_string_equal(mock_request_body(mock), "abc");
	assert_int_equal(mock->result, 0);
}

static void less_than_was_promised_breaks(void **state)
{
	struct mock_request *mock = *state;

	mock_request_start(mock, start_taken, get);
	assert_int_equal(action_length(seen.action, 3), 0);
	assert_int_equal(action_write(seen.action, "ab", 2), 0);
	mock_request_run(mock);
	assert_int_equal(action_end(seen.action), 0);
	mock_request_run(mock);
	assert_int_equal(mock->result, -EPROTO);
	assert_false(mock->writer.ended);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(a_text_is_an_answer),
		TEST(a_client_that_left_before_is_noticed_after_start),
		TEST(what_start_wrote_has_a_length),
		TEST(a_head_request_gets_the_head_alone),
		TEST(an_answer_may_be_empty),
		TEST(a_long_text_is_printed_up_to_the_room),
		TEST(bytes_are_asked_for_when_there_is_room),
		TEST(a_head_request_does_not_ask_for_bytes),
		TEST(a_slow_client_that_leaves_ends_it),
		TEST(a_taken_answer_goes_on_later),
		TEST(a_taken_handle_outlives_its_client),
		TEST(a_handle_can_be_answered_after_its_client),
		TEST(gone_waits_for_the_end_of_the_call),
		TEST(a_failure_before_the_head_has_a_status),
		TEST(a_failure_after_the_head_breaks),
		TEST(one_callback_is_one_answer),
		TEST(a_client_may_leave_before_the_head),
		TEST(what_was_promised_is_the_length),
		TEST(less_than_was_promised_breaks),
	};

	return cmocka_run_group_tests_name("action", tests, NULL, NULL);
}
