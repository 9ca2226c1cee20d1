/* SPDX-License-Identifier: MIT */
/* Unit tests of common/file/file_open: what is opened besides the file itself.
 */
#include "config.h"

#include "common/file/file_open.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "common/file/aio_file.h"
#include "tests/unit/support/descriptors.h"
#include "tests/unit/support/need_openat2.h"
#include "tests/unit/support/open_fixture.h"
#include "tests/unit/support/unit.h"

#define NOBODY 65534
#define ATTRIBUTE "user.digest.test"

static struct open_fixture fixture;

/* At once, and all strings of the target are gone when the open runs. */
static struct file_open_result open_variant(
    const char *path, const char *const *suffixes, const char *attribute)
{
	char path_copy[2 * PATH_MAX], name[64] = "", suffix[4][8];
	const char *variants[5] = { 0 };
	const struct file_open_target target = {
		.root_fd = fixture.root_fd,
		.below = "site",
		.path = strcpy(path_copy, path),
		.variants = suffixes ? variants : NULL,
		.attribute = attribute ? strcpy(name, attribute) : NULL,
	};
	const struct file_open_target again = {
		.root_fd = fixture.root_fd,
		.below = "site",
		.path = path,
		.variants = suffixes,
		.attribute = attribute,
	};
	struct open_outcome outcome = { 0 };

	for (size_t i = 0; suffixes && suffixes[i]; i++)
		variants[i] = strcpy(suffix[i], suffixes[i]);
	assert_non_null(file_open_start(
	    &fixture.loop, &target, open_fixture_done, &outcome));
	memset(path_copy, 'x', sizeof(path_copy));
	memset(name, 'x', sizeof(name));
	memset(suffix, 'x', sizeof(suffix));
	memset(variants, 0, sizeof(variants));
	uv_run(&fixture.loop, UV_RUN_DEFAULT);
	assert_int_equal(outcome.calls, 1);
	open_fixture_compare(&again, &outcome.result);
	return outcome.result;
}

/* A file of two characters, modified at `seconds` and 5 ns. */
static void make_old(const char *name, const char *text, time_t seconds)
{
	const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT },
		{ .tv_sec = seconds, .tv_nsec = 5 } };
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_int_equal(write(fd, text, 2), 2);
	assert_int_equal(futimens(fd, times), 0);
	close(fd);
}

static void make_variants(void)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT },
		{ .tv_sec = 1000, .tv_nsec = 4 } };

	make_old("root/site/v", "v0", 1000);
	make_old("root/site/v.same", "sa", 1000);
	make_old("root/site/v.newer", "ne", 1001);
	make_old("root/site/v.older", "ol", 999);
	make_old("root/site/v.less", "le", 1000);
	assert_int_equal(utimensat(AT_FDCWD, "root/site/v.less", times, 0), 0);
	assert_int_equal(mkdir("root/site/v.dir", 0755), 0);
	assert_int_equal(mkfifo("root/site/v.fifo", 0644), 0);
	assert_int_equal(symlink("../../outside", "root/site/v.out"), 0);
	assert_int_equal(symlink("v.newer", "root/site/v.link"), 0);
	make_old("root/site/v.lock", "lo", 1001);
	assert_int_equal(chmod("root/site/v.lock", 0), 0);
}

static int set_up(void **state)
{
	(void)state;
	if (open_fixture_init(&fixture) < 0 || mkdir("root/site", 0755) < 0 ||
	    close(creat("outside", 0644)) < 0)
		return -1;
	make_variants();
	open_fixture_ready(&fixture);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	return open_fixture_fini(&fixture);
}

static const struct {
	const char *suffixes[5];
	int variant;
	const char *text;
} variant_rows[] = {
	{ { NULL }, -1, "v0" },
	{ { ".none", NULL }, -1, "v0" },
	{ { ".newer", NULL }, 0, "ne" },
	{ { ".same", ".newer", NULL }, 0, "sa" },
	{ { ".newer", ".same", NULL }, 0, "ne" },
	{ { ".none", ".newer", NULL }, 1, "ne" },
	/* Made from other bytes */
	{ { ".older", NULL }, -1, "v0" },
	{ { ".less", NULL }, -1, "v0" },
	{ { ".older", ".less", ".same", NULL }, 2, "sa" },
	{ { ".dir", ".fifo", NULL }, -1, "v0" },
	{ { ".out", ".link", NULL }, 1, "ne" },
	/* Three are tried, a fourth is not. */
	{ { ".none", ".dir", ".same", NULL }, 2, "sa" },
	{ { ".none", ".dir", ".out", ".same", NULL }, -1, "v0" },
};

static void check_text(
    const struct file_open_result *result, const char *expected)
{
	char text[8] = "";
	struct stat st;

	assert_int_equal(result->error, 0);
	assert_int_equal(read(result->fd, text, sizeof(text)), 2);
	assert_string_equal(text, expected);
	/* All that is told is of the file that was opened. */
	assert_int_equal(fstat(result->fd, &st), 0);
	assert_int_equal(st.st_ino, result->stat.st_ino);
	assert_int_equal(st.st_mtim.tv_sec, result->stat.st_mtim.tv_sec);
	assert_int_equal(
	    result->close_blocks, aio_file_close_blocks(result->fd));
}

