/* SPDX-License-Identifier: MIT */
/*
 * Unit tests of fcgi_app/setup/options. A command line that can't be carried
 * out ends the process, so each is parsed in a child of its own.
 */
#include "config.h"

#include "fcgi_app/setup/options.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/support/unit.h"

#define WORDS_MAX 80
#define PATIENCE_SECONDS 60
/* The child's status when the command line was fine. */
#define EXIT_PARSED 47

/* A command line, ended by NULL. */
struct command {
	int count;
	const char *words[WORDS_MAX];
};

struct ending {
	int status;
	char text[16384]; /* of both standard output and error */
};

static struct command command_of(const char *first, const char *second)
{
	struct command command = { 1, { "fcgi-stream" } };

	if (first)
		command.words[command.count++] = first;
	if (second)
		command.words[command.count++] = second;
	return command;
}

/* argv is not const, but the words are not written to. */
static void parse(const struct command *command, struct options *options)
{
	char *argv[WORDS_MAX + 1] = { NULL };

	for (int i = 0; i < command->count; i++)
		memcpy(&argv[i], &command->words[i], sizeof(argv[i]));
	options_parse(options, command->count, argv);
}

static void parse_in_child(const struct command *command, int fd)
{
	struct options options;

	alarm(PATIENCE_SECONDS);
	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
	parse(command, &options);
	_exit(EXIT_PARSED);
}

static struct ending run(const struct command *command)
{
	struct ending ending = { .text = "" };
	int fd = memfd_create("output", MFD_CLOEXEC);
	pid_t child;
	int status = 0;

	assert_true(fd >= 0);
	/* Or the child would write it again. */
	fflush(NULL);
	child = fork();
	assert_true(child >= 0);
	if (child == 0)
		parse_in_child(command, fd);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	ending.status = WEXITSTATUS(status);
	assert_true(pread(fd, ending.text, sizeof(ending.text) - 1, 0) >= 0);
	close(fd);
	return ending;
}

/* It must end with 2, naming the option and the reason. */
static void check_refused(
    const struct command *command, const char *option, const char *reason)
{
	const char *word = command->words[command->count - 1];
	struct ending ending = run(command);

	if (ending.status != OPTIONS_EXIT_USAGE)
		fail_msg("%s: status %d", word, ending.status);
	if (!strstr(ending.text, option) || !strstr(ending.text, reason))
		fail_msg("%s: %s", word, ending.text);
}

/* --- what is understood --------------------------------------------------- */

static void has_defaults(void **state)
{
	struct command command = command_of("--root=/srv", NULL);
	struct options options;
	cpu_set_t set;

	(void)state;
	memset(&options, 0xaa, sizeof(options));
	parse(&command, &options);
	assert_int_equal(options.root_count, 1);
	assert_ptr_equal(options.roots[0], command.words[1] + 7);
	assert_int_equal(options.listen_count, 0);
	assert_int_equal(sched_getaffinity(0, sizeof(set), &set), 0);
	assert_int_equal(options.workers, CPU_COUNT(&set));
	assert_int_equal(options.chunk_size, 262144);
	assert_int_equal(options.aio_depth, 128);
	assert_int_equal(options.buffer_memory, 67108864);
	assert_int_equal(options.member_memory, 67108864);
	assert_int_equal(options.max_connections, 20000);
	assert_int_equal(options.head_timeout_ms, 10000);
	assert_int_equal(options.send_timeout_ms, 600000);
	assert_int_equal(options.drain_timeout_ms, 30000);
	assert_int_equal(options.page_cache, PAGE_CACHE_AUTO);
	assert_true(options.access_log);
	assert_false(options.probe);
}

static void takes_a_way_with_the_page_cache(void **state)
{
	static const struct {
		const char *word;
		enum page_cache_mode mode;
	} cases[] = {
		{ "--page-cache=auto", PAGE_CACHE_AUTO },
		{ "--page-cache=always", PAGE_CACHE_ALWAYS },
		{ "--page-cache=never", PAGE_CACHE_NEVER },
	};
	struct options options;

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct command command = command_of("--root=/", cases[i].word);

		parse(&command, &options);
		assert_int_equal(options.page_cache, cases[i].mode);
	}
}

static void takes_a_kind_of_tag(void **state)
{
	struct command none = command_of("--root=/", NULL);
	struct command mtime = command_of("--root=/", "--etag=mtime");
	struct command digest = command_of("--root=/", "--etag=digest");
	struct options options;

	(void)state;
	parse(&none, &options);
	assert_int_equal(options.etag, ETAG_MTIME);
	parse(&digest, &options);
	assert_int_equal(options.etag, ETAG_DIGEST);
	parse(&mtime, &options);
	assert_int_equal(options.etag, ETAG_MTIME);
}

