/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/action_api/action_head: status and fields. */
#include "config.h"
#include "fcgi_app/action_api/action.h"

#include <errno.h>
#include <string.h>

#include "tests/unit/support/action_fixture.h"
#include "tests/unit/support/mock_request.h"
#include "tests/unit/support/unit.h"

static const char *const get[] = { "REQUEST_METHOD", "GET", NULL };

static void start_redirect(struct action *action)
{
	assert_int_equal(action_status(action, 303), 0);
	assert_int_equal(action_field(action, "Location", "/b"), 0);
}

static void a_status_is_an_answer(void **state)
{
	struct mock_request *mock = *state;

	mock_request_start(mock, start_redirect, get);
	mock_request_run(mock);
	check_head_has(mock, "Location: /b\r\nStatus: 303 See Other\r\n");
	check_head_has(mock, "\r\nContent-Length: 0\r\n");
}

static void start_fields(struct action *action)
{
	static const char *const reserved[] = { "status", "Content-Length",
		"content-range", "Accept-Ranges", "etag", "Last-Modified",
		"Transfer-Encoding", "Connection", "Date", "", "a b", "a:" };

	for (size_t i = 0; i < ARRAY_LENGTH(reserved); i++)
		assert_int_equal(
		    action_field(action, reserved[i], "1"), -EINVAL);
	assert_int_equal(action_field(action, "a", "b\nc"), -EINVAL);
	assert_int_equal(action_status(action, 199), -EINVAL);
	assert_int_equal(action_status(action, 600), -EINVAL);
	assert_int_equal(action_status(action, 599), 0);
	assert_int_equal(action_validators(action, "W/\"a\"", 0), -EINVAL);
	assert_int_equal(action_validators(action, "a", 0), -EINVAL);
	assert_int_equal(action_validators(action, "\"", 0), -EINVAL);
	assert_int_equal(action_validators(action, "\"a\", \"b\"", 0), -EINVAL);
	assert_int_equal(action_validators(action, "\"a\"", 0), 0);
}

static void what_cannot_stand_in_a_head_is_refused(void **state)
{
	struct mock_request *mock = *state;

	mock_request_start(mock, start_fields, get);
	mock_request_run(mock);
	check_head_has(mock, "Status: 599 ");
	check_head_has(mock, "\r\nETag: \"a\"\r\n");
}

static void start_etag_limit(struct action *action)
{
	char etag[ACTION_ETAG_MAX + 1];

	memset(etag, 'x', sizeof(etag));
	etag[0] = etag[ACTION_ETAG_MAX - 1] = '"';
	etag[ACTION_ETAG_MAX] = '\0';
	assert_int_equal(action_validators(action, etag, 0), -EINVAL);
	etag[ACTION_ETAG_MAX - 2] = '"';
	etag[ACTION_ETAG_MAX - 1] = '\0';
	assert_int_equal(action_validators(action, etag, 0), 0);
	assert_int_equal(action_end(action), 0);
}

static void an_entity_tag_has_its_limit(void **state)
{
	struct mock_request *mock = *state;

	mock_request_start(mock, start_etag_limit, get);
	mock_request_run(mock);
	assert_true(mock->over);
}

static void start_fields_in_order(struct action *action)
{
	static const char *const fields[][2] = { { "X-C", "1" },
		{ "Content-Type", "text/a" }, { "Link", "<1>" }, { "X-A", "2" },
		{ "link", "<2>" }, { "content-type", "text/b" },
		{ "X-B", "3" } };

	for (size_t i = 0; i < ARRAY_LENGTH(fields); i++)
		assert_int_equal(
		    action_field(action, fields[i][0], fields[i][1]), 0);
	assert_int_equal(action_end(action), 0);
}

static void fields_leave_in_the_order_of_their_calls(void **state)
{
	struct mock_request *mock = *state;

	mock_request_start(mock, start_fields_in_order, get);
	mock_request_run(mock);
	check_head_has(mock,
	    "\r\nX-C: 1\r\nLink: <1>\r\nX-A: 2\r\nlink: <2>\r\n"
	    "X-B: 3\r\n");
	check_head_has(mock, "\r\nContent-Type: text/b\r\n");
	assert_null(strstr(mock_request_text(mock), "text/a"));
}

/* NULL, and what is too long by far, are error values. */
static void start_null(struct action *action)
{
	assert_int_equal(action_field(action, NULL, "a"), -EINVAL);
	assert_int_equal(action_field(action, "a", NULL), -EINVAL);
	assert_int_equal(action_validators(action, NULL, 0), -EINVAL);
	assert_int_equal(action_length(action, UINT64_MAX), -EINVAL);
	assert_null(action_param(action, NULL));
	assert_int_equal(action_end(action), 0);
}

static void null_is_refused(void **state)
{
	struct mock_request *mock = *state;

	mock_request_start(mock, start_null, get);
	mock_request_run(mock);
	check_head_has(mock, "Status: 200 OK\r\n");
	check_head_has(mock, "\r\nContent-Length: 0\r\n");
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, action_setup, action_teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(a_status_is_an_answer),
		TEST(what_cannot_stand_in_a_head_is_refused),
		TEST(an_entity_tag_has_its_limit),
		TEST(fields_leave_in_the_order_of_their_calls),
		TEST(null_is_refused),
	};

	return cmocka_run_group_tests_name("action_head", tests, NULL, NULL);
}
