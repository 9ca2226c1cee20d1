/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/actions/follow/follow_watch: what becomes of a file's
 * name. */
#include "config.h"
#include "fcgi_app/actions/follow/follow_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file/file_open.h"
#include "tests/unit/support/follow_conditions.h"
#include "fcgi_app/actions/follow/follow_watch.h"
#include "tests/unit/support/follow_fixture.h"
#include "tests/unit/support/need_openat2.h"
#include "tests/unit/support/unit.h"

/* --- its name ------------------------------------------------------------- */

static void without_a_name_it_is_finished_after_a_while(void **state)
{
	struct follow_fixture *f = *state;
	struct follow_file *file;
	int fd;

	follow_fixture_append(f, "a", "1");
	file = follow_fixture_open(f, "a");
	fd = openat(f->folder_fd, "a", O_WRONLY | O_APPEND | O_CLOEXEC);
	follow_fixture_remove(f, "a");
	follow_fixture_run(f, follow_is_leaving, file);
	assert_int_equal(write(fd, "23", 2), 2);
	close(fd);
	follow_fixture_run(f, follow_is_finished, file);
	assert_int_equal(file->size, 3);
	assert_null(file->next);
	assert_int_equal(follow_fixture_watches(), 0);
	follow_file_unref(file);
}

static void another_file_of_its_name_comes_next(void **state)
{
	struct follow_fixture *f = *state;
	struct follow_file *file;

	follow_fixture_append(f, "a", "1");
	file = follow_fixture_open(f, "a");
	follow_fixture_rename(f, "a", "a.1");
	follow_fixture_append(f, "a", "abc");
	follow_fixture_append(f, "a.1", "2");
	follow_fixture_run(f, follow_has_next, file);
	assert_int_equal(file->size, 2);
	assert_int_equal(file->next->size, 3);
	assert_false(file->finished);
	assert_int_equal(follow_fixture_watches(), 1);
	follow_fixture_append(f, "a", "d");
	follow_run_to_size(f, file->next, 4, 0);
	/* Who comes now gets the new one. */
	assert_ptr_equal(follow_fixture_open(f, "a"), file->next);
	follow_file_unref(file->next);
	follow_file_unref(file);
}

static bool has_successor(void *context)
{
	return ((const struct follow_file *)context)->successor != NULL;
}

/* Two rotations while the first file has its grace. */
static void a_file_between_two_is_not_lost(void **state)
{
	struct follow_fixture *f = *state;
	struct follow_file *file, *second;

	follow_fixture_append(f, "a", "1");
	file = follow_fixture_open(f, "a");
	follow_fixture_rename(f, "a", "a.2");
	follow_fixture_append(f, "a", "22");
	follow_fixture_run(f, has_successor, file);
	second = file->successor;
	assert_ptr_equal(follow_fixture_open(f, "a"), second);
	follow_file_unref(second);
	follow_fixture_rename(f, "a", "a.1");
	follow_fixture_append(f, "a", "333");
	follow_fixture_append(f, "a.2", "late");
	follow_fixture_run(f, follow_has_next, file);
	assert_ptr_equal(file->next, second);
	assert_int_equal(file->size, 5);
	follow_fixture_run(f, follow_has_next, second);
	assert_int_equal(second->size, 2);
	assert_int_equal(second->next->size, 3);
	follow_file_unref(file);
}

/* What leads in a circle would be sent for ever, and never freed. */
static void names_that_change_in_turn_make_no_circle(void **state)
{
	struct follow_fixture *f = *state;
	struct follow_file *file, *second, *third;

	follow_fixture_append(f, "a", "1");
	file = follow_fixture_open(f, "a");
	follow_fixture_rename(f, "a", "b");
	follow_fixture_append(f, "a", "22");
	follow_fixture_run(f, has_successor, file);
	second = file->successor;
	follow_fixture_rename(f, "a", "c");
	follow_fixture_rename(f, "b", "a");
	follow_fixture_run(f, follow_has_next, file);
	follow_fixture_run(f, follow_has_next, second);
	third = second->next;
	assert_ptr_not_equal(third, file);
	assert_int_equal(third->opened.inode, file->opened.inode);
	follow_fixture_append(f, "a", "3");
	follow_run_to_size(f, third, 2, 0);
	assert_null(third->next);
	follow_file_unref(file);
}

/* A reader that leaves gives up what comes next as well. */
static void a_successor_goes_with_whoever_leaves_last(void **state)
{
	struct follow_fixture *f = *state;
	struct follow_file *file;

	follow_fixture_append(f, "a", "1");
	file = follow_fixture_open(f, "a");
	follow_fixture_rename(f, "a", "b");
	follow_fixture_append(f, "a", "22");
	follow_fixture_run(f, has_successor, file);
	assert_int_equal(follow_fixture_watches(), 2);
	follow_file_unref(file);
	assert_int_equal(follow_fixture_watches(), 0);
}

