/* SPDX-License-Identifier: MIT */
/*
 * Unit tests of common/file/root_folder, in a folder of their own:
 *
 *	one/  two/  file
 *	link -> one
 */
#include "config.h"

#include "common/file/root_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/support/descriptors.h"
#include "tests/unit/support/need_openat2.h"
#include "tests/unit/support/own_folder.h"
#include "tests/unit/support/unit.h"

static char folder[OWN_FOLDER_MAX];

static int set_up(void **state)
{
	(void)state;
	if (own_folder_enter(folder) < 0)
		return -1;
	if (mkdir("one", 0755) < 0 || mkdir("two", 0755) < 0 ||
	    symlink("one", "link") < 0)
		return -1;
	return mknod("file", S_IFREG | 0644, 0);
}

static int tear_down(void **state)
{
	static const char *const names[] = { "one", "two", "link", "file" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
		remove(names[i]);
	return chdir("/") < 0 ? -1 : rmdir(folder);
}

static struct root_folder *open_folder(const char *name)
{
	struct root_folder *opened = NULL;

	assert_int_equal(root_folder_open(name, &opened), 0);
	return opened;
}

/*
 * Whether the name is known to lead there. The kernel may have to bring a name
 * or a link's time into memory first, which an open does.
 */
static bool is_at(const struct root_folder *opened, const char *name)
{
	for (int i = 0; i < 3; i++) {
		if (root_folder_is_at(opened, name))
			return true;
		root_folder_unref(open_folder(name));
	}
	return false;
}

/* The rest needs RESOLVE_CACHED, Linux 5.12. */
static void need_cached(void)
{
	struct root_folder *one = open_folder("one");
	bool works = is_at(one, "one");

	root_folder_unref(one);
	if (!works)
		skip();
}

static void has_its_real_name(void **state)
{
	struct root_folder *linked = open_folder("link");
	struct stat there, expected;
	char real[128];

	(void)state;
	snprintf(real, sizeof(real), "%s/one", folder);
	assert_string_equal(linked->real, real);
	assert_int_equal(fstat(linked->fd, &there), 0);
	assert_int_equal(stat("one", &expected), 0);
	assert_int_equal(there.st_ino, expected.st_ino);
	assert_true(fcntl(linked->fd, F_GETFD) & FD_CLOEXEC);
	assert_true(linked->may_enter);
	root_folder_unref(linked);
}

static void says_what_is_no_folder(void **state)
{
	int before = count_descriptors();
	struct root_folder *opened = (struct root_folder *)state;

	assert_int_equal(root_folder_open("none", &opened), -ENOENT);
	assert_int_equal(root_folder_open("file", &opened), -ENOTDIR);
	assert_int_equal(root_folder_open("", &opened), -ENOENT);
	assert_ptr_equal(opened, state);
	assert_int_equal(count_descriptors(), before);
}

static void closes_with_the_last_reference(void **state)
{
	int before = count_descriptors();
	struct root_folder *one = open_folder("one");

	(void)state;
	assert_ptr_equal(root_folder_ref(one), one);
	root_folder_unref(one);
	assert_int_equal(count_descriptors(), before + 1);
	root_folder_unref(one);
	assert_int_equal(count_descriptors(), before);
	assert_null(root_folder_ref(NULL));
	root_folder_unref(NULL);
}

static void notices_a_switched_link(void **state)
{
	struct root_folder *linked = open_folder("link");

	(void)state;
	need_cached();
	assert_true(is_at(linked, "link"));
	assert_true(is_at(linked, "one"));
	assert_false(is_at(linked, "two"));
	assert_int_equal(symlink("two", "link.new"), 0);
	assert_int_equal(rename("link.new", "link"), 0);
	assert_false(is_at(linked, "link"));
	root_folder_unref(linked);
	linked = open_folder("link");
	assert_true(is_at(linked, "link"));
	assert_int_equal(unlink("link"), 0);
	assert_false(root_folder_is_at(linked, "link"));
	root_folder_unref(linked);
	assert_int_equal(symlink("one", "link"), 0);
}

/* Its inode's number is not given away as long as it is open. */
static void notices_a_folder_made_anew(void **state)
{
	struct root_folder *one = open_folder("one");
	struct root_folder *again;

	(void)state;
	assert_int_equal(rmdir("one"), 0);
	assert_false(root_folder_is_at(one, "one"));
	assert_int_equal(mkdir("one", 0755), 0);
	assert_false(is_at(one, "one"));
	again = open_folder("one");
	assert_false(root_folder_equal(one, again));
	assert_false(root_folder_is_same(one, again));
	root_folder_unref(again);
	root_folder_unref(one);
}

static void notices_a_new_mode(void **state)
{
	struct root_folder *one = open_folder("one");
	struct root_folder *again = open_folder("one");

	(void)state;
	assert_true(root_folder_equal(one, again));
	root_folder_unref(again);
	assert_int_equal(chmod("one", 0700), 0);
	assert_false(is_at(one, "one"));
	again = open_folder("one");
	assert_false(root_folder_equal(one, again));
	assert_true(root_folder_is_same(one, again));
	root_folder_unref(again);
	root_folder_unref(one);
	assert_int_equal(chmod("one", 0755), 0);
}

/* In a process of its own: 0, or the number of what failed; 77: not allowed. */
static int mount_over(void)
{
	struct root_folder *one, *again;

	if (unshare(CLONE_NEWNS) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return 77;
	if (root_folder_open("one", &one) < 0)
		return 1;
	/* The same folder, and the same inode, on another mount. */
	if (mount("one", "one", NULL, MS_BIND, NULL) < 0)
		return 77;
	if (root_folder_is_at(one, "one"))
		return 2;
	if (root_folder_open("one", &again) < 0)
		return 3;
	if (root_folder_equal(one, again))
		return 4;
	return 0;
}

static void notices_a_mount(void **state)
{
	int status;
	pid_t child = fork();

	(void)state;
	if (child == 0)
		_exit(mount_over());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(has_its_real_name),
		cmocka_unit_test(says_what_is_no_folder),
		cmocka_unit_test(closes_with_the_last_reference),
		cmocka_unit_test(notices_a_switched_link),
		cmocka_unit_test(notices_a_folder_made_anew),
		cmocka_unit_test(notices_a_new_mode),
		cmocka_unit_test(notices_a_mount),
	};

	need_openat2();
	return cmocka_run_group_tests_name(
	    "root_folder", tests, set_up, tear_down);
}
