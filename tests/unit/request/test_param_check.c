/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/request/param_check. */
#include "config.h"
#include "fcgi_app/request/param_check.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/support/captured_log.h"
#include "tests/unit/support/mock_request.h"
#include "tests/unit/support/unit.h"

static int setup(void **state)
{
	struct mock_request *mock = malloc(sizeof(*mock));

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

/* Returns what is logged for a request; the caller frees it. */
static char *check(struct mock_request *mock, const char *const *params)
{
	struct captured_log captured;

	mock_request_new(mock, params);
	captured_log_begin(&captured);
	param_check(&mock->param_check, mock->request);
	return captured_log_end(&captured);
}

static unsigned int count_lines(const char *log)
{
	unsigned int lines = 0;

	for (; *log; log++)
		lines += *log == '\n';
	return lines;
}

static void check_lines(
    struct mock_request *mock, const char *const *params, unsigned int lines)
{
	char *log = check(mock, params);

	if (count_lines(log) != lines)
		fail_msg("not %u lines: %s", lines, log);
	free(log);
	mock_request_leave(mock);
}

static void says_nothing_of_what_is_right(void **state)
{
	static const char *const params[] = { "REQUEST_METHOD", "GET",
		"STREAM_RATE", "2M", "STREAM_CORS", "*", "STREAM_DOTFILES", "",
		"STREAM_PRECOMPRESSED", "br gzip", "STREAM_NOSNIFF", "off",
		"HTTP_STREAM_RAET", "1", "STREAMS", "1", "XSTREAM_RATE", "1",
		NULL };

	check_lines(*state, params, 0);
}

static void names_what_was_meant(void **state)
{
	static const struct {
		const char *name;
		const char *value;
		const char *text;
	} cases[] = {
		{ "STREAM_RAET", "2M",
		    " warning 1-1: STREAM_RAET=\"2M\": no parameter of this "
		    "name; the nearest is STREAM_RATE: \"/a\"" },
		{ "STREAM_BANDWIDTH", "\"x\n",
		    " warning 1-1: STREAM_BANDWIDTH=\"\\x22x\\x0a\": no "
		    "parameter of this name; it does nothing: \"/a\"" },
		{ "STREAM_PRECOMPRESSED", "br gzpi",
		    " warning 1-1: STREAM_PRECOMPRESSED=\"br gzpi\": \"gzpi\" "
		    "is not br, zstd or gzip: \"/a\"" },
		{ "STREAM_DOTFILES", "al\"low",
		    "STREAM_DOTFILES=\"al\\x22low\": \"al\\x22low\" is not "
		    "allow or deny: " },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		const char *const params[] = { "STREAM_PATH", "/a",
			cases[i].name, cases[i].value, NULL };
		struct mock_request mock;
		char *log;

		mock_request_init(&mock);
		log = check(&mock, params);
		if (!strstr(log, cases[i].text))
			fail_msg("no %s in %s", cases[i].text, log);
		assert_int_equal(count_lines(log), 1);
		free(log);
		mock_request_fini(&mock);
	}
}

/* Not for each request; another word of the same list is another mistake. */
static void tells_each_mistake_once(void **state)
{
	static const char *const first[] = { "STREAM_RAET", "1",
		"STREAM_PRECOMPRESSED", "brr gzpi", NULL };
	static const char *const again[] = { "STREAM_RAET", "2",
		"STREAM_PRECOMPRESSED", "gzpi br brr", NULL };
	static const char *const more[] = { "STREAM_RAETS", "1",
		"STREAM_PRECOMPRESSED", "gzpi zst", NULL };

	check_lines(*state, first, 3);
	check_lines(*state, first, 0);
	check_lines(*state, again, 0);
	check_lines(*state, more, 2);
}

/* Its last warning adds that no more will come. */
static void tells_so_many_at_most(void **state)
{
	for (unsigned int i = 1; i <= PARAM_CHECK_MAX + 3; i++) {
		char name[32];
		const char *const params[] = { name, "", NULL };

		snprintf(name, sizeof(name), "STREAM_%u", i);
		check_lines(*state, params,
		    i < PARAM_CHECK_MAX        ? 1
			: i == PARAM_CHECK_MAX ? 2
					       : 0);
	}
}

/* What is longer is cut, and told apart all the same. */
static void shows_the_begin_of_long_names(void **state)
{
	static char name[121];
	const char *const params[] = { name, "1", NULL };

	memset(name, 'x', sizeof(name) - 1);
	memcpy(name, "STREAM_", 7);
	check_lines(*state, params, 1);
	name[sizeof(name) - 2] = 'y';
	check_lines(*state, params, 1);
	check_lines(*state, params, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(says_nothing_of_what_is_right),
		cmocka_unit_test(names_what_was_meant),
		TEST(tells_each_mistake_once),
		TEST(tells_so_many_at_most),
		TEST(shows_the_begin_of_long_names),
	};

	return cmocka_run_group_tests_name("param_check", tests, NULL, NULL);
}
