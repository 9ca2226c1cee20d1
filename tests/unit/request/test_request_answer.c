/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/request/request: its answers. */
#include "config.h"
#include "fcgi_app/request/request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common/fcgi/fcgi_output.h"
#include "fcgi_app/policy/response_head.h"
#include "tests/unit/support/captured_log.h"
#include "tests/unit/support/mock_request.h"
#include "tests/unit/support/mock_source.h"
#include "tests/unit/support/unit.h"

#define ERROR_TAIL "X-Content-Type-Options: nosniff\r\n\r\n"

static const char *const get[] = { "REQUEST_METHOD", "GET", "STREAM_PATH", "/a",
	NULL };
static const char *const head[] = { "REQUEST_METHOD", "HEAD", NULL };

static int setup(void **state)
{
	struct mock_request *mock = calloc(1, sizeof(*mock));

	assert_non_null(mock);
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

static void check_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("no \"%s\" in %s", part, text);
}

/* Runs the request to its end and returns what was sent. */
static const char *finish(struct mock_request *mock)
{
	mock_request_run(mock);
	assert_true(mock->over);
	assert_int_equal(mock->result, 0);
	return mock_request_text(mock);
}

/* --- errors ------------------------------------------------------------- */

static void an_error_is_its_status_and_a_text(void **state)
{
	static const struct {
		int status;
		const char *field, *value, *text;
	} cases[] = {
		{ 403, NULL, NULL,
		    "Status: 403 Forbidden\r\nContent-Type: text/plain\r\n"
		    "Content-Length: 14\r\n" ERROR_TAIL "403 Forbidden\n" },
		{ 405, "Allow", "GET",
		    "Status: 405 Method Not Allowed\r\n"
		    "Content-Type: text/plain\r\nContent-Length: 23\r\n"
		    "Allow: GET\r\n" ERROR_TAIL "405 Method Not Allowed\n" },
		{ 503, NULL, NULL,
		    "Status: 503 Service Unavailable\r\n"
		    "Content-Type: text/plain\r\nContent-Length: 24\r\n"
		    "Retry-After: 1\r\n" ERROR_TAIL
		    "503 Service Unavailable\n" },
		/* HAProxy takes whichever of both comes last. */
		{ 308, "Location", "/a/",
		    "Location: /a/\r\nStatus: 308 Permanent Redirect\r\n"
		    "Content-Type: text/plain\r\nContent-Length: "
		    "23\r\n" ERROR_TAIL "308 Permanent Redirect\n" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct mock_request mock;

		mock_request_init(&mock);
		mock_request_new(&mock, get);
		request_error(mock.request, cases[i].status, cases[i].field,
		    cases[i].value);
		assert_string_equal(finish(&mock), cases[i].text);
		mock_request_fini(&mock);
	}
}

static void to_head_an_error_has_no_text(void **state)
{
	struct mock_request *mock = *state;

	mock_request_new(mock, head);
	request_error(mock->request, 403, NULL, NULL);
	assert_string_equal(finish(mock),
	    "Status: 403 Forbidden\r\nContent-Type: text/plain\r\n"
	    "Content-Length: 14\r\n" ERROR_TAIL);
}

/* The error must get out, whatever the operator adds to it. */
static void an_error_does_without_fields_that_do_not_fit(void **state)
{
	struct mock_request *mock = *state;
	const char *const params[] = { "REQUEST_METHOD", "GET", "STREAM_CORS",
		"http://a\nb", "HTTP_ORIGIN", "http://a\nb", NULL };

	mock_request_new(mock, params);
	request_error(mock->request, 404, NULL, NULL);
	check_has(finish(mock), "Status: 404 Not Found\r\n");
	assert_string_equal(mock_request_body(mock), "404 Not Found\n");
}

/* --- refusals ----------------------------------------------------------- */

static const char *about(const struct request *request)
{
	(void)request;
	return "b\"c";
}

/* Returns what is logged; the caller frees it. */
static char *refuse(struct mock_request *mock, int status, request_about_fn *of)
{
	struct captured_log captured;

	mock_request_new(mock, get);
	mock->request->about = of;
	captured_log_begin(&captured);
	request_refuse(mock->request, status, "no way");
	mock_request_run(mock);
	return captured_log_end(&captured);
}

/* What the front has for its error log so far. */
static size_t read_error_log(struct mock_request *mock, char *to, size_t size)
{
	ssize_t n;

	fcgi_output_flush(mock->output);
	n = recv(mock->sockets[1], to, size - 1, MSG_DONTWAIT);
	if (n < 0)
		n = 0;
	to[n] = '\0';
	return (size_t)n;
}

static void a_refusal_is_in_both_logs(void **state)
{
	struct mock_request *mock = *state;
	char front[256];
	size_t length;
	char *log = refuse(mock, 403, NULL);

	check_has(finish(mock), "Status: 403 ");
	check_has(log, " error 1-1: no way: \"/a\"\n");
	free(log);
	length = read_error_log(mock, front, sizeof(front));
	assert_non_null(
	    memmem(front, length, "fcgi-stream 1-1: 403: no way", 28));
}

static void a_refusal_may_say_more_to_the_client(void **state)
{
	struct mock_request *mock = *state;
	char lines[REQUEST_LINES_MAX];

	mock_request_new(mock, get);
	memset(lines, 'x', sizeof(lines) - 1);
	lines[sizeof(lines) - 1] = '\0';
	request_refuse_text(mock->request, 403, "no way", lines);
	check_has(finish(mock),
	    "Status: 403 Forbidden\r\n"
	    "Content-Type: text/plain; charset=utf-8\r\n"
	    "Content-Length: 1037\r\n");
	assert_int_equal(
	    strncmp(mock_request_body(mock), "403 Forbidden\nxx", 16), 0);
	assert_int_equal(strlen(mock_request_body(mock)), 1037);
}

static void a_refusal_names_the_file_that_it_is_about(void **state)
{
	struct mock_request *mock = *state;
	char *log = refuse(mock, 500, about);

	finish(mock);
	check_has(log, " error 1-1: no way: \"b\\x22c\" in \"/a\"\n");
	free(log);
}

/* Anybody can ask for what is not there. */
static void a_mere_404_is_a_notice(void **state)
{
	struct mock_request *mock = *state;
	char front[256];
	char *log = refuse(mock, 404, NULL);

	check_has(finish(mock), "Status: 404 ");
	check_has(log, " notice 1-1: no way: \"/a\"\n");
	free(log);
	assert_int_equal(read_error_log(mock, front, sizeof(front)), 0);
}

/* --- heads -------------------------------------------------------------- */

static void a_head_without_a_body_is_sent_as_it_is(void **state)
{
	struct mock_request *mock = *state;
	struct response_head plain;

	mock_request_new(mock, get);
	response_head_init(&plain, 204);
	response_head_put(&plain, "X-A", "b");
	request_respond(mock->request, &plain);
	assert_string_equal(
	    finish(mock), "Status: 204 No Content\r\nX-A: b\r\n\r\n");
}

static void a_head_that_is_none_is_a_500(void **state)
{
	static char long_value[RESPONSE_HEAD_MAX];
	const char *const values[] = { "a\nb", long_value };

	(void)state;
	memset(long_value, 'x', sizeof(long_value) - 1);
	for (size_t i = 0; i < ARRAY_LENGTH(values); i++) {
		struct response_head bad;
		struct mock_request mock;

		mock_request_init(&mock);
		mock_request_new(&mock, get);
		response_head_init(&bad, 200);
		response_head_put(&bad, "X-A", values[i]);
		request_respond(mock.request, &bad);
		check_has(finish(&mock), "Status: 500 ");
		assert_null(strstr(mock_request_text(&mock), "X-A"));
		mock_request_fini(&mock);
	}
}

static void a_head_of_any_length_may_be_had(void **state)
{
	struct mock_request *mock = *state;
	size_t length = 3 * RESPONSE_HEAD_MAX;
	char *long_head = malloc(length);

	assert_non_null(long_head);
	memset(long_head, 'x', length);
	memcpy(long_head, "Status: 200 OK\r\nA: ", 19);
	memcpy(long_head + length - 4, "\r\n\r\n", 4);
	mock_request_new(mock, get);
	request_respond_long(mock->request, 200, long_head, length);
	assert_int_equal(strlen(finish(mock)), length);
}

/* --- a source's bytes --------------------------------------------------- */

static unsigned int closed;

static void on_closed(struct mock_source *source)
{
	(void)source;
	closed++;
}

static void source_init(struct mock_source *source, uint64_t size)
{
	closed = 0;
	mock_source_init(source, size);
	source->closed = on_closed;
}

static void stream_from(struct mock_request *mock, struct mock_source *source,
    uint64_t offset, uint64_t length)
{
	struct response_head ok;

	response_head_init(&ok, 200);
	request_stream(mock->request, &ok, &source->source, offset, length);
}

static void check_bytes(const char *body, uint64_t offset, size_t length)
{
	for (size_t i = 0; i < length; i++)
		assert_int_equal(
		    (unsigned char)body[i], mock_source_byte(offset + i));
}

static void a_part_of_a_source_follows_the_head(void **state)
{
	struct mock_request *mock = *state;
	struct mock_source source;
	size_t head_length = strlen("Status: 200 OK\r\n\r\n");

	source_init(&source, 1000);
	mock_request_new(mock, get);
	stream_from(mock, &source, 100, 300);
	finish(mock);
	assert_int_equal(mock->writer.length, head_length + 300);
	check_bytes(mock_request_body(mock), 100, 300);
	assert_int_equal(closed, 1);
}

static void of_an_unknown_size_all_is_sent(void **state)
{
	struct mock_request *mock = *state;
	struct mock_source source;
	size_t head_length = strlen("Status: 200 OK\r\n\r\n");

	source_init(&source, SOURCE_SIZE_UNKNOWN);
	source.end = 700;
	mock_request_new(mock, get);
	stream_from(mock, &source, 0, 0);
	finish(mock);
	assert_int_equal(mock->writer.length, head_length + 700);
	check_bytes(mock_request_body(mock), 0, 700);
	assert_int_equal(closed, 1);
}

static void a_failure_before_the_first_byte_has_a_status(void **state)
{
	static const struct {
		int error;
		const char *status;
	} cases[] = {
		{ -EIO, "Status: 500 " },
		{ -ENODATA, "Status: 500 " },
		/* It was found, so it is not one that is not there. */
		{ -ESTALE, "Status: 500 " },
		{ -EACCES, "Status: 403 " },
		{ -ENOMEM, "Status: 503 " },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct mock_request mock;
		struct mock_source source;

		source_init(&source, 1000);
		source.error = cases[i].error;
		mock_request_init(&mock);
		mock_request_new(&mock, get);
		stream_from(&mock, &source, 0, 1000);
		check_has(finish(&mock), cases[i].status);
		assert_int_equal(closed, 1);
		mock_request_fini(&mock);
	}
}

static void a_failure_after_it_breaks_the_answer_off(void **state)
{
	struct mock_request *mock = *state;
	struct captured_log captured;
	struct mock_source source;
	char *log;

	source_init(&source, 1000);
	source.most = 500;
	source.fail_at = 500;
	source.error = -ENODATA;
	mock_request_new(mock, get);
	captured_log_begin(&captured);
	stream_from(mock, &source, 0, 1000);
	mock_request_run(mock);
	log = captured_log_end(&captured);
	assert_true(mock->over);
	assert_int_equal(mock->result, -ENODATA);
	assert_false(mock->writer.ended);
	check_has(log, " error 1-1: file became shorter: \"/a\"\n");
	free(log);
	check_bytes(mock_request_body(mock), 0, 500);
	assert_int_equal(closed, 1);
}

/* nginx 1.22 holds a head back that needs padding. */
static void a_head_that_goes_first_is_a_multiple_of_eight(void **state)
{
	static const char value[] = "12345678";

	(void)state;
	for (size_t i = 0; i < 8; i++) {
		struct mock_request mock;
		struct mock_source source;
		struct response_head ok;
		const char *text;

		source_init(&source, 10);
		source.late = true;
		mock_request_init(&mock);
		mock_request_new(&mock, get);
		mock.request->head_first = true;
		response_head_init(&ok, 200);
		response_head_put(&ok, "X-A", value + i);
		request_stream(mock.request, &ok, &source.source, 0, 10);
		mock_request_run(&mock);
		text = mock_request_text(&mock);
		assert_int_equal(mock.writer.length % 8, 0);
		check_has(text, value + i);
		assert_string_equal(mock_request_body(&mock), "");
		mock_source_complete(&source);
		finish(&mock);
		mock_request_fini(&mock);
	}
}

/* --- the pace ----------------------------------------------------------- */

static void what_the_burst_covers_is_not_paced(void **state)
{
	static const struct {
		const char *rate, *burst;
		bool paced;
	} cases[] = {
		{ "1M", "1000", false },
		{ "1M", "999", true },
		{ "1M", "", true },
		{ "0", "", false },
		{ "", "1", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		const char *const params[] = { "STREAM_RATE", cases[i].rate,
			"STREAM_BURST", cases[i].burst, NULL };
		struct mock_request mock;
		struct mock_source source;

		source_init(&source, 1000);
		mock_request_init(&mock);
		mock_request_new(&mock, params);
		stream_from(&mock, &source, 0, 1000);
		mock_request_run_until(&mock, SIZE_MAX);
		assert_int_equal(cases[i].paced,
		    strstr(mock_request_text(&mock),
			"\r\nX-Accel-Buffering: no\r\n") != NULL);
		check_bytes(mock_request_body(&mock), 0, 1000);
		mock_request_fini(&mock);
	}
}

static void a_pace_that_is_none_is_a_500(void **state)
{
	static const char *const params[][5] = {
		{ "STREAM_RATE", "fast", NULL },
		{ "STREAM_RATE", "1M", "STREAM_BURST", "much", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(params); i++) {
		struct mock_request mock;
		struct mock_source source;

		source_init(&source, 1000);
		mock_request_init(&mock);
		mock_request_new(&mock, params[i]);
		stream_from(&mock, &source, 0, 1000);
		check_has(finish(&mock), "Status: 500 ");
		assert_int_equal(closed, 1);
		assert_int_equal(source.reads, 0);
		mock_request_fini(&mock);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_error_is_its_status_and_a_text),
		TEST(to_head_an_error_has_no_text),
		TEST(an_error_does_without_fields_that_do_not_fit),
		TEST(a_refusal_is_in_both_logs),
		TEST(a_refusal_may_say_more_to_the_client),
		TEST(a_refusal_names_the_file_that_it_is_about),
		TEST(a_mere_404_is_a_notice),
		TEST(a_head_without_a_body_is_sent_as_it_is),
		cmocka_unit_test(a_head_that_is_none_is_a_500),
		TEST(a_head_of_any_length_may_be_had),
		TEST(a_part_of_a_source_follows_the_head),
		TEST(of_an_unknown_size_all_is_sent),
		cmocka_unit_test(a_failure_before_the_first_byte_has_a_status),
		TEST(a_failure_after_it_breaks_the_answer_off),
		cmocka_unit_test(a_head_that_goes_first_is_a_multiple_of_eight),
		cmocka_unit_test(what_the_burst_covers_is_not_paced),
		cmocka_unit_test(a_pace_that_is_none_is_a_500),
	};

	return cmocka_run_group_tests_name("request_answer", tests, NULL, NULL);
}
