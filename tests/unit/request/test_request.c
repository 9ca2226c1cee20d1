/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/request/request: its life and its access line. */
#include "config.h"
#include "fcgi_app/request/request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fcgi_app/policy/response_head.h"
#include "tests/unit/support/captured_log.h"
#include "tests/unit/support/mock_request.h"
#include "tests/unit/support/mock_source.h"
#include "tests/unit/support/unit.h"

/* What the action and the source of the request hear; one at a time. */
static struct {
	unsigned int cancelled;
	unsigned int ended;
	unsigned int closed;
	char reason[64]; /* "": complete */
} seen;

static const char *const get[] = { "REQUEST_METHOD", "GET", "STREAM_PATH", "/a",
	NULL };

static int setup(void **state)
{
	struct mock_request *mock = calloc(1, sizeof(*mock));

	assert_non_null(mock);
	memset(&seen, 0, sizeof(seen));
	mock_request_init(mock);
	mock->options.access_log = true;
	*state = mock;
	return 0;
}

static int teardown(void **state)
{
	mock_request_fini(*state);
	free(*state);
	return 0;
}

static void cancel(struct request *request)
{
	(void)request;
	assert_int_equal(seen.ended, 0);
	seen.cancelled++;
}

static void ended(struct request *request, const char *reason)
{
	(void)request;
	seen.ended++;
	strcpy(seen.reason, reason ? reason : "");
}

static void begin(struct mock_request *mock, const char *const *params)
{
	mock_request_new(mock, params);
	mock->request->cancel = cancel;
	mock->request->ended = ended;
}

static void on_closed(struct mock_source *source)
{
	(void)source;
	seen.closed++;
}

static void stream(struct mock_request *mock, struct mock_source *source)
{
	struct response_head ok;

	source->closed = on_closed;
	response_head_init(&ok, 200);
	request_stream(mock->request, &ok, &source->source, 0, 1000);
}

static void check_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("no \"%s\" in %s", part, text);
}

/* --- what it is --------------------------------------------------------- */

static void it_has_the_method_the_path_and_an_id(void **state)
{
	struct mock_request *mock = *state;

	begin(mock, get);
	assert_string_equal(mock->request->method, "GET");
	assert_string_equal(mock->request->path, "/a");
	assert_string_equal(mock->request->id, "1-1");
	assert_false(mock->request->path_is_malformed);
	assert_false(request_is_head(mock->request));
}

static void what_the_front_did_not_send_is_empty(void **state)
{
	static const char *const nothing[] = { "QUERY_STRING", "", NULL };
	struct mock_request *mock = *state;

	begin(mock, nothing);
	assert_string_equal(mock->request->method, "");
	assert_string_equal(mock->request->path, "");
	assert_false(mock->request->path_is_malformed);
	assert_null(request_param(mock->request, "QUERY_STRING"));
	assert_null(request_param(mock->request, "STREAM_ACTION"));
}

static void a_malformed_path_is_none(void **state)
{
	static const char *const bad[] = { "REQUEST_METHOD", "HEAD",
		"SCRIPT_FILENAME", "proxy:fcgi://localhost//%zz", NULL };
	struct mock_request *mock = *state;

	begin(mock, bad);
	assert_true(mock->request->path_is_malformed);
	assert_string_equal(mock->request->path, "");
	assert_true(request_is_head(mock->request));
}

/* --- its end ------------------------------------------------------------ */

static void a_complete_answer_ends_it(void **state)
{
	struct mock_request *mock = *state;
	struct captured_log captured;
	struct mock_source source;
	char *log;

	mock_source_init(&source, 1000);
	begin(mock, get);
	captured_log_begin(&captured);
	stream(mock, &source);
	mock_request_run(mock);
	log = captured_log_end(&captured);
	assert_true(mock->over);
	assert_int_equal(mock->result, 0);
	assert_true(mock->writer.ended);
	assert_int_equal(seen.ended, 1);
	assert_string_equal(seen.reason, "");
	assert_int_equal(seen.cancelled, 0);
	assert_int_equal(seen.closed, 1);
	check_has(log,
	    " access id=1-1 action=- method=GET path=\"/a\" "
	    "status=200 bytes=");
	check_has(log, " end=complete\n");
	free(log);
}

static void there_is_an_access_line_only_if_wanted(void **state)
{
	struct mock_request *mock = *state;
	struct captured_log captured;
	char *log;

	mock->options.access_log = false;
	begin(mock, get);
	captured_log_begin(&captured);
	request_error(mock->request, 403, NULL, NULL);
	mock_request_run(mock);
	log = captured_log_end(&captured);
	assert_true(mock->over);
	assert_int_equal(seen.ended, 1);
	assert_string_equal(log, "");
	free(log);
}

static void a_front_that_left_is_no_error_of_ours(void **state)
{
	struct mock_request *mock = *state;
	struct captured_log captured;
	struct mock_source source;
	char *log;

	mock_source_init(&source, 1000);
	mock->writer.error = -EPIPE;
	mock->writer.break_at = 100;
	begin(mock, get);
	captured_log_begin(&captured);
	stream(mock, &source);
	mock_request_run(mock);
	log = captured_log_end(&captured);
	assert_true(mock->over);
	assert_int_equal(mock->result, -EPIPE);
	assert_string_equal(seen.reason, "peer closed the connection");
	assert_int_equal(seen.closed, 1);
	assert_null(strstr(log, " error "));
	check_has(log, " end=aborted reason=\"peer closed the connection\"\n");
	free(log);
}

