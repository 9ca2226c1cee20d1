/* SPDX-License-Identifier: MIT */
/* Unit tests of common/file/folder_reader, and of file_open_stat(). */
#include "config.h"

#include "common/file/folder_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/support/descriptors.h"
#include "tests/unit/support/need_openat2.h"
#include "tests/unit/support/open_fixture.h"
#include "tests/unit/support/unit.h"

/* Any user but root. */
#define NOBODY 65534

static struct open_fixture fixture;

static void make_file(const char *path, off_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, size), 0);
	close(fd);
}

/*
 * root/site is the document root, site/in the folder that is read: a file, a
 * folder, one that is hidden, links of all kinds, a named pipe.
 */
static int set_up(void **state)
{
	(void)state;
	if (open_fixture_init(&fixture) < 0 || mkdir("root/site", 0755) < 0 ||
	    mkdir("root/site/in", 0755) < 0 || mkdir("root/other", 0755) < 0 ||
	    mkdir("root/site/in/folder", 0755) < 0 ||
	    mkdir("root/site/in/empty", 0755) < 0)
		return -1;
	make_file("root/site/in/file", 12345);
	make_file("root/site/in/.hidden", 1);
	make_file("root/site/beside", 77);
	make_file("root/other/secret", 99);
	if (symlink("../beside", "root/site/in/link-up") < 0 ||
	    symlink("file", "root/site/in/link-file") < 0 ||
	    symlink("folder", "root/site/in/link-folder") < 0 ||
	    symlink("../../other/secret", "root/site/in/link-out") < 0 ||
	    symlink("/etc/passwd", "root/site/in/link-absolute") < 0 ||
	    symlink("nothing", "root/site/in/link-nowhere") < 0 ||
	    symlink("link-loop", "root/site/in/link-loop") < 0 ||
	    mkfifo("root/site/in/pipe", 0644) < 0)
		return -1;
	open_fixture_ready(&fixture);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	return open_fixture_fini(&fixture);
}

