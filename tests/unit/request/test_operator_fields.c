/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/request/operator_fields. */
#include "config.h"

#include "fcgi_app/request/operator_fields.h"

#include <string.h>

#include "common/fcgi/fcgi_params.h"
#include "common/stream/pacer.h"
#include "fcgi_app/policy/cors.h"
#include "fcgi_app/policy/response_head.h"
#include "fcgi_app/request/param_rule.h"
#include "fcgi_app/request/param_rule.h"
#include "tests/unit/support/make_params.h"
#include "tests/unit/support/unit.h"

#define NOW 784111777 /* Sun, 06 Nov 1994 08:49:37 GMT */
#define STATUS "Status: 200 OK\r\n"
#define NOSNIFF "X-Content-Type-Options: nosniff\r\n"
#define ALLOW_ORIGIN "Access-Control-Allow-Origin: "
#define EXPOSE "Access-Control-Expose-Headers: " CORS_EXPOSE_HEADERS "\r\n"

#define PAIRS_MAX 8

/* Parameters, and the lines of a head that they make. */
struct field_case {
	const char *params[PAIRS_MAX];
	const char *vary;
	const char *lines;
};

static void add_all(const struct fcgi_params *params,
    struct response_head *head, const char *vary)
{
	struct operator_fields fields;

	(void)vary;
	assert_null(operator_fields_read(params, NOW, &fields));
	operator_fields_add_caching(&fields, head);
	operator_fields_add_disposition(&fields, head);
}

/* `more` in place of a Vary */
static void add_preflight(const struct fcgi_params *params,
    struct response_head *head, const char *more)
{
	const struct preflight preflight = {
		.methods = "GET, PUT",
		.request_fields = more,
	};

	operator_fields_add_preflight(params, head, &preflight);
}

static void add_preflight_of_post(const struct fcgi_params *params,
    struct response_head *head, const char *more)
{
	const struct preflight preflight = {
		.methods = "POST",
		.takes_body = true,
		.request_fields = more,
	};

	operator_fields_add_preflight(params, head, &preflight);
}

static void check_cases(void (*add)(const struct fcgi_params *params,
			    struct response_head *head, const char *vary),
    const struct field_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct fcgi_params *params = make_params(cases[i].params);
		struct response_head head;

		response_head_init(&head, 200);
		add(params, &head, cases[i].vary);
		assert_int_equal(head.error, 0);
		assert_memory_equal(head.text, STATUS, strlen(STATUS));
		if (strcmp(head.text + strlen(STATUS), cases[i].lines) != 0)
			fail_msg("case %zu: %s", i, head.text);
		fcgi_params_free(params);
	}
}

static void adds_fields_of_a_file(void **state)
{
	static const struct field_case cases[] = {
		{ { NULL }, NULL, "" },
		{ { "STREAM_CACHE_CONTROL", "" }, NULL, "" },
		{ { "STREAM_CACHE_CONTROL", "private" }, NULL,
		    "Cache-Control: private\r\n" },
		{ { "STREAM_EXPIRES", "1m" }, NULL,
		    "Expires: Sun, 06 Nov 1994 08:50:37 GMT\r\n"
		    "Cache-Control: max-age=60\r\n" },
		{ { "STREAM_EXPIRES", "-1" }, NULL,
		    "Expires: Sun, 06 Nov 1994 08:49:36 GMT\r\n"
		    "Cache-Control: no-cache\r\n" },
		{ { "STREAM_EXPIRES", "0", "STREAM_CACHE_CONTROL", "public" },
		    NULL,
		    "Cache-Control: public\r\n"
		    "Expires: Sun, 06 Nov 1994 08:49:37 GMT\r\n" },
		{ { "STREAM_EXPIRES", "off" }, NULL, "" },
		{ { "STREAM_DISPOSITION", "attachment" }, NULL,
		    "Content-Disposition: attachment\r\n" },
		{ { "STREAM_FILENAME", "a" }, NULL,
		    "Content-Disposition: inline; filename=\"a\"\r\n" },
	};

	(void)state;
	check_cases(add_all, cases, ARRAY_LENGTH(cases));
}

static void names_a_bad_parameter(void **state)
{
	static const struct {
		const char *params[3];
		const char *bad;
	} cases[] = {
		{ { "STREAM_EXPIRES", "soon" }, "STREAM_EXPIRES" },
		{ { "STREAM_EXPIRES", "OFF" }, "STREAM_EXPIRES" },
		{ { "STREAM_DISPOSITION", "save" }, "STREAM_DISPOSITION" },
		{ { "STREAM_RANGES", "no" }, "STREAM_RANGES" },
		{ { "STREAM_RANGES", "ON" }, "STREAM_RANGES" },
	};
	struct operator_fields fields;

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct fcgi_params *params = make_params(cases[i].params);
		const struct param_rule *bad =
		    operator_fields_read(params, NOW, &fields);

		assert_non_null(bad);
		assert_string_equal(bad->name, cases[i].bad);
		fcgi_params_free(params);
	}
}

