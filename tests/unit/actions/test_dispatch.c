/* SPDX-License-Identifier: MIT */
/*
 * Unit tests of fcgi_app/actions/dispatch. The actions are the real ones, and
 * are asked for what they answer 400: no DOCUMENT_ROOT, or a query that is none
 * of theirs. The access line names the one that has answered.
 */
#include "config.h"
#include "fcgi_app/actions/dispatch.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fcgi_app/policy/cors.h"
#include "fcgi_app/request/request.h"
#include "tests/unit/support/captured_log.h"
#include "tests/unit/support/mock_request.h"
#include "tests/unit/support/unit.h"

#define PARAMS_MAX 12
#define PROBE_PATH "/a/.fcgi-stream-probe"

struct row {
	const char *params[PARAMS_MAX];
	int status;
	const char *action; /* of the access line */
	const char *allow;  /* NULL: no Allow */
};

static void check_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("no \"%s\" in %s", part, text);
}

static void check_access(const struct row *row, const char *log)
{
	char field[64];

	snprintf(field, sizeof(field), " action=%s ", row->action);
	check_has(log, field);
	snprintf(field, sizeof(field), " status=%d ", row->status);
	check_has(log, field);
}

static void check_answer(const struct row *row, struct mock_request *mock)
{
	const char *text = mock_request_text(mock);
	char field[64];

	snprintf(field, sizeof(field), "Status: %d ", row->status);
	check_has(text, field);
	if (row->allow) {
		snprintf(field, sizeof(field), "\r\nAllow: %s\r\n", row->allow);
		check_has(text, field);
	} else {
		assert_null(strstr(text, "\r\nAllow: "));
	}
}

/* `fields`: what may be sent beyond what files depend on. */
static void check_preflight(
    const struct row *row, const char *fields, struct mock_request *mock)
{
	const char *text = mock_request_text(mock);
	char field[512];

	snprintf(field, sizeof(field),
	    "\r\nAccess-Control-Allow-Methods: %s\r\n", row->allow);
	check_has(text, field);
	snprintf(field, sizeof(field),
	    "\r\nAccess-Control-Allow-Headers: %s%s\r\n", CORS_ALLOW_HEADERS,
	    fields);
	check_has(text, field);
}

/* Returns what is logged; the caller frees it. */
static char *ask(struct mock_request *mock, const struct row *row)
{
	struct captured_log captured;

	mock_request_new(mock, row->params);
	captured_log_begin(&captured);
	dispatch(mock->request);
	mock_request_run(mock);
	return captured_log_end(&captured);
}

/* `fields`: NULL, or of the answer to a preflight. */
static void check_row(const struct row *row, bool probe, const char *fields)
{
	struct mock_request mock;
	void **states;
	char *log;

	mock_request_init(&mock);
	mock.options.access_log = true;
	mock.options.probe = probe;
	states = dispatch_prepare(&mock.options);
	assert_non_null(states);
	mock.services.action_states = states;
	assert_int_equal(dispatch_open(&mock.services), 0);
	log = ask(&mock, row);
	assert_true(mock.over);
	check_answer(row, &mock);
	if (fields)
		check_preflight(row, fields, &mock);
	check_access(row, log);
	free(log);
	dispatch_drain(&mock.services);
	dispatch_close(&mock.services);
	mock_request_fini(&mock);
	dispatch_free(states);
}

#define CHECK_ROWS(rows, probe)                               \
	for (size_t row = 0; row < ARRAY_LENGTH(rows); row++) \
	check_row(&(rows)[row], probe, NULL)

/* --- which action ------------------------------------------------------- */

