/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/request/request: when it ends, and who knows then. */
#include "config.h"
#include "fcgi_app/request/request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fcgi_app/policy/response_head.h"
#include "tests/unit/support/mock_request.h"
#include "tests/unit/support/mock_source.h"
#include "tests/unit/support/unit.h"

#define SIZE ((uint64_t)200000)
/* A socket that takes so much is full in the middle of it. */
#define SOME 70000

static const char *const get[] = { "REQUEST_METHOD", "GET", "STREAM_PATH",
	"/file", NULL };

static struct fixture {
	struct mock_request mock;
	struct mock_source source;
	unsigned int closed;
	unsigned int ended;
	unsigned int cancelled;
	const char *reason;
} f;

static void on_closed(struct mock_source *mock)
{
	assert_ptr_equal(mock, &f.source);
	f.closed++;
}

/* The source is still there, and the connection was not told. */
static void on_ended(struct request *request, const char *reason)
{
	assert_string_equal(request->path, "/file");
	assert_int_equal(f.closed, 0);
	assert_false(f.mock.over);
	f.reason = reason;
	f.ended++;
}

static void on_cancel(struct request *request)
{
	(void)request;
	f.cancelled++;
}

static int setup(void **state)
{
	(void)state;
	memset(&f, 0, sizeof(f));
	mock_request_init(&f.mock);
	mock_source_init(&f.source, SIZE);
	f.source.closed = on_closed;
	mock_request_new(&f.mock, get);
	f.mock.request->ended = on_ended;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	mock_request_fini(&f.mock);
	return 0;
}

/* The request is there, whatever became of it in the call. */
static void stream_it(void)
{
	struct request *request = f.mock.request;
	struct response_head head;

	response_head_init(&head, 200);
	request_stream(request, &head, &f.source.source, 0, SIZE);
	assert_int_equal(f.ended, 0);
	assert_int_equal(f.closed, 0);
	assert_string_equal(request->path, "/file");
}

static void end_turn(void)
{
	stream_group_run(&f.mock.services.streams);
	turn_ends_run(&f.mock.services.ends);
}

static void check_end(const char *reason)
{
	assert_int_equal(f.ended, 1);
	assert_int_equal(f.closed, 1);
	if (reason)
		assert_string_equal(f.reason, reason);
	else
		assert_null(f.reason);
}

/* All in the turn of the loop in which the last byte leaves. */
static void it_ends_in_the_turn_of_its_last_byte(void **state)
{
	(void)state;
	stream_it();
	end_turn();
	assert_true(f.mock.over);
	assert_true(f.mock.writer.ended);
	assert_int_equal(f.mock.result, 0);
	check_end(NULL);
}

static void a_broken_connection_ends_it_after_the_call(void **state)
{
	(void)state;
	f.mock.writer.error = -EPIPE;
	stream_it();
	assert_true(f.mock.request->is_over);
	end_turn();
	assert_int_equal(f.mock.result, -EPIPE);
	check_end("peer closed the connection");
}

/* Before the first byte it is an answer of its own, within the call. */
static void a_read_that_fails_at_once_is_answered(void **state)
{
	(void)state;
	f.source.error = -EIO;
	stream_it();
	end_turn();
	assert_int_equal(f.mock.result, 0);
	check_end(NULL);
	assert_non_null(strstr(mock_request_text(&f.mock), "Status: 500 "));
}

/* The result comes from inside the source, which must outlive its call. */
static void a_late_failure_ends_it_after_done(void **state)
{
	(void)state;
	f.source.most = SOME;
	f.source.fail_at = SOME;
	f.source.error = -ENODATA;
	stream_it();
	f.source.late = true;
	end_turn();
	assert_true(f.source.in_flight);
	mock_source_complete(&f.source);
	assert_int_equal(f.ended, 0);
	assert_true(f.mock.request->is_over);
	end_turn();
	assert_int_equal(f.mock.result, -ENODATA);
	assert_false(f.mock.writer.ended);
	check_end("file became shorter");
}

/* The end is announced: the loop must not sleep before it. */
static void on_first(void *context)
{
	++*(unsigned int *)context;
}

static void breaking_off_is_done_at_the_end_of_the_turn(void **state)
{
	unsigned int firsts = 0;

	(void)state;
	f.mock.services.ends.on_first = on_first;
	f.mock.services.ends.context = &firsts;
	f.mock.request->cancel = on_cancel;
	f.mock.writer.credit = SOME;
	stream_it();
	request_break(f.mock.request, -ETIME);
	assert_int_equal(firsts, 1);
	/* Only the first counts. */
	request_break(f.mock.request, -EIO);
	assert_int_equal(f.cancelled, 1);
	assert_int_equal(f.ended, 0);
	end_turn();
	assert_int_equal(f.mock.result, -ETIME);
	check_end(strerror(ETIME));
}

static void a_peer_that_leaves_ends_it_at_once(void **state)
{
	(void)state;
	f.mock.request->cancel = on_cancel;
	f.mock.writer.credit = SOME;
	stream_it();
	mock_request_leave(&f.mock);
	check_end("client left");
	assert_int_equal(f.cancelled, 1);
	end_turn();
	assert_false(f.mock.over);
}

/* The answer had left, or the file had failed: that is what is logged. */
static void a_peer_that_leaves_after_the_end_changes_nothing(void **state)
{
	static const int errors[] = { 0, -EIO };

	for (size_t i = 0; i < ARRAY_LENGTH(errors); i++) {
		struct request *request;

		teardown(state);
		setup(state);
		request = f.mock.request;
		request->cancel = on_cancel;
		stream_it();
		if (errors[i] < 0)
			request_break(request, errors[i]);
		stream_group_run(&f.mock.services.streams);
		assert_true(request->is_over);
		mock_request_leave(&f.mock);
		check_end(errors[i] < 0 ? strerror(EIO) : NULL);
		end_turn();
		assert_int_equal(f.cancelled, errors[i] < 0);
		assert_false(f.mock.over);
		assert_int_equal(f.ended, 1);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(it_ends_in_the_turn_of_its_last_byte),
		TEST(a_broken_connection_ends_it_after_the_call),
		TEST(a_read_that_fails_at_once_is_answered),
		TEST(a_late_failure_ends_it_after_done),
		TEST(breaking_off_is_done_at_the_end_of_the_turn),
		TEST(a_peer_that_leaves_ends_it_at_once),
		TEST(a_peer_that_leaves_after_the_end_changes_nothing),
	};

	return cmocka_run_group_tests_name("request_ends", tests, NULL, NULL);
}
