/* SPDX-License-Identifier: MIT */
/*
 * Unit tests of bench/load/load_options. A wrong command line ends the
 * process, so those are parsed in a child.
 */
#include "config.h"

#include "bench/load/load_options.h"

#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/support/unit.h"

#define WORDS_MAX 12
/* The child's status when the command line was fine. */
#define EXIT_PARSED 47

/* A program's name, a socket, a limit and a path; `words` come between. */
static void parse(struct load_options *options, const char *const *words)
{
	static char first[] = "fcgi_load";
	static char *argv[WORDS_MAX + 1];
	int argc = 1;

	memset(argv, 0, sizeof(argv));
	argv[0] = first;
	for (; words[argc - 1]; argc++)
		memcpy(&argv[argc], &words[argc - 1], sizeof(argv[argc]));
	load_options_parse(options, argc, argv);
}

static void test_all(void **state)
{
	static const char *const words[] = { "--connect=unix:/s",
		"--seconds=2.5", "--warm-up=500ms", "--pace=64K", "--range=5-9",
		"--param=A=b=c", "--sample=1", "/x", "/y", NULL };
	struct load_options options;

	(void)state;
	parse(&options, words);
	assert_int_equal(options.run_us, 2500000);
	assert_int_equal(options.warm_up_us, 500000);
	assert_int_equal(options.sample_us, 1000000);
	assert_int_equal(options.timeout_us, 60000000);
	assert_int_equal(options.pace, 65536);
	assert_int_equal(options.connections, 1);
	assert_int_equal(options.range.first, 5);
	assert_int_equal(options.range.last, 9);
	assert_string_equal(options.params[0], "A=b=c");
	assert_int_equal(options.path_count, 2);
	assert_string_equal(options.paths[1], "/y");
	assert_int_equal(options.address.address.ss_family, AF_UNIX);
}

static void test_ranges(void **state)
{
	static const struct {
		const char *word;
		bool has_first;
		bool has_last;
	} rows[] = { { "--range=0-0", true, true },
		{ "--range=7-", true, false }, { "--range=-7", false, true } };
	struct load_options options;

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		const char *const words[] = { "--connect=[::1]:80",
			"--requests=1", rows[i].word, "/", NULL };

		parse(&options, words);
		assert_int_equal(options.range.has_first, rows[i].has_first);
		assert_int_equal(options.range.has_last, rows[i].has_last);
	}
}

static int status_of(const char *const *words)
{
	struct load_options options;
	pid_t child = fork();
	int status = 0;

	assert_true(child >= 0);
	if (child == 0) {
		dup2(open("/dev/null", O_WRONLY | O_CLOEXEC), STDERR_FILENO);
		parse(&options, words);
		_exit(EXIT_PARSED);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void test_limits(void **state)
{
	static const struct {
		const char *word;
		bool fine;
	} rows[] = {
		{ "--connections=20000", true },
		{ "--connections=20001", false },
		{ "--connections=0", false },
		{ "--requests=0", false },
		{ "--pace=256", true },
		{ "--pace=255", false },
		{ "--pace=1G", true },
		{ "--pace=1025M", false },
		{ "--seconds=0.000001", true },
		{ "--seconds=0.0000001", false },
		{ "--seconds=1.", false },
		{ "--seconds=.5", false },
		{ "--seconds=1.5s", false },
		{ "--seconds=604800", true },
		{ "--seconds=604801", false },
		{ "--sample=0.01", true },
		{ "--sample=0.009", false },
		{ "--range=9-5", false },
		{ "--range=-", false },
		{ "--range=1-2,4-5", false },
		{ "--param==x", false },
		{ "--param=x", false },
		{ "--stall=2", false },
		{ "--connect=unix:", false },
		{ "--connect=nowhere", false },
		{ "--connect=:80", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		const char *const words[] = { "--connect=unix:/s",
			"--requests=1", rows[i].word, "/", NULL };
		int expected =
		    rows[i].fine ? EXIT_PARSED : LOAD_OPTIONS_EXIT_USAGE;

		if (status_of(words) != expected)
			fail_msg("%s", rows[i].word);
	}
}

static void test_missing(void **state)
{
	static const char *const rows[][WORDS_MAX] = {
		{ "--connect=unix:/s", "--requests=1" },
		{ "--connect=unix:/s", "/" },
		{ "--requests=1", "/" },
		{ "--connect=unix:/s", "--requests=1", "--stall=1", "/" },
		{ "--connect=unix:/s", "--seconds=2", "--warm-up=2", "/" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
		assert_int_equal(status_of(rows[i]), LOAD_OPTIONS_EXIT_USAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all),
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
