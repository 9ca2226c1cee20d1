/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/action_api/action: the request's body. */
#include "config.h"
#include "fcgi_app/action_api/action.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fcgi_app/request/request.h"
#include "tests/unit/support/action_fixture.h"
#include "tests/unit/support/mock_request.h"
#include "tests/unit/support/unit.h"

/* Of the action under test; one at a time. */
static struct {
	unsigned int gone;
	size_t body_length;
} seen;

static const char *const post[] = { "REQUEST_METHOD", "POST", NULL };

static int setup(void **state)
{
	struct mock_request *mock = calloc(1, sizeof(*mock));

	assert_non_null(mock);
	memset(&seen, 0, sizeof(seen));
	mock_request_init(mock);
	mock->body_pending = true;
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
	assert_true(action_write(action, "x", 1) < 0);
	seen.gone++;
}

static void on_body(struct action *action, const char *body, size_t length)
{
	seen.body_length = length;
	assert_int_equal(body[length], '\0');
	assert_int_equal(action_read_body(action, 10, on_body), -EALREADY);
	assert_int_equal(action_write(action, body, length), 0);
}

static void start_body(struct action *action)
{
	action_set_state(action, NULL, on_gone);
	assert_int_equal(
	    action_read_body(action, ACTION_BODY_MAX + 1, on_body), -EINVAL);
	assert_int_equal(action_read_body(action, 10, NULL), -EINVAL);
	assert_int_equal(action_read_body(action, 10, on_body), 0);
	assert_int_equal(action_read_body(action, 10, on_body), -EALREADY);
	assert_int_equal(seen.body_length, 0);
}

static void a_body_is_waited_for(void **state)
{
	struct mock_request *mock = *state;

	mock_request_start(mock, start_body, post);
	mock_request_run(mock);
	assert_true(mock->body_wanted);
	assert_int_equal(mock->writer.length, 0);
	request_add_body(mock->request, "12345", 5);
	request_add_body(mock->request, "67890", 5);
	assert_true(request_wants_body(mock->request));
	request_end_body(mock->request);
	mock_request_run(mock);
	assert_int_equal(seen.body_length, 10);
	assert_int_equal(seen.gone, 1);
	assert_string_equal(mock_request_body(mock), "1234567890");
	check_head_has(mock, "\r\nContent-Length: 10\r\n");
}

static void a_body_over_its_limit_is_refused(void **state)
{
	struct mock_request *mock = *state;

	mock_request_start(mock, start_body, post);
	request_add_body(mock->request, "1234567890", 10);
	request_add_body(mock->request, "1", 1);
	assert_false(request_wants_body(mock->request));
	request_add_body(mock->request, "1", 1);
	mock_request_run(mock);
	assert_true(mock->over);
	check_head_has(mock, "Status: 413 ");
	assert_int_equal(seen.gone, 1);
	assert_int_equal(seen.body_length, 0);
}

static void a_body_that_stalls_is_refused(void **state)
{
	struct mock_request *mock = *state;

	mock_request_start(mock, start_body, post);
	request_add_body(mock->request, "1", 1);
	request_stop_body(mock->request, 408, "the test stops it");
	mock_request_run(mock);
	check_head_has(mock, "Status: 408 ");
	assert_int_equal(seen.gone, 1);
}

static void start_body_and_end(struct action *action)
{
	start_body(action);
	assert_int_equal(action_send_text(action, "no need"), 0);
}

static void an_answer_may_do_without_the_body(void **state)
{
	struct mock_request *mock = *state;

	mock->writer.slow_ends = 1;
	mock_request_start(mock, start_body_and_end, post);
	mock_request_run(mock);
	request_add_body(mock->request, "12345678901", 11);
	request_end_body(mock->request);
	mock_writer_drain(&mock->writer, SIZE_MAX);
	mock_request_run(mock);
	assert_string_equal(mock_request_body(mock), "no need");
	assert_int_equal(seen.gone, 1);
}

static void a_client_may_leave_inside_its_body(void **state)
{
	struct mock_request *mock = *state;

	mock_request_start(mock, start_body, post);
	request_add_body(mock->request, "1", 1);
	mock_request_leave(mock);
	assert_int_equal(seen.gone, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(a_body_is_waited_for),
		TEST(a_body_over_its_limit_is_refused),
		TEST(a_body_that_stalls_is_refused),
		TEST(an_answer_may_do_without_the_body),
		TEST(a_client_may_leave_inside_its_body),
	};

	return cmocka_run_group_tests_name("action_body", tests, NULL, NULL);
}
