/* SPDX-License-Identifier: MIT */
/*
 * Unit tests of fcgi_app/actions/follow: follow_file and follow_watch, with
 * real files and real watches.
 */
#include "config.h"
#include "fcgi_app/actions/follow/follow_file.h"

#include <fcntl.h>
#include <unistd.h>

#include "common/container_of.h"
#include "common/file/file_open.h"
#include "fcgi_app/actions/follow/follow_watch.h"
#include "tests/unit/support/follow_conditions.h"
#include "tests/unit/support/follow_fixture.h"
#include "tests/unit/support/need_openat2.h"
#include "tests/unit/support/unit.h"

/* --- growth --------------------------------------------------------------- */

static void it_grows_and_is_cut(void **state)
{
	struct follow_fixture *f = *state;
	struct follow_file *file;

	follow_fixture_append(f, "a", "123");
	file = follow_fixture_open(f, "a");
	assert_int_equal(file->size, 3);
	follow_fixture_append(f, "a", "4567");
	follow_run_to_size(f, file, 7, 0);
	follow_fixture_cut(f, "a", 2);
	follow_run_to_size(f, file, 2, 1);
	follow_fixture_append(f, "a", "3");
	follow_run_to_size(f, file, 3, 1);
	assert_int_equal(follow_fixture_watches(), 1);
	follow_file_unref(file);
}

static void what_comes_between_open_and_watch_is_seen(void **state)
{
	struct follow_fixture *f = *state;
	const struct follow_place place = {
		.root_fd = f->folder_fd,
		.below = "",
		.path = "a",
		.rotate_ms = FOLLOW_FIXTURE_ROTATE,
	};
	struct file_open_result result;
	struct follow_file *file;

	follow_fixture_append(f, "a", "123");
	result = follow_fixture_result(f, "a");
	follow_fixture_append(f, "a", "4");
	file = follow_watch_open(f->hub, &place, &result, false);
	follow_run_to_size(f, file, 4, 0);
	follow_file_unref(file);
}

static void all_who_follow_it_share_it(void **state)
{
	struct follow_fixture *f = *state;
	struct follow_file *a, *b, *other;

	follow_fixture_append(f, "a", "1");
	assert_int_equal(linkat(f->folder_fd, "a", f->folder_fd, "b", 0), 0);
	a = follow_fixture_open(f, "a");
	assert_ptr_equal(follow_fixture_open(f, "a"), a);
	/* By another name it may become another file, but it is one watch. */
	b = follow_fixture_open(f, "b");
	assert_ptr_not_equal(a, b);
	assert_int_equal(follow_fixture_watches(), 1);
	follow_fixture_append(f, "other", "1");
	other = follow_fixture_open(f, "other");
	assert_int_equal(follow_fixture_watches(), 2);
	assert_int_equal(a->identity, b->identity);
	assert_int_not_equal(a->identity, other->identity);
	follow_file_unref(a);
	follow_file_unref(a);
	follow_file_unref(b);
	follow_file_unref(other);
	follow_file_unref(NULL);
}

/* The loop has not heard yet that it grew. */
static void who_comes_gets_its_present_size(void **state)
{
	struct follow_fixture *f = *state;
	struct follow_file *file;

	for (int remote = 0; remote <= 1; remote++) {
		f->is_remote = remote;
		follow_fixture_append(f, "a", "123");
		file = follow_fixture_open(f, "a");
		follow_fixture_append(f, "a", "4567");
		assert_ptr_equal(follow_fixture_open(f, "a"), file);
		assert_int_equal(file->size, 7);
		assert_int_equal(file->epoch, 0);
		follow_file_unref(file);
		follow_file_unref(file);
		follow_fixture_remove(f, "a");
	}
}

/* --- the marker ----------------------------------------------------------- */

static bool has_two_watches(void *context)
{
	(void)context;
	return follow_fixture_watches() == 2;
}

static void a_marker_finishes_it(void **state)
{
	struct follow_fixture *f = *state;
	struct follow_file *file;

	f->marker = "a.end";
	follow_fixture_append(f, "a", "1");
	file = follow_fixture_open(f, "a");
	follow_fixture_run(f, has_two_watches, NULL);
	follow_fixture_append(f, "b.end", "");
	follow_fixture_append(f, "a", "2");
	follow_run_to_size(f, file, 2, 0);
	assert_false(file->finished);
	follow_fixture_append(f, "a", "3");
	follow_fixture_append(f, "a.end", "");
	follow_fixture_run(f, follow_is_finished, file);
	assert_int_equal(file->size, 3);
	assert_int_equal(follow_fixture_watches(), 0);
	follow_file_unref(file);
}

/* Two locations serve one file, and each has its own marker. */
static void a_marker_is_of_one_place(void **state)
{
	struct follow_fixture *f = *state;
	struct follow_file *ended, *other;

	follow_fixture_append(f, "a", "1");
	f->marker = "a.end";
	ended = follow_fixture_open(f, "a");
	f->marker = "a.fin";
	other = follow_fixture_open(f, "a");
	assert_ptr_not_equal(ended, other);
	assert_ptr_equal(follow_fixture_open(f, "a"), other);
	follow_fixture_append(f, "a.end", "");
	follow_fixture_run(f, follow_is_finished, ended);
	assert_false(other->finished);
	follow_fixture_append(f, "a", "2");
	follow_run_to_size(f, other, 2, 0);
	follow_fixture_append(f, "a.fin", "");
	follow_fixture_run(f, follow_is_finished, other);
	follow_file_unref(ended);
	follow_file_unref(other);
	follow_file_unref(other);
}

