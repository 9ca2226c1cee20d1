/* SPDX-License-Identifier: MIT */
/*
 * Unit tests of fcgi_app/action_api: what an action does wrong is seen by its
 * client as an error, is in the log, and harms nobody else.
 */
#include "config.h"
#include "fcgi_app/action_api/action.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#include "tests/unit/support/action_fixture.h"
#include "tests/unit/support/captured_log.h"
#include "tests/unit/support/descriptors.h"
#include "tests/unit/support/mock_request.h"
#include "tests/unit/support/unit.h"

static const char *const get[] = { "REQUEST_METHOD", "GET", NULL };
static const char big[ACTION_ROOM_MAX + 1];

struct mistake {
	/* What the action does, and then goes on. */
	void (*make)(struct action *action);
	const char *log;
};

/* --- in output ------------------------------------------------------------ */

static void write_too_much(struct action *action)
{
	assert_int_equal(action_write(action, big, sizeof(big)), -ENOBUFS);
}

static void print_too_much(struct action *action)
{
	assert_int_equal(action_print(action, "%*s", 70000, "x"), -ENOBUFS);
}

static void write_null(struct action *action)
{
	assert_int_equal(action_write(action, NULL, 1), -EINVAL);
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
static void print_null(struct action *action)
{
	const char *volatile format = NULL;

	assert_int_equal(action_print(action, format, 0), -EINVAL);
}
#pragma GCC diagnostic pop

static void send_null_text(struct action *action)
{
	assert_true(action_send_text(action, NULL) < 0);
}

static void send_null_bytes(struct action *action)
{
	assert_true(action_send_bytes(action, NULL, 5) < 0);
}

static void send_endless_bytes(struct action *action)
{
	assert_true(action_send_bytes(action, big, SIZE_MAX) < 0);
}

static void send_no_chunks(struct action *action)
{
	assert_true(action_send_fd(action, dup(0), 0) < 0);
}

static void send_large_chunks(struct action *action)
{
	assert_true(action_send_fd(action, dup(0), ACTION_CHUNK_MAX + 1) < 0);
}

/* Any of these, when the head has left and when it has not. */
static const struct mistake outputs[] = {
	{ write_too_much, "action_write() of 65537 bytes: action_room() is 6" },
	{ print_too_much, "action_print() of 70000 bytes: action_room() is 6" },
	{ write_null, "action_write() of 1 bytes at NULL" },
	{ print_null, "action_print(\"(null)\")" },
	{ send_null_text, "action_send_text()" },
	{ send_null_bytes, "action_send_bytes()" },
	{ send_endless_bytes, "action_send_bytes()" },
	{ send_no_chunks, "action_send_fd()" },
	{ send_large_chunks, "action_send_fd()" },
};

/* --- elsewhere ------------------------------------------------------------ */

static void do_nothing(struct action *action)
{
	(void)action;
}

static void set_a_field(struct action *action)
{
	action_field(action, "Content-Type", "text/event-stream");
}

static void write_more_than_promised(struct action *action)
{
	assert_int_equal(action_length(action, 3), 0);
	assert_int_equal(action_room(action), 3);
	assert_int_equal(action_write(action, "1234", 4), -EMSGSIZE);
}

static void send_after_print(struct action *action)
{
	assert_int_equal(action_print(action, "begun"), 0);
	assert_int_equal(action_send_text(action, "text"), -EALREADY);
}

static void refuse_after_print(struct action *action)
{
	assert_int_equal(action_print(action, "begun"), 0);
	assert_int_equal(action_refuse(action, 403, "no"), -EALREADY);
}

static void refuse_with_success(struct action *action)
{
	assert_int_equal(action_refuse(action, 200, NULL), 0);
}

static void send_no_descriptor(struct action *action)
{
	assert_int_equal(action_send_fd(action, -1, 4096), 0);
}

static void fail_with_0(struct action *action)
{
	assert_int_equal(action_fail(action, 0), 0);
}

static void fail_with_an_errno(struct action *action)
{
	assert_int_equal(action_fail(action, ENOENT), 0);
}

static void fail_with_the_end(struct action *action)
{
	assert_int_equal(action_fail(action, UV_EOF), 0);
}

static void fail_with_a_name(struct action *action)
{
	assert_int_equal(action_fail(action, UV_EAI_NONAME), 0);
}

static void read_no_body(struct action *action)
{
	assert_int_equal(action_read_body(action, 10, NULL), -EINVAL);
}

static void open_for_nobody(struct action *action)
{
	assert_int_equal(action_open(action, NULL, NULL), -EINVAL);
}

/* These, before the head has left. */
static const struct mistake others[] = {
	{ do_nothing, "returned without an answer" },
	{ set_a_field, "returned without an answer" },
	{ write_more_than_promised, "only 3 are left" },
	{ send_after_print, "action_send_text() after the answer has begun" },
	{ refuse_after_print, "action_refuse() after the answer has begun" },
	{ refuse_with_success, "action_refuse(200): not a status" },
	{ send_no_descriptor, "action_send_fd(-1): Bad file descriptor" },
	{ fail_with_0, "action_fail(0): not a negative errno" },
	{ fail_with_an_errno, "action_fail(2): not a negative errno" },
	{ fail_with_the_end, "action_fail(-4095): end of file" },
	{ fail_with_a_name, "action_fail(-3008): unknown node or service" },
	{ read_no_body, "action_read_body(10, NULL)" },
	{ open_for_nobody, "action_open(): `done` is NULL" },
};

/* --- making them ---------------------------------------------------------- */

static struct {
	const struct mistake *mistake;
	struct action *action;
	bool goes_on;
} seen;

static void make(struct action *action)
{
	int r;

	seen.mistake->make(action);
	if (!seen.goes_on)
		return;
	/* As if nothing had happened. */
	r = action_print(action, "more");
	assert_true(r == -EPIPE || r == -EALREADY);
	assert_true(action_on_drain(action, make) < 0);
	assert_true(action_end(action) < 0);
}

static void check_log(char *log, const struct mistake *mistake)
{
	if (!strstr(log, "1-1: action -: ") || !strstr(log, mistake->log))
		fail_msg("no \"%s\" in the log: %s", mistake->log, log);
	free(log);
}

static void check_500(const struct mistake *mistake)
{
	struct captured_log captured;
	int before = count_descriptors();
	void *state;

	action_setup(&state);
	seen.mistake = mistake;
	captured_log_begin(&captured);
	mock_request_start(state, make, get);
	mock_request_run(state);
	check_log(captured_log_end(&captured), mistake);
	check_head_has(state, "Status: 500 ");
	assert_string_equal(
	    mock_request_body(state), "500 Internal Server Error\n");
	action_teardown(&state);
	assert_int_equal(count_descriptors(), before);
}

static void in_start_they_are_a_500(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(outputs); i++) {
		seen.goes_on = true;
		check_500(&outputs[i]);
		seen.goes_on = false;
		check_500(&outputs[i]);
	}
	for (size_t i = 0; i < ARRAY_LENGTH(others); i++)
		check_500(&others[i]);
}

