/* SPDX-License-Identifier: MIT */
/*
 * Unit tests of fcgi_app/action_api/action_open: what `done` gets, when it is
 * called, and who closes what was opened. test_action_api.py has the rules.
 */
#include "config.h"
#include "fcgi_app/action_api/action.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fcgi_app/request/request.h"
#include "fcgi_app/setup/roots.h"
#include "tests/unit/support/action_fixture.h"
#include "tests/unit/support/captured_log.h"
#include "tests/unit/support/descriptors.h"
#include "tests/unit/support/mock_request.h"
#include "tests/unit/support/need_openat2.h"
#include "tests/unit/support/unit.h"

static char folder[] = "/tmp/test_action_open.XXXXXX";
static struct roots *roots;

/* Of the action under test. */
static struct {
	struct action *action;
	const char *path;
	bool is_taken;
	unsigned int calls;
	unsigned int gone;
	int error;
	int descriptors;
} seen;

static const char *const get[] = { "REQUEST_METHOD", "GET", "DOCUMENT_ROOT",
	folder, "STREAM_PATH", "/a", NULL };

static int make_folder(void **state)
{
	static struct options options;
	char path[PATH_MAX];
	FILE *file;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/a", folder);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs("hello", file) >= 0);
	fclose(file);
	options.root_count = 1;
	options.roots[0] = folder;
	roots = roots_open(&options);
	assert_non_null(roots);
	return 0;
}

static int remove_folder(void **state)
{
	char path[PATH_MAX];

	(void)state;
	roots_close(roots);
	snprintf(path, sizeof(path), "%s/a", folder);
	unlink(path);
	rmdir(folder);
	return 0;
}

static int setup(void **state)
{
	struct mock_request *mock;

	memset(&seen, 0, sizeof(seen));
	action_setup(state);
	mock = *state;
	mock->services.roots = roots;
	seen.descriptors = count_descriptors();
	return 0;
}

static void on_gone(struct action *action)
{
	(void)action;
	seen.gone++;
}

static void on_open(struct action *action, int fd, const struct stat *st)
{
	char bytes[6] = "";

	assert_ptr_equal(action, seen.action);
	seen.calls++;
	if (fd < 0) {
		assert_null(st);
		seen.error = fd;
		action_fail(action, fd);
		return;
	}
	assert_int_equal(st->st_size, 5);
	assert_int_equal(read(fd, bytes, 5), 5);
	close(fd);
	assert_int_equal(action_read_body(action, 1, NULL), -EALREADY);
	action_print(action, "%s", bytes);
	if (seen.is_taken)
		action_end(action);
}

static void start(struct action *action)
{
	seen.action = action;
	action_set_state(action, NULL, on_gone);
	if (seen.is_taken)
		assert_int_equal(action_take(action), 0);
	assert_int_equal(action_open(action, seen.path, on_open), 0);
	assert_int_equal(action_open(action, seen.path, on_open), -EBUSY);
	assert_int_equal(seen.calls, 0);
}

/* Runs until the thread pool has answered. */
static void run(struct mock_request *mock)
{
	mock_request_run(mock);
	while (!mock->over) {
		uv_run(&mock->loop, UV_RUN_ONCE);
		mock_request_run(mock);
	}
}

static void a_file_is_opened_in_a_turn_of_its_own(void **state)
{
	for (int is_taken = 0; is_taken < 2; is_taken++) {
		struct mock_request *mock;

		action_teardown(state);
		setup(state);
		mock = *state;
		seen.is_taken = is_taken;
		mock_request_start(mock, start, get);
		run(mock);
		assert_int_equal(seen.calls, 1);
		assert_int_equal(seen.gone, 1);
		assert_string_equal(mock_request_body(mock), "hello");
		check_head_has(mock, "\r\nContent-Length: 5\r\n");
		assert_int_equal(mock->result, 0);
		assert_true(count_descriptors() <= seen.descriptors + 2);
	}
}

