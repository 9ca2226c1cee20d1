/* SPDX-License-Identifier: MIT */
/*
 * Unit tests of fcgi_app/process/root_watch, in a folder of their own:
 *
 *	v1/  v2/
 *	current -> v1
 *	data/
 */
#include "config.h"

#include "fcgi_app/process/root_watch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file/root_folder.h"
#include "fcgi_app/setup/roots.h"
#include "tests/unit/support/captured_log.h"
#include "tests/unit/support/descriptors.h"
#include "tests/unit/support/need_openat2.h"
#include "tests/unit/support/own_folder.h"
#include "tests/unit/support/unit.h"

/* A test that waits for longer is killed. */
#define PATIENCE_SECONDS 60

static char folder[OWN_FOLDER_MAX];

struct fixture {
	struct options options;
	uv_loop_t loop;
	struct roots *roots;
	struct root_watch watch;
	struct captured_log captured;
};

static int set_up(void **state)
{
	(void)state;
	if (own_folder_enter(folder) < 0)
		return -1;
	if (mkdir("v1", 0755) < 0 || mkdir("v2", 0755) < 0 ||
	    mkdir("data", 0755) < 0)
		return -1;
	return symlink("v1", "current");
}

static int tear_down(void **state)
{
	static const char *const names[] = { "v1", "v2", "data", "current" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
		remove(names[i]);
	return chdir("/") < 0 ? -1 : rmdir(folder);
}

/* Nothing may be asserted before end(): standard error is captured. */
static void begin(struct fixture *f, bool reports)
{
	alarm(PATIENCE_SECONDS);
	memset(f, 0, sizeof(*f));
	f->options.roots[0] = "current";
	f->options.roots[1] = "data";
	f->options.root_count = 2;
	assert_int_equal(uv_loop_init(&f->loop), 0);
	f->roots = roots_open(&f->options);
	assert_non_null(f->roots);
	captured_log_begin(&f->captured);
	root_watch_start(&f->watch, &f->loop, f->roots, reports);
}

/* Returns the log, for the caller to free. */
static char *end(struct fixture *f)
{
	char *log = captured_log_end(&f->captured);

	root_watch_close(&f->watch);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&f->loop), 0);
	roots_close(f->roots);
	alarm(0);
	return log;
}

/* Whether the root leads to `name`, or, if that is NULL, nowhere. */
static bool leads_to(const struct fixture *f, size_t root, const char *name)
{
	const struct root_folder *now = roots_folder(f->roots, root);
	struct stat there, expected;

	if (!name || !now)
		return !name && !now;
	return fstat(now->fd, &there) == 0 && stat(name, &expected) == 0 &&
	    there.st_ino == expected.st_ino;
}

static void run_until(struct fixture *f, size_t root, const char *name)
{
	while (!leads_to(f, root, name))
		uv_run(&f->loop, UV_RUN_ONCE);
}

static int switch_link(const char *name)
{
	return symlink(name, "current.new") < 0
	    ? -1
	    : rename("current.new", "current");
}

static size_t count(const char *text, const char *word)
{
	size_t n = 0;

	for (; (text = strstr(text, word)) != NULL; text++)
		n++;
	return n;
}

/* Several rounds of the timer, and their looks. */
static void run_for_a_while(struct fixture *f)
{
	uint64_t until = uv_now(&f->loop) + 3 * ROOT_WATCH_MS;

	while (uv_now(&f->loop) < until)
		uv_run(&f->loop, UV_RUN_ONCE);
}

static void follows_a_link_that_is_switched(void **state)
{
	struct fixture f;
	int r = 0;
	char *log;

	(void)state;
	begin(&f, true);
	for (int i = 0; i < 3; i++) {
		r |= switch_link("v2");
		run_until(&f, 0, "v2");
		r |= switch_link("v1");
		run_until(&f, 0, "v1");
	}
	log = end(&f);
	assert_int_equal(r, 0);
	assert_int_equal(
	    count(log, "--root=current: leads to another folder now: "), 6);
	assert_int_equal(count(log, "/v2\n"), 3);
	assert_int_equal(count(log, "\n"), 6);
	free(log);
}

/* Who runs beneath the old one keeps it. */
static void leaves_the_old_one_to_its_users(void **state)
{
	struct fixture f;
	struct root_folder *old;
	struct stat there, expected;
	char *log;
	int r;

	(void)state;
	begin(&f, false);
	old = root_folder_ref(roots_folder(f.roots, 0));
	r = switch_link("v2");
	run_until(&f, 0, "v2");
	r |= fstat(old->fd, &there) | stat("v1", &expected);
	r |= switch_link("v1");
	run_until(&f, 0, "v1");
	root_folder_unref(old);
	log = end(&f);
	assert_int_equal(r, 0);
	assert_int_equal(there.st_ino, expected.st_ino);
	assert_string_equal(log, "");
	free(log);
}

static void follows_a_folder_that_is_made_anew(void **state)
{
	struct fixture f;
	char *log;
	int r;

	(void)state;
	begin(&f, true);
	r = rmdir("data") | mkdir("data", 0755);
	run_until(&f, 1, "data");
	log = end(&f);
	assert_int_equal(r, 0);
	assert_int_equal(count(log, "--root=data: "), 1);
	assert_int_equal(count(log, "\n"), 1);
	free(log);
}

/* It is said once, however long that lasts. */
static void waits_for_one_that_is_gone(void **state)
{
	struct fixture f;
	char *log;
	int r;

	(void)state;
	begin(&f, true);
	r = rename("data", "away");
	run_until(&f, 1, NULL);
	run_for_a_while(&f);
	r |= rename("away", "data");
	run_until(&f, 1, "data");
	run_for_a_while(&f);
	log = end(&f);
	assert_int_equal(r, 0);
	assert_int_equal(count(log,
			     " error --root=data: No such file or directory; "
			     "until it is back, requests beneath it are "
			     "answered 503\n"),
	    1);
	assert_int_equal(count(log, " notice --root=data: is back: "), 1);
	assert_int_equal(count(log, "\n"), 2);
	free(log);
}

static void costs_no_descriptor(void **state)
{
	int before = count_descriptors();
	struct fixture f;
	int r = 0;

	(void)state;
	begin(&f, true);
	for (int i = 0; i < 10; i++) {
		r |= switch_link(i % 2 ? "v1" : "v2");
		run_until(&f, 0, i % 2 ? "v1" : "v2");
	}
	run_for_a_while(&f);
	free(end(&f));
	assert_int_equal(r, 0);
	/* A look that was left closes its own a moment later. */
	while (count_descriptors() != before)
		usleep(1000);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(follows_a_link_that_is_switched),
		cmocka_unit_test(leaves_the_old_one_to_its_users),
		cmocka_unit_test(follows_a_folder_that_is_made_anew),
		cmocka_unit_test(waits_for_one_that_is_gone),
		cmocka_unit_test(costs_no_descriptor),
	};

	need_openat2();
	return cmocka_run_group_tests_name(
	    "root_watch", tests, set_up, tear_down);
}
