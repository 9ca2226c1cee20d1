/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "fcgi_app/policy/request_path.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/support/unit.h"

#define OK REQUEST_PATH_OK
#define MALFORMED REQUEST_PATH_MALFORMED
#define TOO_LONG REQUEST_PATH_TOO_LONG
#define UNTOUCHED "untouched"

struct path_case {
	struct request_path_params params;
	enum request_path_result result;
	const char *path;
};

/* With a buffer of just the bound, so that a sanitizer sees a byte too many. */
static void check_case(const struct path_case *c)
{
	size_t size = request_path_bound(&c->params);
	char *path = malloc(size);
	enum request_path_result result;

	assert_non_null(path);
	memset(path, '#', size);
	result = request_path_find(&c->params, path, size);
	assert_int_equal(result, c->result);
	if (result == OK)
		assert_string_equal(path, c->path);
	for (size_t i = 0; result != OK && i < size; i++)
		assert_int_equal(path[i], '#');
	free(path);
}

static void check_cases(const struct path_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++)
		check_case(&cases[i]);
}

static void takes_the_first_parameter_that_was_sent(void **state)
{
	static const struct path_case cases[] = {
		{ { .stream_path = "/s",
		      .document_uri = "/d",
		      .script_name = "/n",
		      .path_info = "/i",
		      .script_filename = "proxy:fcgi://h/f" },
		    OK, "/s" },
		{ { .document_uri = "/d",
		      .script_name = "/n",
		      .path_info = "/i",
		      .script_filename = "proxy:fcgi://h/f" },
		    OK, "/d" },
		{ { .script_name = "/n",
		      .path_info = "/i",
		      .script_filename = "proxy:fcgi://h/f" },
		    OK, "/n/i" },
		{ { .script_name = "/n",
		      .script_filename = "proxy:fcgi://h/f" },
		    OK, "/n" },
		{ { .path_info = "/i", .script_filename = "proxy:fcgi://h/f" },
		    OK, "/i" },
		{ { .script_filename = "proxy:fcgi://h/f" }, OK, "/f" },
		{ { .stream_path = NULL }, OK, "" },
	};

	(void)state;
	check_cases(cases, ARRAY_LENGTH(cases));
}

/* Caddy sends DOCUMENT_URI and SCRIPT_NAME, but with nothing in them. */
static void passes_over_what_is_empty(void **state)
{
	static const struct path_case cases[] = {
		{ { .stream_path = "", .document_uri = "/d" }, OK, "/d" },
		{ { .document_uri = "", .script_name = "", .path_info = "/i" },
		    OK, "/i" },
		{ { .script_name = "/n", .path_info = "" }, OK, "/n" },
		{ { .script_name = "",
		      .path_info = "",
		      .script_filename = "proxy:fcgi://h/f" },
		    OK, "/f" },
		{ { "", "", "", "", "" }, OK, "" },
	};

	(void)state;
	check_cases(cases, ARRAY_LENGTH(cases));
}

static void decodes_nothing_that_is_decoded(void **state)
{
	static const struct path_case cases[] = {
		{ { .stream_path = "/%41%00%zz%" }, OK, "/%41%00%zz%" },
		{ { .document_uri = "/100%?#+" }, OK, "/100%?#+" },
		{ { .script_name = "/%41", .path_info = "/%2f\n\xff" }, OK,
		    "/%41/%2f\n\xff" },
		{ { .script_name = "/a%", .path_info = "41" }, OK, "/a%41" },
		{ { .document_uri = "proxy:fcgi://h/%41" }, OK,
		    "proxy:fcgi://h/%41" },
	};

	(void)state;
	check_cases(cases, ARRAY_LENGTH(cases));
}

