/* SPDX-License-Identifier: MIT */
/* How an action is tested without a server: the example's unit test. */
#include "config.h"

#include <string.h>

#include "tests/unit/support/mock_request.h"
#include "tests/unit/support/unit.h"

static const char *const params[] = { "REQUEST_METHOD", "GET",
	"STREAM_INTERVAL", "1", NULL };

static void events_come_until_the_client_leaves(void **state)
{
	struct mock_request mock;

	(void)state;
	mock_request_init(&mock);
	mock_request_start(&mock, fcgi_stream_action.start, params);
	mock_request_run_until(&mock, 300);
	assert_non_null(strstr(mock_request_text(&mock),
	    "\r\nContent-Type: text/event-stream\r\n"));
	assert_memory_equal(mock_request_body(&mock), "data: ", 6);
	assert_false(mock.over);
	/* Fails if anything is left: the timer, the handle, the request. */
	mock_request_fini(&mock);
}

static void a_slow_client_misses_events(void **state)
{
	struct mock_request mock;

	(void)state;
	mock_request_init(&mock);
	mock_request_start(&mock, fcgi_stream_action.start, params);
	mock.writer.credit = 0;
	for (int turns = 0; turns < 50; turns++) {
		uv_run(&mock.loop, UV_RUN_ONCE);
		stream_group_run(&mock.services.streams);
	}
	assert_string_equal(mock_request_body(&mock), "");
	mock_writer_drain(&mock.writer, SIZE_MAX);
	mock_request_run_until(&mock, mock.writer.length + 20);
	assert_memory_equal(mock_request_body(&mock), "data: ", 6);
	mock_request_fini(&mock);
}

static void the_first_event_comes_at_once(void **state)
{
	static const char *const none[] = { "REQUEST_METHOD", "GET", NULL };
	struct mock_request mock;

	(void)state;
	mock_request_init(&mock);
	mock_request_start(&mock, fcgi_stream_action.start, none);
	mock_request_run(&mock);
	assert_int_equal(strlen(mock_request_body(&mock)), 18);
	mock_request_fini(&mock);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(events_come_until_the_client_leaves),
		cmocka_unit_test(a_slow_client_misses_events),
		cmocka_unit_test(the_first_event_comes_at_once),
	};

	return cmocka_run_group_tests_name("action_events", tests, NULL, NULL);
}