static void start_taken(struct action *action)
{
	seen.action = action;
	assert_int_equal(action_take(action), 0);
}

/* ... also in what looks like a whole answer. */
static void check_break(const struct mistake *mistake, bool goes_on)
{
	struct captured_log captured;
	int before = count_descriptors();
	struct mock_request *mock;
	void *state;

	action_setup(&state);
	mock = state;
	seen.mistake = mistake;
	seen.goes_on = goes_on;
	captured_log_begin(&captured);
	mock_request_start(mock, start_taken, get);
	action_write(seen.action, "begun", 5);
	mock_request_run(mock);
	make(seen.action);
	action_end(seen.action);
	mock_request_run(mock);
	check_log(captured_log_end(&captured), mistake);
	assert_true(mock->over);
	assert_true(mock->result < 0);
	assert_false(mock->writer.ended);
	assert_string_equal(mock_request_body(mock), "begun");
	action_teardown(&state);
	assert_int_equal(count_descriptors(), before);
}

static void after_the_head_they_break_the_answer(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2 * ARRAY_LENGTH(outputs); i++)
		check_break(&outputs[i / 2], i % 2);
}

static void bytes_after_the_end_are_in_the_log(void **state)
{
	struct mock_request *mock = *state;
	struct captured_log captured;
	char *log;

	mock_request_start(mock, start_taken, get);
	captured_log_begin(&captured);
	action_send_text(seen.action, "text");
	action_send_text(seen.action, "text");
	action_print(seen.action, "text");
	log = captured_log_end(&captured);
	assert_non_null(
	    strstr(log, "action_send_text() after the end of the answer"));
	assert_null(strstr(log, "action_print()"));
	free(log);
	mock_request_run(mock);
	assert_string_equal(mock_request_body(mock), "text");
}