static void takes_lists(void **state)
{
	struct command command = command_of("--root=/a", "--root");
	struct options options;

	(void)state;
	command.words[command.count++] = "/b";
	command.words[command.count++] = "--listen=unix:/run/x";
	command.words[command.count++] = "--listen=[::1]:9000";
	command.words[command.count++] = "--access-log=off";
	parse(&command, &options);
	assert_int_equal(options.root_count, 2);
	assert_string_equal(options.roots[0], "/a");
	assert_string_equal(options.roots[1], "/b");
	assert_int_equal(options.listen_count, 2);
	assert_string_equal(options.listen[0], "unix:/run/x");
	assert_string_equal(options.listen[1], "[::1]:9000");
	assert_false(options.access_log);
}

static void switches_the_access_log(void **state)
{
	static const struct {
		const char *word;
		bool on;
	} cases[] = { { "--access-log=on", true },
		{ "--access-log=off", false } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct command command = command_of("--root=/", cases[i].word);
		struct options options;

		parse(&command, &options);
		assert_int_equal(options.access_log, cases[i].on);
	}
}

static void switches_the_probe_on(void **state)
{
	struct command command = command_of("--root=/", "--probe");
	struct options options;

	(void)state;
	parse(&command, &options);
	assert_true(options.probe);
}

/* The last one counts. */
static void takes_a_number_again(void **state)
{
	struct command command = command_of("--root=/", "--workers=3");
	struct options options;

	(void)state;
	command.words[command.count++] = "--workers=5";
	parse(&command, &options);
	assert_int_equal(options.workers, 5);
}

/* --- numbers -------------------------------------------------------------- */

enum field {
	WORKERS,
	CHUNK_SIZE,
	AIO_DEPTH,
	BUFFER_MEMORY,
	MEMBER_MEMORY,
	MAX_CONNECTIONS,
	HEAD_TIMEOUT,
	SEND_TIMEOUT,
	DRAIN_TIMEOUT,
};

static uint64_t value_of(const struct options *options, enum field field)
{
	switch (field) {
	case WORKERS:
		return options->workers;
	case CHUNK_SIZE:
		return options->chunk_size;
	case AIO_DEPTH:
		return options->aio_depth;
	case BUFFER_MEMORY:
		return options->buffer_memory;
	case MEMBER_MEMORY:
		return options->member_memory;
	case MAX_CONNECTIONS:
		return options->max_connections;
	case HEAD_TIMEOUT:
		return options->head_timeout_ms;
	case SEND_TIMEOUT:
		return options->send_timeout_ms;
	case DRAIN_TIMEOUT:
		return options->drain_timeout_ms;
	}
	return 0;
}

static void takes_numbers_up_to_their_bounds(void **state)
{
	static const struct {
		const char *word;
		enum field field;
		uint64_t value;
	} cases[] = {
		{ "--workers=1", WORKERS, 1 },
		{ "--workers=1024", WORKERS, OPTIONS_WORKERS_MAX },
		{ "--chunk-size=16K", CHUNK_SIZE, OPTIONS_CHUNK_SIZE_MIN },
		{ "--chunk-size=16384", CHUNK_SIZE, 16384 },
		{ "--chunk-size=20480", CHUNK_SIZE, 20480 },
		{ "--chunk-size=64k", CHUNK_SIZE, 65536 },
		{ "--chunk-size=1M", CHUNK_SIZE, OPTIONS_CHUNK_SIZE_MAX },
		{ "--aio-depth=1", AIO_DEPTH, 1 },
		{ "--aio-depth=4096", AIO_DEPTH, OPTIONS_AIO_DEPTH_MAX },
		{ "--buffer-memory=1M", BUFFER_MEMORY, 1048576 },
		{ "--member-memory=1M", MEMBER_MEMORY, 1048576 },
		{ "--member-memory=64G", MEMBER_MEMORY, 68719476736 },
		{ "--buffer-memory=1024k", BUFFER_MEMORY, 1048576 },
		{ "--buffer-memory=64G", BUFFER_MEMORY, 68719476736 },
		{ "--max-connections=1", MAX_CONNECTIONS, 1 },
		{ "--max-connections=1000000", MAX_CONNECTIONS, 1000000 },
		{ "--head-timeout=1ms", HEAD_TIMEOUT, 1 },
		{ "--head-timeout=24h", HEAD_TIMEOUT, 86400000 },
		{ "--head-timeout=7", HEAD_TIMEOUT, 7000 },
		{ "--send-timeout=1ms", SEND_TIMEOUT, 1 },
		{ "--send-timeout=1440m", SEND_TIMEOUT, 86400000 },
		{ "--drain-timeout=0", DRAIN_TIMEOUT, 0 },
		{ "--drain-timeout=86400s", DRAIN_TIMEOUT, 86400000 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct command command = command_of("--root=/", cases[i].word);
		struct options options;

		assert_int_equal(run(&command).status, EXIT_PARSED);
		parse(&command, &options);
		assert_int_equal(
		    value_of(&options, cases[i].field), cases[i].value);
	}
}

struct refusal {
	const char *word;
	const char *reason;
};

static void check_refusals(const struct refusal *refusals, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct command command =
		    command_of("--root=/", refusals[i].word);

		/* The word as it stands names the option and the value. */
		check_refused(&command, refusals[i].word, refusals[i].reason);
	}
}