static void adds_fields_of_every_response(void **state)
{
	static const struct field_case cases[] = {
		{ { NULL }, NULL, NOSNIFF },
		{ { NULL }, "Accept-Encoding",
		    NOSNIFF "Vary: Accept-Encoding\r\n" },
		{ { "STREAM_NOSNIFF", "off" }, NULL, "" },
		{ { "STREAM_NOSNIFF", "no" }, NULL, NOSNIFF },
		{ { "STREAM_CORS", "*" }, NULL,
		    ALLOW_ORIGIN "*\r\n" EXPOSE NOSNIFF },
		{ { "STREAM_CORS", "*", "HTTP_ORIGIN", "null" }, "A",
		    ALLOW_ORIGIN "*\r\n" EXPOSE NOSNIFF "Vary: A\r\n" },
		{ { "STREAM_CORS", "http://a", "HTTP_ORIGIN", "http://a\t" },
		    "A",
		    ALLOW_ORIGIN "http://a\r\n" EXPOSE NOSNIFF
				 "Vary: A, Origin\r\n" },
		{ { "STREAM_CORS", "http://a", "HTTP_ORIGIN", "http://b" },
		    NULL, NOSNIFF "Vary: Origin\r\n" },
		{ { "STREAM_CORS", "http://a" }, NULL,
		    NOSNIFF "Vary: Origin\r\n" },
		{ { "HTTP_ORIGIN", "http://a" }, NULL, NOSNIFF },
	};

	(void)state;
	check_cases(operator_fields_add_common, cases, ARRAY_LENGTH(cases));
}

static void answers_preflights(void **state)
{
#define METHOD "HTTP_ACCESS_CONTROL_REQUEST_METHOD", "GET"
#define ALLOWED(methods, more)                                          \
	"Access-Control-Allow-Methods: " methods "\r\n"                 \
	"Access-Control-Allow-Headers: " CORS_ALLOW_HEADERS more "\r\n" \
	"Access-Control-Max-Age: " CORS_MAX_AGE "\r\n"
	static const char answer[] = ALLOWED("GET, PUT", "");
	static const struct field_case cases[] = {
		{ { "STREAM_CORS", "*", METHOD }, NULL, answer },
		{ { "STREAM_CORS", "http://a", "HTTP_ORIGIN", "http://a",
		      METHOD },
		    NULL, answer },
		{ { "STREAM_CORS", "http://a", "HTTP_ORIGIN", "http://b",
		      METHOD },
		    NULL, "" },
		{ { "STREAM_CORS", "*" }, NULL, "" },
		{ { METHOD }, NULL, "" },
		{ { "STREAM_CORS", "*", METHOD }, "X-A, X-B",
		    ALLOWED("GET, PUT", ", X-A, X-B") },
	};
	static const struct field_case of_post[] = {
		{ { "STREAM_CORS", "*", METHOD }, NULL,
		    ALLOWED("POST", ", Content-Type") },
		{ { "STREAM_CORS", "*", METHOD }, "X-A",
		    ALLOWED("POST", ", Content-Type, X-A") },
		{ { "STREAM_CORS", "*" }, "X-A", "" },
	};

	(void)state;
	check_cases(add_preflight, cases, ARRAY_LENGTH(cases));
	check_cases(add_preflight_of_post, of_post, ARRAY_LENGTH(of_post));
}

static void chooses_the_media_type(void **state)
{
	static const struct {
		const char *params[PAIRS_MAX];
		const char *type;
		const char *result;
	} cases[] = {
		{ { NULL }, "text/css", "text/css" },
		{ { "STREAM_CHARSET", "utf-8" }, "text/css",
		    "text/css; charset=utf-8" },
		{ { "STREAM_CHARSET", "utf-8" }, "image/png", "image/png" },
		{ { "STREAM_CONTENT_TYPE", "a/b" }, "text/css", "a/b" },
		{ { "STREAM_CONTENT_TYPE", "text/b", "STREAM_CHARSET", "c" },
		    "image/png", "text/b; charset=c" },
	};
	static const char *const malformed[][3] = {
		{ "STREAM_CONTENT_TYPE", "text" },
		{ "STREAM_CONTENT_TYPE", "/plain" },
		{ "STREAM_CONTENT_TYPE", "text/" },
		{ "STREAM_CONTENT_TYPE", "text/a,b" },
		{ "STREAM_CHARSET", "utf 8" },
		{ "STREAM_CHARSET", "\"utf-8\"" },
	};
	static const char *const too_long[][3] = {
		{ "STREAM_CONTENT_TYPE", "text/css" },
		{ "STREAM_CHARSET", "c" },
	};
	const struct param_rule *bad;
	struct fcgi_params *params;
	char text[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		params = make_params(cases[i].params);
		assert_null(operator_fields_media_type(
		    params, cases[i].type, text, sizeof(text)));
		assert_string_equal(text, cases[i].result);
		fcgi_params_free(params);
	}
	for (size_t i = 0; i < ARRAY_LENGTH(malformed); i++) {
		params = make_params(malformed[i]);
		bad = operator_fields_media_type(
		    params, "text/css", text, sizeof(text));
		assert_non_null(bad);
		assert_string_equal(bad->name, malformed[i][0]);
		fcgi_params_free(params);
	}
	params = make_params((const char *const[]){ NULL });
	assert_null(operator_fields_media_type(params, "a/b", text, 4));
	bad = operator_fields_media_type(params, "a/bc", text, 4);
	assert_string_equal(bad->name, "Content-Type");
	fcgi_params_free(params);
	for (size_t i = 0; i < ARRAY_LENGTH(too_long); i++) {
		params = make_params(too_long[i]);
		bad = operator_fields_media_type(params, "text/b", text, 8);
		assert_non_null(bad);
		assert_string_equal(bad->name, too_long[i][0]);
		fcgi_params_free(params);
	}
}

