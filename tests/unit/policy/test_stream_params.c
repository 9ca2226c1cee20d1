/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/policy/stream_params. */
#include "config.h"
#include "fcgi_app/policy/stream_params.h"

#include <string.h>

#include "tests/unit/support/unit.h"

static const struct stream_param *find(const char *name)
{
	return stream_params_find(name, strlen(name));
}

static void finds_whole_names_alone(void **state)
{
	(void)state;
	assert_string_equal(find("STREAM_RATE")->name, "STREAM_RATE");
	assert_string_equal(find("STREAM_LIST")->name, "STREAM_LIST");
	assert_null(find("STREAM_RAT"));
	assert_null(find("STREAM_RATES"));
	assert_null(find("stream_rate"));
	assert_null(find("STREAM_"));
	assert_null(find("RATE"));
	assert_null(find(""));
}

static void finds_the_name_that_was_meant(void **state)
{
	static const struct {
		const char *name;
		const char *meant;
	} cases[] = {
		{ "STREAM_RAET", "STREAM_RATE" },
		{ "STREAM_DISPOTISION", "STREAM_DISPOSITION" },
		{ "STREAM_DOTFILE", "STREAM_DOTFILES" },
		{ "STREAM_MAXFILES", NULL },
		{ "STREAM_INTERVAL", NULL },
		{ "STREAM_", NULL },
		{ "STREAM", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		const char *meant =
		    stream_params_nearest(cases[i].name, strlen(cases[i].name));

		if (cases[i].meant)
			assert_string_equal(meant, cases[i].meant);
		else
			assert_null(meant);
	}
}

static void finds_words_that_mean_nothing(void **state)
{
	static const struct {
		const char *name;
		const char *value;
		const char *bad[3];
	} cases[] = {
		{ "STREAM_DOTFILES", "allow", { NULL } },
		{ "STREAM_DOTFILES", "deny", { NULL } },
		{ "STREAM_DOTFILES", "Allow", { "Allow", NULL } },
		{ "STREAM_DOTFILES", " allow", { " allow", NULL } },
		{ "STREAM_DOTFILES", "allow deny", { "allow deny", NULL } },
		{ "STREAM_NOSNIFF", "off", { NULL } },
		{ "STREAM_NOSNIFF", "on", { NULL } },
		{ "STREAM_NOSNIFF", "no", { "no", NULL } },
		{ "STREAM_PRECOMPRESSED", "br, GZIP\tzstd x-gzip", { NULL } },
		{ "STREAM_PRECOMPRESSED", "zip br brotli",
		    { "zip", "brotli", NULL } },
		{ "STREAM_PRECOMPRESSED", " , ", { NULL } },
		{ "STREAM_CORS", "* null https://a.example/,http://b:8080",
		    { NULL } },
		{ "STREAM_CORS", "a.example https://a/b",
		    { "a.example", "https://a/b", NULL } },
		{ "STREAM_CORS", "", { NULL } },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		const struct stream_param *param = find(cases[i].name);
		const char *cursor = cases[i].value, *word;
		size_t length;

		for (const char *const *bad = cases[i].bad; *bad; bad++) {
			length = stream_param_bad_word(param, &cursor, &word);
			assert_int_equal(length, strlen(*bad));
			assert_memory_equal(word, *bad, length);
		}
		assert_int_equal(
		    stream_param_bad_word(param, &cursor, &word), 0);
		assert_int_equal(
		    stream_param_bad_word(param, &cursor, &word), 0);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_whole_names_alone),
		cmocka_unit_test(finds_the_name_that_was_meant),
		cmocka_unit_test(finds_words_that_mean_nothing),
	};

	return cmocka_run_group_tests_name("stream_params", tests, NULL, NULL);
}