static void what_cannot_be_opened_is_an_error(void **state)
{
	static const struct {
		const char *path;
		int error;
		const char *status;
		const char *log;
	} cases[] = {
		{ "/none", -ENOENT, "Status: 404 ", "\"/none\" in \"/a\"" },
		{ "/.hidden", -ENOENT, "Status: 404 ", "hidden, and" },
		{ "/../a", -EACCES, "Status: 403 ", "has a \"..\"" },
		{ "a", -EINVAL, "Status: 500 ", "not an absolute path" },
		{ "/a/b", -ENOTDIR, "Status: 404 ", "Not a directory" },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct captured_log captured;
		char *log;

		action_teardown(state);
		setup(state);
		seen.path = cases[i].path;
		captured_log_begin(&captured);
		mock_request_start(*state, start, get);
		run(*state);
		log = captured_log_end(&captured);
		if (!strstr(log, cases[i].log))
			fail_msg("no %s in %s", cases[i].log, log);
		free(log);
		assert_int_equal(seen.calls, 1);
		assert_int_equal(seen.error, cases[i].error);
		check_head_has(*state, cases[i].status);
	}
}

/* Nobody is told any more, and nothing stays open. */
static void a_client_may_leave_before_it_is_open(void **state)
{
	static const char *const paths[] = { "/a", "/.hidden" };

	for (size_t i = 0; i < ARRAY_LENGTH(paths); i++) {
		struct captured_log captured;
		int before;

		action_teardown(state);
		before = count_descriptors();
		setup(state);
		seen.path = paths[i];
		captured_log_begin(&captured);
		mock_request_start(*state, start, get);
		mock_request_leave(*state);
		free(captured_log_end(&captured));
		assert_int_equal(seen.gone, 1);
		assert_int_equal(
		    action_open(seen.action, NULL, on_open), -EPIPE);
		action_teardown(state);
		assert_int_equal(seen.calls, 0);
		/* libuv's own that stay are there before. */
		assert_int_equal(count_descriptors(), before);
		setup(state);
	}
}

/* The same, but `gone` is only called when the turn ends. */
static void the_request_may_just_be_over(void **state)
{
	struct mock_request *mock = *state;

	seen.is_taken = true;
	mock_request_start(mock, start, get);
	assert_int_equal(action_write(seen.action, "x", 1), 0);
	turn_ends_run(&mock->services.ends);
	stream_group_run(&mock->services.streams);
	mock->writer.error = -EPIPE;
	assert_int_equal(action_write(seen.action, "y", 1), 0);
	stream_group_run(&mock->services.streams);
	assert_true(mock->request->is_over);
	while (uv_loop_alive(&mock->loop))
		uv_run(&mock->loop, UV_RUN_ONCE);
	assert_int_equal(seen.gone, 0);
	mock_request_run(mock);
	assert_int_equal(seen.gone, 1);
	assert_int_equal(seen.calls, 0);
	assert_int_equal(action_end(seen.action), -EPIPE);
	mock_request_run(mock);
	assert_int_equal(count_descriptors(), seen.descriptors);
}

static void start_and_end(struct action *action)
{
	start(action);
	assert_int_equal(action_send_text(action, "done without it"), 0);
}

static void an_answer_may_do_without_it(void **state)
{
	struct mock_request *mock = *state;

	mock_request_start(mock, start_and_end, get);
	run(mock);
	assert_int_equal(seen.calls, 0);
	assert_string_equal(mock_request_body(mock), "done without it");
}

static void send_it(struct action *action, int fd, const struct stat *st)
{
	(void)st;
	seen.calls++;
	/* The second file, by the name of the first that there was. */
	if (fd == -ENOENT)
		assert_int_equal(action_open(action, "/a", send_it), 0);
	else
		action_print(action, "%d", seen.calls);
	if (fd >= 0)
		close(fd);
}

static void start_second_try(struct action *action)
{
	assert_int_equal(action_open(action, "/none", send_it), 0);
}

static void done_may_open_another(void **state)
{
	struct mock_request *mock = *state;

	mock_request_start(mock, start_second_try, get);
	run(mock);
	assert_string_equal(mock_request_body(mock), "2");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, action_teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(a_file_is_opened_in_a_turn_of_its_own),
		TEST(what_cannot_be_opened_is_an_error),
		TEST(a_client_may_leave_before_it_is_open),
		TEST(the_request_may_just_be_over),
		TEST(an_answer_may_do_without_it),
		TEST(done_may_open_another),
	};

	need_openat2();
	return cmocka_run_group_tests_name(
	    "action_open", tests, make_folder, remove_folder);
}