static void refuses_numbers_beyond_their_bounds(void **state)
{
	static const struct refusal refusals[] = {
		{ "--workers=0", "from 1 to 1024" },
		{ "--workers=1025", "from 1 to 1024" },
		{ "--chunk-size=16383", "from 16K to 1M" },
		{ "--chunk-size=1048577", "from 16K to 1M" },
		{ "--chunk-size=0", "from 16K to 1M" },
		{ "--aio-depth=0", "from 1 to 4096" },
		{ "--aio-depth=4097", "from 1 to 4096" },
		{ "--buffer-memory=1048575", "from 1M to 64G" },
		{ "--member-memory=1048575", "from 1M to 64G" },
		{ "--member-memory=68719476737", "from 1M to 64G" },
		{ "--buffer-memory=68719476737", "from 1M to 64G" },
		{ "--max-connections=0", "from 1 to 1000000" },
		{ "--max-connections=1000001", "from 1 to 1000000" },
		{ "--head-timeout=0", "from 1ms to 24h" },
		{ "--head-timeout=86400001ms", "from 1ms to 24h" },
		{ "--send-timeout=0", "from 1ms to 24h" },
		{ "--send-timeout=86400001ms", "from 1ms to 24h" },
		{ "--drain-timeout=86400001ms", "from 0 to 24h" },
		/* What would be in bounds if it were cut to 32 or 64 bits */
		{ "--workers=4294967297", "from 1 to 1024" },
		{ "--workers=18446744073709551617", "from 1 to 1024" },
		{ "--buffer-memory=18014398509481985K", "from 1M to 64G" },
		{ "--drain-timeout=18446744073709551616ms", "from 0 to 24h" },
		{ "--drain-timeout=5124095576030432h", "from 0 to 24h" },
	};

	(void)state;
	check_refusals(refusals, ARRAY_LENGTH(refusals));
}

static void refuses_what_is_no_number(void **state)
{
	static const struct refusal refusals[] = {
		{ "--workers=", "from 1 to 1024" },
		{ "--workers=two", "from 1 to 1024" },
		{ "--workers=-1", "from 1 to 1024" },
		{ "--workers=+1", "from 1 to 1024" },
		{ "--workers= 1", "from 1 to 1024" },
		{ "--workers=1 ", "from 1 to 1024" },
		{ "--workers=1K", "from 1 to 1024" },
		{ "--workers=0x10", "from 1 to 1024" },
		{ "--chunk-size=64KB", "from 16K to 1M" },
		{ "--chunk-size=64m4", "from 16K to 1M" },
		{ "--chunk-size=64s", "from 16K to 1M" },
		{ "--buffer-memory=1.5G", "from 1M to 64G" },
		{ "--head-timeout=10K", "from 1ms to 24h" },
		{ "--head-timeout=1d", "from 1ms to 24h" },
	};

	(void)state;
	check_refusals(refusals, ARRAY_LENGTH(refusals));
}

/* Direct I/O reads whole blocks. */
static void refuses_a_chunk_size_that_is_no_multiple(void **state)
{
	static const char *const words[] = { "--chunk-size=16385",
		"--chunk-size=20000", "--chunk-size=17K",
		"--chunk-size=1044481" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(words); i++) {
		struct command command = command_of("--root=/", words[i]);

		check_refused(&command, "--chunk-size=", "multiple of 4096");
	}
}

/* --- the rest ------------------------------------------------------------- */