static int open_folder(const char *path)
{
	char real[128];
	int fd;

	snprintf(real, sizeof(real), "root/site/%s", path);
	fd = open(real, O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static struct folder_reader *read_folder(const char *path, bool hidden)
{
	const struct file_open_target target = {
		.root_fd = fixture.root_fd,
		.below = "site",
		.path = path,
	};
	struct folder_reader *reader =
	    folder_reader_new(open_folder(path), &target, hidden);

	assert_non_null(reader);
	return reader;
}

/* Finds an entry among all, of which there are `count`. */
static bool find(const char *path, bool hidden, const char *name, int count,
    struct folder_entry *ret)
{
	struct folder_reader *reader = read_folder(path, hidden);
	struct folder_entry entry;
	bool found = false;
	int r;

	while ((r = folder_reader_next(reader, &entry)) != 0) {
		assert_true(r == 1 || r == -EAGAIN);
		if (r < 0)
			continue;
		count--;
		if (strcmp(entry.name, name) != 0)
			continue;
		found = true;
		*ret = entry;
	}
	folder_reader_free(reader);
	assert_int_equal(count, 0);
	assert_int_equal(count_descriptors(), fixture.descriptors);
	return found;
}

static void files_and_folders(void **state)
{
	struct folder_entry entry;
	struct stat st;

	(void)state;
	assert_true(find("in", false, "file", 6, &entry));
	assert_false(entry.is_folder);
	assert_int_equal(entry.size, 12345);
	assert_int_equal(stat("root/site/in/file", &st), 0);
	assert_int_equal(entry.modified, st.st_mtim.tv_sec);
	assert_true(find("in/", false, "folder", 6, &entry));
	assert_true(entry.is_folder);
	assert_int_equal(entry.size, 0);
	assert_true(find("in", false, "empty", 6, &entry));
}

static void hidden_names(void **state)
{
	struct folder_entry entry;

	(void)state;
	assert_false(find("in", false, ".hidden", 6, &entry));
	assert_true(find("in", true, ".hidden", 7, &entry));
	assert_false(find("in", true, "..", 7, &entry));
}

static void links_are_what_they_lead_to(void **state)
{
	struct folder_entry entry;

	(void)state;
	assert_true(find("in", false, "link-file", 6, &entry));
	assert_int_equal(entry.size, 12345);
	assert_true(find("in/", false, "link-up", 6, &entry));
	assert_int_equal(entry.size, 77);
	assert_true(find("in", false, "link-folder", 6, &entry));
	assert_true(entry.is_folder);
}

static void nobody_hears_of_what_lies_outside(void **state)
{
	static const char *const names[] = { "link-out", "link-absolute",
		"link-nowhere", "link-loop", "pipe" };
	struct folder_entry entry;

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
		assert_false(find("in", false, names[i], 6, &entry));
}

static void an_empty_folder(void **state)
{
	struct folder_entry entry;

	(void)state;
	assert_false(find("in/empty", false, "", 0, &entry));
}

static void a_folder_that_vanishes(void **state)
{
	struct folder_reader *reader;
	struct folder_entry entry;
	int r;

	(void)state;
	assert_int_equal(mkdir("root/site/gone", 0755), 0);
	make_file("root/site/gone/a", 1);
	make_file("root/site/gone/b", 1);
	reader = read_folder("gone", false);
	while ((r = folder_reader_next(reader, &entry)) == -EAGAIN)
		;
	assert_int_equal(r, 1);
	assert_int_equal(unlink("root/site/gone/a"), 0);
	assert_int_equal(unlink("root/site/gone/b"), 0);
	assert_int_equal(rmdir("root/site/gone"), 0);
	while ((r = folder_reader_next(reader, &entry)) == -EAGAIN)
		;
	/* What is gone is passed over. */
	assert_int_equal(r, 0);
	folder_reader_free(reader);
}

/* What stands in root/site/rights, and what may be done with it. */
static const struct {
	const char *name;
	mode_t mode;
	bool is_folder;
	bool is_unreadable;
} rights[] = {
	{ "open", 0644, false, false },
	{ "shut", 0, false, true },
	{ "shut-link", 0, false, true },
	{ "all", 0755, true, false },
	{ "enter", 0111, true, true },
	{ "names", 0444, true, true },
	{ "none", 0, true, true },
};

static void make_rights(void)
{
	char path[64];

	assert_int_equal(mkdir("root/site/rights", 0755), 0);
	assert_int_equal(symlink("shut", "root/site/rights/shut-link"), 0);
	for (size_t i = 0; i < ARRAY_LENGTH(rights); i++) {
		snprintf(
		    path, sizeof(path), "root/site/rights/%s", rights[i].name);
		if (strcmp(rights[i].name, "shut-link") == 0)
			continue;
		if (rights[i].is_folder)
			assert_int_equal(mkdir(path, 0755), 0);
		else
			make_file(path, 5);
		assert_int_equal(chmod(path, rights[i].mode), 0);
	}
}

static void check_rights(void)
{
	const struct file_open_target target = {
		.root_fd = fixture.root_fd,
		.below = "site",
		.path = "rights/",
	};
	struct folder_reader *reader =
	    folder_reader_new(open_folder("rights"), &target, false);
	struct folder_entry entry;
	size_t count = 0;
	int r;

	while ((r = folder_reader_next(reader, &entry)) != 0) {
		size_t i = 0;

		if (r == -EAGAIN)
			continue;
		assert_int_equal(r, 1);
		while (strcmp(rights[i].name, entry.name) != 0)
			i++;
		assert_int_equal(entry.is_folder, rights[i].is_folder);
		assert_int_equal(entry.is_unreadable, rights[i].is_unreadable);
		count++;
	}
	folder_reader_free(reader);
	assert_int_equal(count, ARRAY_LENGTH(rights));
}

/* Looks for itself with the rights of others, if it is root. */
static void what_may_not_be_read_is_marked(void **state)
{
	bool is_root = geteuid() == 0;

	(void)state;
	make_rights();
	if (is_root && seteuid(NOBODY) < 0)
		skip();
	check_rights();
	if (is_root)
		assert_int_equal(seteuid(0), 0);
}

static void one_that_was_not_read(void **state)
{
	(void)state;
	folder_reader_free(read_folder("in", false));
	folder_reader_free(NULL);
	assert_int_equal(count_descriptors(), fixture.descriptors);
}

static void no_folder_at_all(void **state)
{
	const struct file_open_target target = {
		.root_fd = fixture.root_fd,
		.below = "",
		.path = "x",
	};
	int fd = open("root/site/beside", O_RDONLY | O_CLOEXEC);
	struct folder_reader *reader = folder_reader_new(fd, &target, false);
	struct folder_entry entry;

	(void)state;
	assert_int_equal(folder_reader_next(reader, &entry), -ENOTDIR);
	folder_reader_free(reader);
	assert_int_equal(count_descriptors(), fixture.descriptors);
}

static void stats_beneath_the_target(void **state)
{
	struct file_open_target target = {
		.root_fd = fixture.root_fd,
		.below = "site",
		.path = "in/link-up",
	};
	struct stat st;

	(void)state;
	assert_int_equal(file_open_stat(&target, &st), 0);
	assert_int_equal(st.st_size, 77);
	target.path = "in/pipe";
	assert_int_equal(file_open_stat(&target, &st), 0);
	assert_true(S_ISFIFO(st.st_mode));
	target.path = "in/link-out";
	assert_int_equal(file_open_stat(&target, &st), -EXDEV);
	target.path = "in/none";
	assert_int_equal(file_open_stat(&target, &st), -ENOENT);
	target.below = "none";
	assert_int_equal(file_open_stat(&target, &st), -ENOENT);
	target.below = "";
	target.path = "other/secret";
	assert_int_equal(file_open_stat(&target, &st), 0);
	assert_int_equal(count_descriptors(), fixture.descriptors);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_and_folders),
		cmocka_unit_test(hidden_names),
		cmocka_unit_test(links_are_what_they_lead_to),
		cmocka_unit_test(nobody_hears_of_what_lies_outside),
		cmocka_unit_test(an_empty_folder),
		cmocka_unit_test(a_folder_that_vanishes),
		cmocka_unit_test(what_may_not_be_read_is_marked),
		cmocka_unit_test(one_that_was_not_read),
		cmocka_unit_test(no_folder_at_all),
		cmocka_unit_test(stats_beneath_the_target),
	};

	need_openat2();
	return cmocka_run_group_tests_name(
	    "folder_reader", tests, set_up, tear_down);
}