static void a_marker_that_is_there_already_counts(void **state)
{
	struct follow_fixture *f = *state;
	struct follow_file *file;

	f->marker = "a.end";
	follow_fixture_append(f, "a", "1");
	follow_fixture_append(f, "a.end", "");
	file = follow_fixture_open(f, "a");
	follow_fixture_run(f, follow_is_finished, file);
	follow_file_unref(file);
}

static void a_marker_that_can_not_be_opened_now_counts_later(void **state)
{
	struct follow_fixture *f = *state;
	struct follow_file *file;
	struct rlimit limit;

	f->marker = "a.end";
	follow_fixture_append(f, "a", "1");
	file = follow_fixture_open(f, "a");
	follow_fixture_run(f, has_two_watches, NULL);
	follow_fixture_append(f, "b", "");
	/* First: a look for the marker may still be under way in the pool. */
	follow_forbid_descriptors(&limit);
	follow_fixture_rename(f, "b", "a.end");
	follow_fixture_wait(f, 100);
	follow_allow_descriptors(&limit);
	assert_false(file->finished);
	follow_fixture_run(f, follow_is_finished, file);
	follow_file_unref(file);
}

static void a_marker_is_of_whoever_has_the_name(void **state)
{
	struct follow_fixture *f = *state;
	struct follow_file *file;

	f->marker = "a.end";
	follow_fixture_append(f, "a", "1");
	file = follow_fixture_open(f, "a");
	follow_fixture_run(f, has_two_watches, NULL);
	follow_fixture_rename(f, "a", "a.1");
	follow_fixture_append(f, "a", "23");
	follow_fixture_append(f, "a.end", "");
	follow_fixture_run(f, follow_has_next, file);
	assert_false(file->finished);
	follow_fixture_run(f, follow_is_finished, file->next);
	follow_file_unref(file);
}

/* --- without a watch ------------------------------------------------------ */

static void one_of_another_machine_is_looked_at_now_and_then(void **state)
{
	struct follow_fixture *f = *state;
	struct follow_file *file;

	f->is_remote = true;
	follow_fixture_append(f, "a", "1");
	file = follow_fixture_open(f, "a");
	assert_int_equal(follow_fixture_watches(), 0);
	follow_fixture_append(f, "a", "23");
	follow_run_to_size(f, file, 3, 0);
	follow_fixture_cut(f, "a", 1);
	follow_run_to_size(f, file, 1, 1);
	follow_fixture_rename(f, "a", "a.1");
	follow_fixture_append(f, "a", "new");
	follow_fixture_run(f, follow_has_next, file);
	assert_int_equal(file->next->size, 3);
	follow_file_unref(file);
}

static void there_a_marker_counts_as_well(void **state)
{
	struct follow_fixture *f = *state;
	struct follow_file *file;

	f->is_remote = true;
	f->marker = "a.end";
	follow_fixture_append(f, "a", "1");
	file = follow_fixture_open(f, "a");
	follow_fixture_wait(f, 20);
	assert_false(file->finished);
	follow_fixture_append(f, "a.end", "");
	follow_fixture_run(f, follow_is_finished, file);
	follow_file_unref(file);
}

struct client {
	struct follow_waiter waiter;
	unsigned int woken;
};

static void on_wake(struct follow_waiter *waiter)
{
	container_of(waiter, struct client, waiter)->woken++;
}

static void a_drain_wakes_all_who_wait_for_a_file(void **state)
{
	struct follow_fixture *f = *state;
	struct client client = { .waiter.wake = on_wake };
	struct follow_file *file;

	follow_fixture_append(f, "a", "1");
	file = follow_fixture_open(f, "a");
	uv_run(&f->loop, UV_RUN_NOWAIT);
	follow_waiter_join(&client.waiter, &file->waiters);
	follow_file_drain(f->hub);
	uv_run(&f->loop, UV_RUN_NOWAIT);
	assert_int_equal(client.woken, 1);
	assert_true(f->hub->draining);
	follow_file_unref(file);
}

#define WITH_FIXTURE(name)               \
	cmocka_unit_test_setup_teardown( \
	    name, follow_fixture_setup, follow_fixture_teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		WITH_FIXTURE(it_grows_and_is_cut),
		WITH_FIXTURE(what_comes_between_open_and_watch_is_seen),
		WITH_FIXTURE(all_who_follow_it_share_it),
		WITH_FIXTURE(who_comes_gets_its_present_size),
		WITH_FIXTURE(a_marker_is_of_whoever_has_the_name),
		WITH_FIXTURE(a_marker_finishes_it),
		WITH_FIXTURE(a_marker_is_of_one_place),
		WITH_FIXTURE(a_marker_that_is_there_already_counts),
		WITH_FIXTURE(a_marker_that_can_not_be_opened_now_counts_later),
		WITH_FIXTURE(one_of_another_machine_is_looked_at_now_and_then),
		WITH_FIXTURE(there_a_marker_counts_as_well),
		WITH_FIXTURE(a_drain_wakes_all_who_wait_for_a_file),
	};

	need_openat2();
	return cmocka_run_group_tests_name("follow_file", tests, NULL, NULL);
}
