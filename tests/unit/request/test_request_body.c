/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/request/request: the request's body. */
#include "config.h"
#include "fcgi_app/request/request.h"

#include <stdlib.h>
#include <string.h>

#include "fcgi_app/policy/response_head.h"
#include "tests/unit/support/mock_request.h"
#include "tests/unit/support/unit.h"

#define LIMIT 10

/* The body that was handed over; one at a time. */
static struct {
	unsigned int calls;
	size_t length;
	char bytes[LIMIT + 1];
} seen;

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

static void answer_204(struct request *request)
{
	struct response_head head;

	response_head_init(&head, 204);
	request_respond(request, &head);
}

static void on_body(struct request *request, const char *body, size_t length)
{
	assert_true(length <= LIMIT);
	seen.calls++;
	seen.length = length;
	/* With the NUL that follows it */
	memcpy(seen.bytes, body, length + 1);
	answer_204(request);
}

/* A POST whose CONTENT_LENGTH is this (NULL: none), and whose body is read. */
static void post(struct mock_request *mock, const char *length)
{
	const char *const params[] = { "REQUEST_METHOD", "POST",
		length ? "CONTENT_LENGTH" : NULL, length, NULL };

	mock_request_new(mock, params);
	request_read_body(mock->request, LIMIT, on_body);
}

static void check_status(struct mock_request *mock, const char *status)
{
	mock_request_run(mock);
	assert_true(mock->over);
	assert_int_equal(mock->result, 0);
	if (strncmp(mock_request_text(mock), status, strlen(status)) != 0)
		fail_msg("not %s: %s", status, mock_request_text(mock));
}

static void a_body_is_handed_over_when_it_is_whole(void **state)
{
	static const char *const lengths[] = { NULL, "", "10", "ten" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(lengths); i++) {
		struct mock_request mock;

		mock_request_init(&mock);
		memset(&seen, 0xff, sizeof(seen));
		seen.calls = 0;
		mock.body_pending = true;
		post(&mock, lengths[i]);
		assert_true(mock.body_wanted);
		assert_true(request_wants_body(mock.request));
		request_add_body(mock.request, "12345", 5);
		request_add_body(mock.request, "67890", 5);
		assert_int_equal(seen.calls, 0);
		assert_int_equal(mock.writer.length, 0);
		request_end_body(mock.request);
		check_status(&mock, "Status: 204 ");
		assert_int_equal(seen.calls, 1);
		assert_int_equal(seen.length, 10);
		assert_string_equal(seen.bytes, "1234567890");
		mock_request_fini(&mock);
	}
}

static void a_body_that_has_come_is_handed_over_at_once(void **state)
{
	struct mock_request *mock = *state;

	mock->body_pending = false;
	post(mock, NULL);
	assert_false(mock->body_wanted);
	assert_int_equal(seen.calls, 1);
	assert_int_equal(seen.length, 0);
	assert_string_equal(seen.bytes, "");
	check_status(mock, "Status: 204 ");
}

static void one_byte_over_the_limit_is_a_413(void **state)
{
	struct mock_request *mock = *state;

	post(mock, NULL);
	request_add_body(mock->request, "1234567890", 10);
	assert_true(request_wants_body(mock->request));
	request_add_body(mock->request, "1", 1);
	check_status(mock, "Status: 413 ");
	assert_int_equal(seen.calls, 0);
}

static void a_body_of_another_length_is_a_400(void **state)
{
	static const char *const lengths[] = { "0", "4", "6" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(lengths); i++) {
		struct mock_request mock;

		mock_request_init(&mock);
		mock.body_pending = true;
		post(&mock, lengths[i]);
		request_add_body(mock.request, "12345", 5);
		request_end_body(mock.request);
		check_status(&mock, "Status: 400 ");
		assert_int_equal(seen.calls, 0);
		mock_request_fini(&mock);
	}
}

static void a_body_that_does_not_go_on_is_a_408(void **state)
{
	struct mock_request *mock = *state;

	post(mock, "10");
	request_add_body(mock->request, "1", 1);
	request_stop_body(mock->request, 408, "the test stops it");
	check_status(mock, "Status: 408 ");
	assert_int_equal(seen.calls, 0);
}

/* What comes after the answer has begun has no reader. */
static void what_comes_after_a_refusal_is_dropped(void **state)
{
	struct mock_request *mock = *state;

	mock->writer.slow_ends = 1;
	post(mock, NULL);
	request_add_body(mock->request, "12345678901", 11);
	mock_request_run(mock);
	assert_false(mock->over);
	assert_false(request_wants_body(mock->request));
	request_add_body(mock->request, "12345", 5);
	request_end_body(mock->request);
	mock_writer_drain(&mock->writer, SIZE_MAX);
	check_status(mock, "Status: 413 ");
	assert_int_equal(seen.calls, 0);
}

static void a_body_that_nobody_reads_is_dropped(void **state)
{
	static const char *const params[] = { "REQUEST_METHOD", "POST", NULL };
	struct mock_request *mock = *state;

	mock_request_new(mock, params);
	request_add_body(mock->request, "12345678901", 11);
	assert_false(request_wants_body(mock->request));
	assert_false(mock->body_wanted);
	request_end_body(mock->request);
	assert_int_equal(mock->writer.length, 0);
	answer_204(mock->request);
	check_status(mock, "Status: 204 ");
}

static void an_answer_may_begin_before_the_body_is_whole(void **state)
{
	struct mock_request *mock = *state;

	mock->writer.slow_ends = 1;
	post(mock, NULL);
	request_add_body(mock->request, "1", 1);
	answer_204(mock->request);
	mock_request_run(mock);
	assert_false(mock->over);
	request_add_body(mock->request, "2", 1);
	request_end_body(mock->request);
	mock_writer_drain(&mock->writer, SIZE_MAX);
	check_status(mock, "Status: 204 ");
	assert_int_equal(seen.calls, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(a_body_is_handed_over_when_it_is_whole),
		TEST(a_body_that_has_come_is_handed_over_at_once),
		TEST(one_byte_over_the_limit_is_a_413),
		TEST(a_body_of_another_length_is_a_400),
		TEST(a_body_that_does_not_go_on_is_a_408),
		TEST(what_comes_after_a_refusal_is_dropped),
		TEST(a_body_that_nobody_reads_is_dropped),
		TEST(an_answer_may_begin_before_the_body_is_whole),
	};

	return cmocka_run_group_tests_name("request_body", tests, NULL, NULL);
}
