/* SPDX-License-Identifier: MIT */
/*
 * Unit tests of common/file/file_open: what the loop opens itself. That it
 * never says anything else than the thread pool is checked in the other tests,
 * for all their paths (open_fixture_compare()); here it must not leave to the
 * pool what is in memory, nor decide what it can't know.
 */
#include "config.h"

#include "common/file/file_open.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "tests/unit/support/descriptors.h"
#include "tests/unit/support/need_openat2.h"
#include "tests/unit/support/open_fixture.h"
#include "tests/unit/support/unit.h"

static struct open_fixture fixture;

static int set_up(void **state)
{
	(void)state;
	if (open_fixture_init(&fixture) < 0 || mkdir("root/site", 0755) < 0 ||
	    close(creat("outside", 0644)) < 0 ||
	    close(creat("root/file", 0644)) < 0 ||
	    close(creat("root/site/page", 0644)) < 0 ||
	    close(creat("root/site/page.z", 0644)) < 0)
		return -1;
	if (mkfifo("root/fifo", 0644) < 0 ||
	    symlink("site/page", "root/link") < 0 ||
	    symlink("loop", "root/loop") < 0 ||
	    symlink("../outside", "root/out") < 0 ||
	    symlink("../../outside", "root/site/page.out") < 0)
		return -1;
	open_fixture_ready(&fixture);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	return open_fixture_fini(&fixture);
}

/* Whether this kernel knows RESOLVE_CACHED: Linux 5.12. */
static bool is_known(void)
{
	struct file_open_target target = { .root_fd = fixture.root_fd,
		.below = "",
		.path = "file",
		.is_local = true };
	struct file_open_result result;

	close(open("root/file", O_RDONLY | O_CLOEXEC));
	if (file_open_now(&target, &result) < 0)
		return false;
	close(result.fd);
	return true;
}

/* What the loop says when the thread pool has looked at the same. */
static int open_now(struct file_open_target *target)
{
	struct open_outcome outcome = { 0 };
	struct file_open_result result;
	int r;

	assert_non_null(file_open_start(
	    &fixture.loop, target, open_fixture_done, &outcome));
	uv_run(&fixture.loop, UV_RUN_DEFAULT);
	if (outcome.result.error == 0)
		close(outcome.result.fd);
	r = file_open_now(target, &result);
	if (r == 0) {
		assert_false(result.close_blocks);
		assert_int_equal(
		    result.stat.st_ino, outcome.result.stat.st_ino);
		assert_int_equal(
		    fcntl(result.fd, F_GETFL) & (O_ACCMODE | O_NONBLOCK),
		    O_RDONLY | O_NONBLOCK);
		assert_int_equal(fcntl(result.fd, F_GETFD), FD_CLOEXEC);
		close(result.fd);
	}
	assert_int_equal(count_descriptors(), fixture.descriptors);
	return r;
}

static void opens_what_is_in_memory(void **state)
{
	static const struct {
		const char *below, *path;
		int error;
	} rows[] = {
		{ "", "file", 0 },
		{ "", "site/page", 0 },
		{ "site", "page", 0 },
		{ "", "link", 0 },
		{ "", "site/../file", 0 },
		{ "", "site", 0 },
		{ "", ".", 0 },
		{ "", "fifo", 0 },
		{ "", "loop", -ELOOP },
		{ "", "file/", -ENOTDIR },
		{ "file", "file", -ENOTDIR },
		{ "", "", -ENOENT },
		/* These look like a mount. */
		{ "", "out", -EAGAIN },
		{ "", "../outside", -EAGAIN },
		{ "..", "outside", -EAGAIN },
		{ "", "/etc/passwd", -EAGAIN },
		{ "/etc", "passwd", -EAGAIN },
	};

	(void)state;
	if (!is_known())
		skip();
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		struct file_open_target target = {
			.root_fd = fixture.root_fd,
			.below = rows[i].below,
			.path = rows[i].path,
			.is_local = true,
		};
		int r = open_now(&target);

		if (r != rows[i].error)
			fail_msg("\"%s\" beneath \"%s\": %s", rows[i].path,
			    rows[i].below, strerror(-r));
	}
}

/* A name that is not there is known as well, on most disks. */
static void knows_what_is_not_there(void **state)
{
	struct file_open_target target = { .root_fd = fixture.root_fd,
		.below = "",
		.path = "nothing",
		.is_local = true };
	struct statfs fs;
	int r = open_now(&target);

	(void)state;
	assert_true(r == -ENOENT || r == -EAGAIN);
	assert_int_equal(fstatfs(fixture.root_fd, &fs), 0);
	if (is_known() && fs.f_type == EXT4_SUPER_MAGIC)
		assert_int_equal(r, -ENOENT);
}

static void opens_variants(void **state)
{
	static const char *const suffixes[] = { ".z", NULL };
	static const char *const unknown[] = { ".out", ".z", NULL };
	struct file_open_target target = { .root_fd = fixture.root_fd,
		.below = "site",
		.path = "page",
		.variants = suffixes,
		.is_local = true };
	struct file_open_result result;

	(void)state;
	if (!is_known())
		skip();
	assert_int_equal(open_now(&target), 0);
	assert_int_equal(file_open_now(&target, &result), 0);
	assert_int_equal(result.variant, 0);
	close(result.fd);
	/* What can't be known of the best goes for the whole. */
	target.path = "page";
	target.variants = unknown;
	assert_int_equal(open_now(&target), -EAGAIN);
}

/* Its file system may wait for another machine. */
static void enters_no_mount(void **state)
{
	int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct file_open_target target = {
		.root_fd = root,
		.below = "",
		.path = "dev/null",
		.is_local = true,
	};
	struct stat dev, top;

	(void)state;
	assert_true(root >= 0);
	assert_int_equal(stat("/dev", &dev), 0);
	assert_int_equal(stat("/", &top), 0);
	if (dev.st_dev != top.st_dev) {
		fixture.descriptors++;
		assert_int_equal(open_now(&target), -EAGAIN);
		target.below = "dev";
		target.path = "null";
		assert_int_equal(open_now(&target), -EAGAIN);
		fixture.descriptors--;
	} else {
		print_message("# /dev is no mount here: not tested\n");
	}
	close(root);
}

static void leaves_the_rest_to_the_pool(void **state)
{
	struct file_open_target target = {
		.root_fd = fixture.root_fd, .below = "", .path = "file"
	};

	(void)state;
	assert_int_equal(open_now(&target), -EAGAIN);
	target.is_local = true;
	target.attribute = "user.test";
	assert_int_equal(open_now(&target), -EAGAIN);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(opens_what_is_in_memory),
		cmocka_unit_test(knows_what_is_not_there),
		cmocka_unit_test(opens_variants),
		cmocka_unit_test(enters_no_mount),
		cmocka_unit_test(leaves_the_rest_to_the_pool),
	};

	need_openat2();
	return cmocka_run_group_tests_name(
	    "file_open_now", tests, set_up, tear_down);
}