/* --- handles that are used too late --------------------------------------- */

static void nothing(struct action *action, const char *body, size_t length)
{
	(void)action;
	(void)body;
	(void)length;
}

static void nothing_opened(struct action *action, int fd, const struct stat *st)
{
	(void)action;
	(void)fd;
	(void)st;
}

static void use_in_every_way(
    struct action *action, const struct mock_request *mock)
{
	int before = count_descriptors();

	assert_null(action_param(action, "REQUEST_METHOD"));
	assert_string_equal(action_method(action), "");
	assert_string_equal(action_path(action), "");
	assert_string_equal(action_id(action), "");
	assert_ptr_equal(action_loop(action), &mock->loop);
	action_log(action, "late");
	action_set_state(action, &seen, NULL);
	assert_null(action_state(action));
	assert_int_equal(action_take(action), -EPIPE);
	assert_int_equal(action_status(action, 404), -EPIPE);
	assert_int_equal(action_field(action, "X-A", "1"), -EPIPE);
	assert_int_equal(action_length(action, 1), -EPIPE);
	assert_int_equal(action_validators(action, "\"a\"", 0), -EPIPE);
	assert_int_equal(action_read_body(action, 1, nothing), -EPIPE);
	assert_int_equal(action_open(action, NULL, nothing_opened), -EPIPE);
	assert_int_equal(action_on_drain(action, do_nothing), -EPIPE);
	assert_int_equal(action_send_head(action), -EPIPE);
	assert_int_equal(action_room(action), 0);
	assert_int_equal(action_write(action, "x", 1), -EPIPE);
	assert_int_equal(action_print(action, "x"), -EPIPE);
	assert_int_equal(action_send_text(action, "x"), -EPIPE);
	assert_int_equal(action_send_bytes(action, "x", 1), -EPIPE);
	assert_int_equal(action_send_file(action, NULL), -EPIPE);
	assert_int_equal(action_send_fd(action, dup(0), 4096), -EPIPE);
	assert_int_equal(action_refuse(action, 403, "late"), -EPIPE);
	assert_int_equal(action_fail(action, -EIO), -EPIPE);
	assert_int_equal(action_end(action), -EPIPE);
	assert_int_equal(count_descriptors(), before);
}

/* Whatever is done with one, the request of another goes on. */
static void they_never_reach_another_request(void **state)
{
	struct captured_log captured;
	struct mock_request *mock = *state;
	struct action *late[2];
	char *log;

	mock_request_start(mock, start_taken, get);
	late[0] = seen.action;
	late[1] = NULL;
	action_send_text(seen.action, "first");
	mock_request_run(mock);
	assert_true(mock->over);
	action_teardown(state);
	action_setup(state);
	mock = *state;
	mock_request_start(mock, start_taken, get);
	captured_log_begin(&captured);
	for (size_t i = 0; i < ARRAY_LENGTH(late); i++)
		use_in_every_way(late[i], mock);
	log = captured_log_end(&captured);
	assert_non_null(strstr(log, "action -: action_param() with a handle"));
	free(log);
	mock_request_run(mock);
	assert_int_equal(mock->writer.length, 0);
	assert_int_equal(action_send_text(seen.action, "second"), 0);
	mock_request_run(mock);
	assert_string_equal(mock_request_body(mock), "second");
	check_head_has(mock, "Status: 200 ");
}

static void take_after_a_mistake(struct action *action)
{
	seen.action = action;
	write_too_much(action);
	assert_int_equal(action_take(action), -EPIPE);
}

/* The action knows that it has nothing to end. */
static void a_take_that_fails_holds_no_handle(void **state)
{
	struct captured_log captured;
	struct mock_request *mock = *state;

	captured_log_begin(&captured);
	mock_request_start(mock, take_after_a_mistake, get);
	mock_request_run(mock);
	assert_true(mock->over);
	assert_string_equal(action_id(seen.action), "");
	free(captured_log_end(&captured));
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, action_setup, action_teardown)

/* libuv keeps some descriptors from the first loop on. */
static int make_a_loop(void **state)
{
	action_setup(state);
	return action_teardown(state);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_start_they_are_a_500),
		cmocka_unit_test(after_the_head_they_break_the_answer),
		TEST(bytes_after_the_end_are_in_the_log),
		TEST(they_never_reach_another_request),
		TEST(a_take_that_fails_holds_no_handle),
	};

	return cmocka_run_group_tests_name(
	    "action_mistakes", tests, make_a_loop, NULL);
}