static void one_that_was_put_over_it_comes_next(void **state)
{
	struct follow_fixture *f = *state;
	struct follow_file *file;

	follow_fixture_append(f, "a", "1");
	follow_fixture_append(f, "b", "23");
	file = follow_fixture_open(f, "a");
	follow_fixture_rename(f, "b", "a");
	follow_fixture_run(f, follow_has_next, file);
	assert_int_equal(file->next->size, 2);
	follow_file_unref(file);
}

static void add_name(struct follow_fixture *f, const char *name)
{
	assert_int_equal(linkat(f->folder_fd, "a", f->folder_fd, name, 0), 0);
}

static bool is_here_with_two_names(void *context)
{
	const struct follow_file *file = context;

	return file->links == 2 && file->state == FOLLOW_STATE_HERE;
}

/* It has another name still: only that one is less tells. */
static void one_name_less_may_be_its_own(void **state)
{
	struct follow_fixture *f = *state;
	struct follow_file *file;

	follow_fixture_append(f, "a", "1");
	add_name(f, "b");
	add_name(f, "c");
	file = follow_fixture_open(f, "a");
	follow_fixture_remove(f, "c");
	follow_fixture_run(f, is_here_with_two_names, file);
	follow_fixture_append(f, "new", "23");
	follow_fixture_rename(f, "new", "a");
	follow_fixture_run(f, follow_has_next, file);
	assert_int_equal(file->next->size, 2);
	follow_file_unref(file);
}

/*
 * It keeps another name, and the write after the loss sets both times: only
 * that it has one name less tells.
 */
static void a_loss_and_a_write_at_once_are_seen(void **state)
{
	struct follow_fixture *f = *state;
	struct follow_file *file;

	follow_fixture_append(f, "a", "1");
	add_name(f, "b");
	file = follow_fixture_open(f, "a");
	uv_run(&f->loop, UV_RUN_NOWAIT);
	follow_fixture_remove(f, "a");
	follow_fixture_append(f, "b", "2");
	follow_fixture_append(f, "a", "new");
	follow_fixture_run(f, follow_has_next, file);
	assert_int_equal(file->size, 2);
	assert_int_equal(file->next->size, 3);
	follow_file_unref(file);
}

/* As many names as before, but another time of a change. */
static void a_name_for_its_own_is_a_loss(void **state)
{
	struct follow_fixture *f = *state;
	struct follow_file *file;

	follow_fixture_append(f, "a", "1");
	/* The clock of files is coarse. */
	follow_fixture_wait(f, 20);
	file = follow_fixture_open(f, "a");
	add_name(f, "b");
	follow_fixture_remove(f, "a");
	follow_fixture_run(f, follow_is_finished, file);
	follow_file_unref(file);
}

static void a_rename_before_the_watch_is_seen(void **state)
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

	follow_fixture_append(f, "a", "1");
	result = follow_fixture_result(f, "a");
	follow_fixture_wait(f, 20);
	follow_fixture_rename(f, "a", "b");
	file = follow_watch_open(f->hub, &place, &result, false);
	follow_fixture_run(f, follow_is_finished, file);
	follow_file_unref(file);
}

static void its_name_may_come_back(void **state)
{
	struct follow_fixture *f = *state;
	struct follow_file *file;

	follow_fixture_append(f, "a", "1");
	file = follow_fixture_open(f, "a");
	follow_fixture_rename(f, "a", "b");
	follow_fixture_run(f, follow_is_leaving, file);
	follow_fixture_rename(f, "b", "a");
	follow_fixture_run(f, follow_is_here, file);
	follow_fixture_append(f, "a", "2");
	follow_run_to_size(f, file, 2, 0);
	assert_ptr_equal(follow_fixture_open(f, "a"), file);
	follow_file_unref(file);
	follow_file_unref(file);
}

static void what_is_no_file_is_nothing(void **state)
{
	struct follow_fixture *f = *state;
	struct follow_file *file;

	follow_fixture_append(f, "a", "1");
	file = follow_fixture_open(f, "a");
	follow_fixture_remove(f, "a");
	assert_int_equal(mkfifoat(f->folder_fd, "a", 0600), 0);
	follow_fixture_run(f, follow_is_finished, file);
	follow_file_unref(file);
}

static void what_can_not_be_told_now_is_asked_again(void **state)
{
	struct follow_fixture *f = *state;
	struct follow_file *file;
	struct rlimit limit;

	follow_fixture_append(f, "a", "1");
	file = follow_fixture_open(f, "a");
	follow_fixture_rename(f, "a", "a.1");
	follow_fixture_append(f, "a", "23");
	follow_forbid_descriptors(&limit);
	follow_fixture_wait(f, 3 * FOLLOW_FIXTURE_ROTATE);
	follow_allow_descriptors(&limit);
	assert_false(file->finished);
	follow_fixture_run(f, follow_has_next, file);
	assert_int_equal(file->next->size, 2);
	follow_file_unref(file);
}