static void the_action_is_the_one_that_is_named(void **state)
{
	static const struct row rows[] = {
		{ { "REQUEST_METHOD", "GET" }, 400, "file", NULL },
		{ { "REQUEST_METHOD", "GET", "STREAM_ACTION", "" }, 400, "file",
		    NULL },
		{ { "REQUEST_METHOD", "GET", "STREAM_ACTION", "file" }, 400,
		    "file", NULL },
		{ { "REQUEST_METHOD", "HEAD", "STREAM_ACTION", "list" }, 400,
		    "list", NULL },
		{ { "REQUEST_METHOD", "GET", "STREAM_ACTION", "concat" }, 400,
		    "concat", NULL },
		{ { "REQUEST_METHOD", "GET", "STREAM_ACTION", "archive",
		      "QUERY_STRING", "format=none" },
		    400, "archive", NULL },
		{ { "REQUEST_METHOD", "POST", "STREAM_ACTION", "archive",
		      "QUERY_STRING", "format=none" },
		    400, "archive", NULL },
		{ { "REQUEST_METHOD", "GET", "STREAM_ACTION", "follow" }, 400,
		    "follow", NULL },
	};

	(void)state;
	CHECK_ROWS(rows, false);
}

static void an_action_that_is_none_is_a_404(void **state)
{
	static const struct row rows[] = {
		{ { "REQUEST_METHOD", "GET", "STREAM_ACTION", "fil" }, 404, "-",
		    NULL },
		{ { "REQUEST_METHOD", "GET", "STREAM_ACTION", "File" }, 404,
		    "-", NULL },
		{ { "REQUEST_METHOD", "OPTIONS", "STREAM_ACTION", "files" },
		    404, "-", NULL },
	};

	(void)state;
	CHECK_ROWS(rows, false);
	assert_false(dispatch_is_built_in("fil"));
	assert_true(dispatch_is_built_in("file"));
	assert_true(dispatch_is_built_in("probe"));
}

static void a_malformed_path_is_a_400(void **state)
{
	static const struct row rows[] = {
		{ { "REQUEST_METHOD", "GET", "SCRIPT_FILENAME",
		      "proxy:fcgi://localhost//%zz" },
		    400, "-", NULL },
		{ { "REQUEST_METHOD", "OPTIONS", "SCRIPT_FILENAME",
		      "proxy:fcgi://localhost//%zz" },
		    400, "-", NULL },
		/* An action that is none comes first. */
		{ { "REQUEST_METHOD", "GET", "STREAM_ACTION", "fil",
		      "SCRIPT_FILENAME", "proxy:fcgi://localhost//%zz" },
		    404, "-", NULL },
	};

	(void)state;
	CHECK_ROWS(rows, false);
}

/* --- methods ------------------------------------------------------------ */

#define GET_HEAD "GET, HEAD, OPTIONS"
#define GET_HEAD_POST "GET, HEAD, POST, OPTIONS"

static void other_methods_are_told_of_those_allowed(void **state)
{
	static const struct row rows[] = {
		{ { "REQUEST_METHOD", "POST" }, 405, "file", GET_HEAD },
		{ { "REQUEST_METHOD", "DELETE", "STREAM_ACTION", "list" }, 405,
		    "list", GET_HEAD },
		{ { "REQUEST_METHOD", "PUT", "STREAM_ACTION", "archive" }, 405,
		    "archive", GET_HEAD_POST },
		/* Their names are case-sensitive (RFC 9110, 9.1). */
		{ { "REQUEST_METHOD", "get" }, 405, "file", GET_HEAD },
	};

	(void)state;
	CHECK_ROWS(rows, false);
}

/* Then the front sends none of the parameters that CGI has. */
static void a_request_without_a_method_is_a_500(void **state)
{
	static const struct row rows[] = {
		{ { NULL }, 500, "-", NULL },
		{ { "REQUEST_METHOD", "" }, 500, "-", NULL },
		{ { "STREAM_ACTION", "list", "STREAM_PATH", PROBE_PATH }, 500,
		    "-", NULL },
		{ { "STREAM_ACTION", "fil" }, 500, "-", NULL },
	};

	(void)state;
	CHECK_ROWS(rows, true);
}

static void options_tells_the_methods_of_the_action(void **state)
{
	static const struct row rows[] = {
		{ { "REQUEST_METHOD", "OPTIONS" }, 204, "file", GET_HEAD },
		{ { "REQUEST_METHOD", "OPTIONS", "STREAM_ACTION", "list" }, 204,
		    "list", GET_HEAD },
		{ { "REQUEST_METHOD", "OPTIONS", "STREAM_ACTION", "concat" },
		    204, "concat", GET_HEAD },
		{ { "REQUEST_METHOD", "OPTIONS", "STREAM_ACTION", "follow" },
		    204, "follow", GET_HEAD },
		{ { "REQUEST_METHOD", "OPTIONS", "STREAM_ACTION", "archive" },
		    204, "archive", GET_HEAD_POST },
	};

	(void)state;
	CHECK_ROWS(rows, false);
}