/* --- the pace ------------------------------------------------------------- */

struct pace_case {
	const char *rate;
	const char *burst;
	const char *bad; /* NULL: both are good */
	struct pacer_plan plan;
};

static void check_pace(const struct pace_case *c)
{
	const char *pairs[] = { "STREAM_RATE", c->rate ? c->rate : "",
		"STREAM_BURST", c->burst ? c->burst : "", NULL };
	struct fcgi_params *params = make_params(pairs);
	struct pacer_plan plan;
	const struct param_rule *bad = operator_fields_read_pace(params, &plan);

	if (c->bad) {
		assert_non_null(bad);
		assert_string_equal(bad->name, c->bad);
	} else {
		assert_null(bad);
		assert_int_equal(plan.rate, c->plan.rate);
		assert_int_equal(plan.burst, c->plan.burst);
	}
	fcgi_params_free(params);
}

static void reads_the_pace(void **state)
{
	static const struct pace_case cases[] = {
		{ NULL, NULL, NULL, { 0, 0 } },
		{ "0", NULL, NULL, { 0, 0 } },
		{ "0", "1M", NULL, { 0, 0 } },
		{ NULL, "1M", NULL, { 0, 0 } },
		{ "1", NULL, NULL, { 1, 0 } },
		{ "8K", NULL, NULL, { 8192, 0 } },
		{ "100m", "2G", NULL, { 100 << 20, (uint64_t)2 << 30 } },
		{ "1024G", "0", NULL, { PACER_RATE_MAX, 0 } },
		{ "1", "18446744073709551615", NULL, { 1, UINT64_MAX } },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
		check_pace(&cases[i]);
}

static void refuses_what_is_no_pace(void **state)
{
	static const struct pace_case cases[] = {
		{ "fast", NULL, "STREAM_RATE", { 0, 0 } },
		{ "-1", NULL, "STREAM_RATE", { 0, 0 } },
		{ "8 K", NULL, "STREAM_RATE", { 0, 0 } },
		{ "8KB", NULL, "STREAM_RATE", { 0, 0 } },
		{ "1.5M", NULL, "STREAM_RATE", { 0, 0 } },
		{ "1099511627777", NULL, "STREAM_RATE", { 0, 0 } },
		{ "18446744073709551616", NULL, "STREAM_RATE", { 0, 0 } },
		{ "x", "x", "STREAM_RATE", { 0, 0 } },
		{ "8K", "x", "STREAM_BURST", { 0, 0 } },
		{ "8K", "1M ", "STREAM_BURST", { 0, 0 } },
		{ "8K", "18446744073709551616", "STREAM_BURST", { 0, 0 } },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
		check_pace(&cases[i]);
}

static void an_absent_pace_is_as_an_empty_one(void **state)
{
	static const char *none[] = { NULL };
	struct fcgi_params *params = make_params(none);
	struct pacer_plan plan = { 1, 1 };

	(void)state;
	assert_null(operator_fields_read_pace(params, &plan));
	assert_int_equal(plan.rate, 0);
	fcgi_params_free(params);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(adds_fields_of_a_file),
		cmocka_unit_test(names_a_bad_parameter),
		cmocka_unit_test(adds_fields_of_every_response),
		cmocka_unit_test(answers_preflights),
		cmocka_unit_test(chooses_the_media_type),
		cmocka_unit_test(reads_the_pace),
		cmocka_unit_test(refuses_what_is_no_pace),
		cmocka_unit_test(an_absent_pace_is_as_an_empty_one),
	};

	return cmocka_run_group_tests_name(
	    "operator_fields", tests, NULL, NULL);
}