static void an_action_can_break_its_answer_off(void **state)
{
	struct mock_request *mock = *state;
	struct captured_log captured;
	struct mock_source source;
	char *log;

	mock_source_init(&source, 1000);
	mock->writer.credit = 500;
	begin(mock, get);
	stream(mock, &source);
	mock_request_run(mock);
	assert_false(mock->over);
	captured_log_begin(&captured);
	request_break(mock->request, -ESTALE);
	mock_request_run(mock);
	log = captured_log_end(&captured);
	assert_true(mock->over);
	assert_int_equal(mock->result, -ESTALE);
	assert_false(mock->writer.ended);
	assert_string_equal(seen.reason, "file was changed");
	assert_int_equal(seen.ended, 1);
	assert_int_equal(seen.closed, 1);
	check_has(log, " error 1-1: file was changed: \"/a\"\n");
	check_has(log, " end=aborted reason=\"file was changed\"\n");
	free(log);
}

/* --- abort, at each stage ----------------------------------------------- */

/* Brings a request to a stage of its life, `source` being of 1000 bytes. */
typedef void stage_fn(struct mock_request *mock, struct mock_source *source);

static void at_its_start(struct mock_request *mock, struct mock_source *source)
{
	(void)source;
	begin(mock, get);
}

static void no_body(struct request *request, const char *body, size_t length)
{
	(void)request;
	(void)body;
	(void)length;
	fail_msg("the body was handed over");
}

static void inside_its_body(
    struct mock_request *mock, struct mock_source *source)
{
	at_its_start(mock, source);
	request_read_body(mock->request, 10, no_body);
	request_add_body(mock->request, "1", 1);
}

static void before_its_first_turn(
    struct mock_request *mock, struct mock_source *source)
{
	at_its_start(mock, source);
	stream(mock, source);
}

static void inside_a_read(struct mock_request *mock, struct mock_source *source)
{
	source->late = true;
	before_its_first_turn(mock, source);
	mock_request_run(mock);
	assert_true(source->in_flight);
}

static void before_a_full_writer(
    struct mock_request *mock, struct mock_source *source)
{
	mock->writer.credit = 300;
	before_its_first_turn(mock, source);
	mock_request_run(mock);
	assert_true(mock->writer.wanted);
}

static void before_its_last_record(
    struct mock_request *mock, struct mock_source *source)
{
	mock->writer.slow_ends = 1;
	before_its_first_turn(mock, source);
	mock_request_run(mock);
	assert_true(mock->writer.length > 1000);
}

static void inside_an_error(
    struct mock_request *mock, struct mock_source *source)
{
	mock->writer.slow_ends = 1;
	at_its_start(mock, source);
	request_error(mock->request, 403, NULL, NULL);
	mock_request_run(mock);
}

static const struct {
	stage_fn *go;
	unsigned int sources;
	const char *status;
} stages[] = {
	{ at_its_start, 0, " status=0 " },
	{ inside_its_body, 0, " status=0 " },
	{ before_its_first_turn, 1, " status=200 " },
	{ inside_a_read, 1, " status=200 " },
	{ before_a_full_writer, 1, " status=200 " },
	{ before_its_last_record, 1, " status=200 " },
	{ inside_an_error, 0, " status=403 " },
};

/* Returns what is logged; the caller frees it. */
static char *abort_at(size_t i, struct mock_source *source, const char *reason)
{
	struct captured_log captured;
	struct mock_request mock;
	char *log;

	memset(&seen, 0, sizeof(seen));
	mock_source_init(source, 1000);
	mock_request_init(&mock);
	mock.options.access_log = true;
	mock.body_pending = true;
	stages[i].go(&mock, source);
	assert_false(mock.over);
	captured_log_begin(&captured);
	request_abort(mock.request, reason);
	mock.request = NULL;
	mock_request_run(&mock);
	log = captured_log_end(&captured);
	/* The connection knows already. */
	assert_false(mock.over);
	assert_false(mock.writer.ended);
	mock_request_fini(&mock);
	return log;
}

static void it_can_be_aborted_at_each_stage(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(stages); i++) {
		struct mock_source source;
		char *log = abort_at(i, &source, "client left");

		assert_int_equal(seen.cancelled, 1);
		assert_int_equal(seen.ended, 1);
		assert_string_equal(seen.reason, "client left");
		assert_int_equal(seen.closed, stages[i].sources);
		assert_false(source.in_flight);
		check_has(log, stages[i].status);
		check_has(log, " end=aborted reason=\"client left\"\n");
		free(log);
	}
}

/* All of the answer had left: it is complete, whatever came after. */
static void without_a_reason_it_was_complete(void **state)
{
	struct mock_source source;
	char *log = abort_at(5, &source, NULL);

	(void)state;
	assert_int_equal(seen.ended, 1);
	assert_string_equal(seen.reason, "");
	assert_int_equal(seen.closed, 1);
	check_has(log, " end=complete\n");
	free(log);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(it_has_the_method_the_path_and_an_id),
		TEST(what_the_front_did_not_send_is_empty),
		TEST(a_malformed_path_is_none),
		TEST(a_complete_answer_ends_it),
		TEST(there_is_an_access_line_only_if_wanted),
		TEST(a_front_that_left_is_no_error_of_ours),
		TEST(an_action_can_break_its_answer_off),
		cmocka_unit_test(it_can_be_aborted_at_each_stage),
		cmocka_unit_test(without_a_reason_it_was_complete),
	};

	return cmocka_run_group_tests_name("request", tests, NULL, NULL);
}