#define PREFLIGHT                                                             \
	"REQUEST_METHOD", "OPTIONS", "STREAM_CORS", "*", "HTTP_ORIGIN",       \
	    "https://a.example", "HTTP_ACCESS_CONTROL_REQUEST_METHOD", "GET", \
	    "STREAM_ACTION"

static void a_preflight_tells_what_the_action_takes(void **state)
{
	static const struct {
		struct row row;
		const char *fields;
	} cases[] = {
		{ { { PREFLIGHT, "file" }, 204, "file", GET_HEAD }, "" },
		{ { { PREFLIGHT, "list" }, 204, "list", GET_HEAD }, "" },
		{ { { PREFLIGHT, "concat" }, 204, "concat", GET_HEAD }, "" },
		{ { { PREFLIGHT, "follow" }, 204, "follow", GET_HEAD },
		    ", Cache-Control, Last-Event-ID" },
		{ { { PREFLIGHT, "archive" }, 204, "archive", GET_HEAD_POST },
		    ", Content-Type" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
		check_row(&cases[i].row, false, cases[i].fields);
}

/* --- the probe ---------------------------------------------------------- */

static void without_its_option_the_probe_is_not_there(void **state)
{
	static const struct row rows[] = {
		{ { "REQUEST_METHOD", "GET", "STREAM_ACTION", "probe" }, 404,
		    "-", NULL },
		{ { "REQUEST_METHOD", "OPTIONS", "STREAM_ACTION", "probe" },
		    404, "-", NULL },
		/* Its path is one like any other. */
		{ { "REQUEST_METHOD", "GET", "STREAM_PATH", PROBE_PATH }, 400,
		    "file", NULL },
	};

	(void)state;
	CHECK_ROWS(rows, false);
}

static void the_probe_has_a_path_where_files_are_served(void **state)
{
	static const struct row rows[] = {
		{ { "REQUEST_METHOD", "GET", "STREAM_ACTION", "probe",
		      "QUERY_STRING", "nonsense" },
		    400, "probe", NULL },
		{ { "REQUEST_METHOD", "GET", "STREAM_PATH", PROBE_PATH,
		      "QUERY_STRING", "nonsense" },
		    400, "probe", NULL },
		{ { "REQUEST_METHOD", "GET", "STREAM_ACTION", "list",
		      "REQUEST_URI", PROBE_PATH "?nonsense", "QUERY_STRING",
		      "nonsense" },
		    400, "probe", NULL },
		{ { "REQUEST_METHOD", "HEAD", "STREAM_PATH", PROBE_PATH }, 405,
		    "probe", "GET, OPTIONS" },
		{ { "REQUEST_METHOD", "GET", "STREAM_ACTION", "concat",
		      "STREAM_PATH", PROBE_PATH },
		    400, "concat", NULL },
		{ { "REQUEST_METHOD", "GET", "STREAM_PATH", PROBE_PATH "s" },
		    400, "file", NULL },
	};

	(void)state;
	CHECK_ROWS(rows, true);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_action_is_the_one_that_is_named),
		cmocka_unit_test(an_action_that_is_none_is_a_404),
		cmocka_unit_test(a_malformed_path_is_a_400),
		cmocka_unit_test(other_methods_are_told_of_those_allowed),
		cmocka_unit_test(a_request_without_a_method_is_a_500),
		cmocka_unit_test(options_tells_the_methods_of_the_action),
		cmocka_unit_test(a_preflight_tells_what_the_action_takes),
		cmocka_unit_test(without_its_option_the_probe_is_not_there),
		cmocka_unit_test(the_probe_has_a_path_where_files_are_served),
	};

	return cmocka_run_group_tests_name("dispatch", tests, NULL, NULL);
}