/* The last one leaves while the name is being looked for. */
static void it_can_be_left_at_any_time(void **state)
{
	struct follow_fixture *f = *state;

	for (unsigned int ms = 0; ms <= 2 * FOLLOW_FIXTURE_ROTATE;
	     ms += FOLLOW_FIXTURE_ROTATE / 5) {
		struct follow_file *file;

		follow_fixture_append(f, "a", "1");
		file = follow_fixture_open(f, "a");
		follow_fixture_rename(f, "a", "a.1");
		follow_fixture_wait(f, ms);
		follow_file_unref(file);
	}
}

static void the_past_leads_to_the_present(void **state)
{
	struct follow_fixture *f = *state;
	struct follow_file *file, *past;

	follow_fixture_append(f, "a", "1");
	follow_fixture_append(f, "a.1", "234");
	file = follow_fixture_open(f, "a");
	past = follow_fixture_open_past(f, "a.1", file);
	assert_int_equal(past->size, 3);
	/* Its writer may not have noticed yet. */
	assert_null(past->next);
	follow_fixture_append(f, "a.1", "5");
	follow_run_to_size(f, past, 4, 0);
	assert_null(past->next);
	/* All who come back share it. */
	assert_ptr_equal(follow_fixture_open_past(f, "a.1", file), past);
	follow_file_unref(past);
	follow_fixture_run(f, follow_has_next, past);
	assert_ptr_equal(past->next, file);
	assert_int_equal(follow_fixture_watches(), 1);
	follow_file_unref(file);
	follow_file_unref(past);
}

/* Between the two steps of a rotation nobody has the name. */
static void the_past_waits_for_who_comes_next(void **state)
{
	struct follow_fixture *f = *state;
	struct follow_file *past, *none;

	follow_fixture_append(f, "a.1", "1");
	past = follow_fixture_open_past(f, "a.1", NULL);
	follow_fixture_append(f, "a", "23");
	follow_fixture_run(f, follow_has_next, past);
	assert_int_equal(past->next->size, 2);
	follow_file_unref(past);
	follow_fixture_remove(f, "a");
	none = follow_fixture_open_past(f, "a.1", NULL);
	follow_fixture_run(f, follow_is_finished, none);
	follow_file_unref(none);
}

/* It shares the one whose rename it has not heard of. */
static void the_past_is_whoever_is_leaving(void **state)
{
	struct follow_fixture *f = *state;
	struct follow_file *file;

	follow_fixture_append(f, "a", "1");
	file = follow_fixture_open(f, "a");
	follow_fixture_rename(f, "a", "a.1");
	follow_fixture_append(f, "a", "23");
	assert_ptr_equal(follow_fixture_open_past(f, "a.1", NULL), file);
	follow_fixture_run(f, follow_has_next, file);
	assert_int_equal(file->next->size, 2);
	follow_file_unref(file);
	follow_file_unref(file);
}

#define WITH_FIXTURE(name)               \
	cmocka_unit_test_setup_teardown( \
	    name, follow_fixture_setup, follow_fixture_teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		WITH_FIXTURE(without_a_name_it_is_finished_after_a_while),
		WITH_FIXTURE(another_file_of_its_name_comes_next),
		WITH_FIXTURE(a_file_between_two_is_not_lost),
		WITH_FIXTURE(names_that_change_in_turn_make_no_circle),
		WITH_FIXTURE(a_successor_goes_with_whoever_leaves_last),
		WITH_FIXTURE(one_that_was_put_over_it_comes_next),
		WITH_FIXTURE(one_name_less_may_be_its_own),
		WITH_FIXTURE(a_loss_and_a_write_at_once_are_seen),
		WITH_FIXTURE(a_name_for_its_own_is_a_loss),
		WITH_FIXTURE(a_rename_before_the_watch_is_seen),
		WITH_FIXTURE(its_name_may_come_back),
		WITH_FIXTURE(what_is_no_file_is_nothing),
		WITH_FIXTURE(what_can_not_be_told_now_is_asked_again),
		WITH_FIXTURE(it_can_be_left_at_any_time),
		WITH_FIXTURE(the_past_leads_to_the_present),
		WITH_FIXTURE(the_past_waits_for_who_comes_next),
		WITH_FIXTURE(the_past_is_whoever_is_leaving),
	};

	need_openat2();
	return cmocka_run_group_tests_name(
	    "follow_rotation", tests, NULL, NULL);
}