static void opens_the_best_variant(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(variant_rows); i++) {
		struct file_open_result result =
		    open_variant("v", variant_rows[i].suffixes, NULL);

		if (result.variant != variant_rows[i].variant)
			fail_msg("row %zu: %d", i, result.variant);
		check_text(&result, variant_rows[i].text);
		close(result.fd);
		assert_int_equal(count_descriptors(), fixture.descriptors);
	}
}

static void skips_a_variant_that_it_may_not_read(void **state)
{
	static const char *const suffixes[] = { ".lock", ".same", NULL };
	bool root = geteuid() == 0;
	struct file_open_result result;

	(void)state;
	if (root && seteuid(NOBODY) < 0)
		skip();
	result = open_variant("v", suffixes, NULL);
	if (root)
		assert_int_equal(seteuid(0), 0);
	assert_int_equal(result.variant, 1);
	check_text(&result, "sa");
	close(result.fd);
}

/* The file itself decides; its neighbours do not stand in for it. */
static void wants_the_file_itself_first(void **state)
{
	static const struct {
		const char *path;
		const char *suffix;
		int error;
	} cases[] = {
		{ "nothing", "/../v", -ENOENT },
		{ "v.n", "ewer", -ENOENT },
		{ "v.out", "", -EXDEV },
		/* Opened, but no regular file */
		{ "v.dir", "/../v", 0 },
		{ ".", "./site/v", 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		const char *const suffixes[] = { cases[i].suffix, NULL };
		struct file_open_result result =
		    open_variant(cases[i].path, suffixes, NULL);

		assert_int_equal(result.error, cases[i].error);
		assert_int_equal(result.variant, -1);
		if (result.error == 0) {
			assert_true(S_ISDIR(result.stat.st_mode));
			close(result.fd);
		}
		assert_int_equal(count_descriptors(), fixture.descriptors);
	}
}

/* A name that only the suffix makes too long is just not there. */
static void limits_a_variant(void **state)
{
	static const char *const suffixes[] = { ".same", NULL };
	char name[NAME_MAX + 1];
	char path[sizeof("root/site/") + sizeof(name)];
	struct file_open_result result;

	(void)state;
	memset(name, 'n', NAME_MAX);
	name[NAME_MAX] = '\0';
	snprintf(path, sizeof(path), "root/site/%s", name);
	make_old(path, "lo", 1000);
	result = open_variant(name, suffixes, NULL);
	assert_int_equal(result.variant, -1);
	check_text(&result, "lo");
	close(result.fd);
}

static void check_attribute(size_t length, size_t expected)
{
	static const char *const suffixes[] = { ".newer", NULL };
	char value[FILE_OPEN_ATTRIBUTE_MAX + 1];
	struct file_open_result result;

	memset(value, 'a', sizeof(value));
	assert_int_equal(
	    setxattr("root/site/v", ATTRIBUTE, value, length, 0), 0);
	value[0] = 'b';
	assert_int_equal(
	    setxattr("root/site/v.newer", ATTRIBUTE, value, length, 0), 0);
	for (int i = 0; i < 2; i++) {
		result = open_variant("v", i ? suffixes : NULL, ATTRIBUTE);
		value[0] = i ? 'b' : 'a';
		assert_int_equal(result.error, 0);
		assert_int_equal(result.attribute_length, expected);
		assert_memory_equal(result.attribute, value, expected);
		close(result.fd);
	}
}

static void reads_an_attribute(void **state)
{
	struct file_open_result result = open_variant("v", NULL, ATTRIBUTE);

	(void)state;
	assert_int_equal(result.error, 0);
	assert_int_equal(result.attribute_length, 0);
	close(result.fd);
	if (setxattr("root/site/v", ATTRIBUTE, "x", 1, 0) < 0)
		skip();
	check_attribute(1, 1);
	check_attribute(0, 0);
	check_attribute(FILE_OPEN_ATTRIBUTE_MAX, FILE_OPEN_ATTRIBUTE_MAX);
	check_attribute(FILE_OPEN_ATTRIBUTE_MAX + 1, 0);
	/* Nobody asked for it. */
	result = open_variant("v", NULL, NULL);
	assert_int_equal(result.attribute_length, 0);
	close(result.fd);
	assert_int_equal(count_descriptors(), fixture.descriptors);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(opens_the_best_variant),
		cmocka_unit_test(skips_a_variant_that_it_may_not_read),
		cmocka_unit_test(wants_the_file_itself_first),
		cmocka_unit_test(limits_a_variant),
		cmocka_unit_test(reads_an_attribute),
	};

	need_openat2();
	return cmocka_run_group_tests_name(
	    "file_open_variants", tests, set_up, tear_down);
}