static void finds_the_path_in_the_url_of_apache(void **state)
{
	static const struct path_case cases[] = {
		{ { .script_filename = "proxy:fcgi://127.0.0.1:9000/a/b" }, OK,
		    "/a/b" },
		{ { .script_filename = "proxy:fcgi://host//a" }, OK, "//a" },
		{ { .script_filename = "proxy:fcgi://[::1]:9000/a" }, OK,
		    "/a" },
		{ { .script_filename = "proxy:unix:/run/s|fcgi://host/a|b" },
		    OK, "/a|b" },
		{ { .script_filename = "proxy:fcgi://host/a?b=/c" }, OK, "/a" },
		{ { .script_filename = "proxy:fcgi://host/" }, OK, "/" },
		/* What has no path in it. */
		{ { .script_filename = "proxy:fcgi://host" }, OK, "" },
		{ { .script_filename = "proxy:unix:/run/s" }, OK, "" },
		{ { .script_filename = "proxy:unix:/run/s|fcgi://host" }, OK,
		    "" },
		{ { .script_filename = "proxy:http://host/a" }, OK, "" },
		{ { .script_filename = "proxy:" }, OK, "" },
		{ { .script_filename = "fcgi://host/a" }, OK, "" },
		{ { .script_filename = "/srv/downloads/a" }, OK, "" },
	};

	(void)state;
	check_cases(cases, ARRAY_LENGTH(cases));
}

static void decodes_that_url_once(void **state)
{
	static const struct {
		const char *encoded;
		enum request_path_result result;
		const char *path;
	} cases[] = {
		{ "/a%20b", OK, "/a b" },
		{ "/100%25", OK, "/100%" },
		{ "/%2541", OK, "/%41" },
		{ "/%41%5a%5A", OK, "/AZZ" },
		{ "/a%3Fb%23c?d", OK, "/a?b#c" },
		{ "/a%2Fb", OK, "/a/b" },
		{ "/a+b;c", OK, "/a+b;c" },
		{ "/%0A%7f%01", OK, "/\n\x7f\x01" },
		{ "/%c3%BC%ff", OK, "/\xc3\xbc\xff" },
		{ "/%2e%2e/x", OK, "/../x" },
		{ "/%", MALFORMED, NULL },
		{ "/%4", MALFORMED, NULL },
		{ "/%4?1", MALFORMED, NULL },
		{ "/%?41", MALFORMED, NULL },
		{ "/%zz", MALFORMED, NULL },
		{ "/%4g", MALFORMED, NULL },
		{ "/%%41", MALFORMED, NULL },
		{ "/% 41", MALFORMED, NULL },
		{ "/%+1", MALFORMED, NULL },
		{ "/%00", MALFORMED, NULL },
		{ "/a%00b", MALFORMED, NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		char text[128] = "proxy:unix:/s|fcgi://h";
		const struct path_case c = {
			.params = { .script_filename = text },
			.result = cases[i].result,
			.path = cases[i].path,
		};

		strcat(text, cases[i].encoded);
		check_case(&c);
	}
}

static void keeps_within_the_buffer(void **state)
{
	static const struct request_path_params cases[] = {
		{ .stream_path = "/abcd" },
		{ .document_uri = "/abcd" },
		{ .script_name = "/ab", .path_info = "cd" },
		{ .script_filename = "proxy:fcgi://h/a%62%63d" },
	};
	char path[16] = UNTOUCHED;

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		strcpy(path, UNTOUCHED);
		assert_int_equal(
		    request_path_find(&cases[i], path, 0), TOO_LONG);
		assert_int_equal(
		    request_path_find(&cases[i], path, 5), TOO_LONG);
		assert_string_equal(path, UNTOUCHED);
		assert_int_equal(request_path_find(&cases[i], path, 6), OK);
		assert_string_equal(path, "/abcd");
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_the_first_parameter_that_was_sent),
		cmocka_unit_test(passes_over_what_is_empty),
		cmocka_unit_test(decodes_nothing_that_is_decoded),
		cmocka_unit_test(finds_the_path_in_the_url_of_apache),
		cmocka_unit_test(decodes_that_url_once),
		cmocka_unit_test(keeps_within_the_buffer),
	};

	return cmocka_run_group_tests_name("request_path", tests, NULL, NULL);
}