static void wants_a_root(void **state)
{
	struct command none = command_of(NULL, NULL);
	struct command other = command_of("--workers=1", NULL);
	struct command empty = command_of("--root=", NULL);
	struct command without = command_of("--root", NULL);

	(void)state;
	check_refused(&none, "--root", "missing");
	check_refused(&other, "--root", "missing");
	check_refused(&empty, "--root", "not the name");
	check_refused(&without, "--root", "requires an argument");
}

static void refuses_what_it_does_not_know(void **state)
{
	static const struct refusal refusals[] = {
		{ "stray", "not an option" },
		{ "--page-cache=", "not auto, always or never" },
		{ "--page-cache=on", "not auto, always or never" },
		{ "--page-cache=Auto", "not auto, always or never" },
		{ "--etag=", "not mtime or digest" },
		{ "--etag=inode", "not mtime or digest" },
		{ "--etag=Digest", "not mtime or digest" },
		{ "--access-log=yes", "not on or off" },
		{ "--access-log=", "not on or off" },
		{ "--access-log=ON", "not on or off" },
	};
	struct command unknown = command_of("--root=/", "--colour");
	struct command letter = command_of("--root=/", "-x");

	(void)state;
	check_refusals(refusals, ARRAY_LENGTH(refusals));
	check_refused(&unknown, "--colour", "unrecognized option");
	check_refused(&letter, "'x'", "invalid option");
}

/* A command line with `count` times the same word. */
static struct command repeat(const char *word, int count)
{
	struct command command = command_of("--root=/", NULL);

	command.count = 1;
	for (int i = 0; i < count; i++)
		command.words[command.count++] = word;
	return command;
}

static void limits_the_number_of_roots(void **state)
{
	struct command most = repeat("--root=/srv", OPTIONS_ROOTS_MAX);
	struct command more = repeat("--root=/srv", OPTIONS_ROOTS_MAX + 1);
	struct options options;

	(void)state;
	assert_int_equal(run(&most).status, EXIT_PARSED);
	parse(&most, &options);
	assert_int_equal(options.root_count, OPTIONS_ROOTS_MAX);
	check_refused(&more, "--root", "more than 64 times");
}

static void limits_the_number_of_addresses(void **state)
{
	struct command most = repeat("--listen=[::]:1", OPTIONS_LISTEN_MAX);
	struct command more = repeat("--listen=[::]:1", OPTIONS_LISTEN_MAX + 1);
	struct options options;

	(void)state;
	most.words[most.count++] = "--root=/";
	more.words[more.count++] = "--root=/";
	assert_int_equal(run(&most).status, EXIT_PARSED);
	parse(&most, &options);
	assert_int_equal(options.listen_count, OPTIONS_LISTEN_MAX);
	check_refused(&more, "--listen", "more than 16 times");
}

static void helps(void **state)
{
	static const char *const names[] = { "--root=DIR", "--listen=ADDR",
		"--workers=N", "--chunk-size=SIZE", "--aio-depth=N",
		"--buffer-memory=SIZE", "--member-memory=SIZE",
		"--max-connections=N", "--page-cache=auto|always|never",
		"--etag=mtime|digest", "--head-timeout=TIME",
		"--send-timeout=TIME", "--drain-timeout=TIME",
		"--access-log=on|off" };
	struct command command = command_of("--help", NULL);
	struct ending ending = run(&command);

	(void)state;
	assert_int_equal(ending.status, 0);
	for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
		if (!strstr(ending.text, names[i]))
			fail_msg("%s", names[i]);
}

static void says_its_version(void **state)
{
	struct command command = command_of("--version", NULL);
	struct ending ending = run(&command);

	(void)state;
	assert_int_equal(ending.status, 0);
	assert_string_equal(ending.text, PACKAGE_STRING "\n");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(has_defaults),
		cmocka_unit_test(takes_a_way_with_the_page_cache),
		cmocka_unit_test(takes_a_kind_of_tag),
		cmocka_unit_test(takes_lists),
		cmocka_unit_test(switches_the_access_log),
		cmocka_unit_test(switches_the_probe_on),
		cmocka_unit_test(takes_a_number_again),
		cmocka_unit_test(takes_numbers_up_to_their_bounds),
		cmocka_unit_test(refuses_numbers_beyond_their_bounds),
		cmocka_unit_test(refuses_what_is_no_number),
		cmocka_unit_test(refuses_a_chunk_size_that_is_no_multiple),
		cmocka_unit_test(wants_a_root),
		cmocka_unit_test(refuses_what_it_does_not_know),
		cmocka_unit_test(limits_the_number_of_roots),
		cmocka_unit_test(limits_the_number_of_addresses),
		cmocka_unit_test(helps),
		cmocka_unit_test(says_its_version),
	};

	return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
