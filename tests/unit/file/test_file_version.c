/* SPDX-License-Identifier: MIT */
/* Unit tests of common/file/file_version. */
#include "config.h"

#include "common/file/file_version.h"

#include <sys/stat.h>

#include "common/file/file_identity.h"
#include "tests/unit/support/unit.h"

static const struct stat base = {
	.st_dev = 1,
	.st_ino = 2,
	.st_size = 3,
	.st_mtim = { 4, 5 },
	.st_ctim = { 6, 7 },
	.st_mode = S_IFREG | 0644,
};

/* Returns whether the content of both is taken for the same. */
static bool equal(const struct stat *a, const struct stat *b)
{
	const struct file_version one = file_version_of_stat(a);
	const struct file_version other = file_version_of_stat(b);

	return file_version_equal(&one, &other);
}

static void changes_with_size_and_time(void **state)
{
	struct stat others[3] = { base, base, base };

	(void)state;
	others[0].st_size++;
	others[1].st_mtim.tv_sec++;
	others[2].st_mtim.tv_nsec++;
	assert_true(equal(&base, &base));
	for (size_t i = 0; i < ARRAY_LENGTH(others); i++)
		assert_false(equal(&base, &others[i]));
}

static void stays_with_all_else(void **state)
{
	struct stat others[7] = { base, base, base, base, base, base, base };

	(void)state;
	others[0].st_dev++;
	others[1].st_ino++;
	others[2].st_ctim.tv_sec++;
	others[3].st_ctim.tv_nsec++;
	others[4].st_mode = S_IFREG | 0600;
	others[5].st_nlink++;
	others[6].st_uid++;
	for (size_t i = 0; i < ARRAY_LENGTH(others); i++)
		assert_true(equal(&base, &others[i]));
}

static void is_part_of_an_identity(void **state)
{
	const struct file_identity identity = file_identity_of_stat(&base);
	const struct file_version version = file_version_of_stat(&base);
	const struct file_version part = file_version_of_identity(&identity);

	(void)state;
	assert_true(file_version_equal(&version, &part));
	assert_int_equal(version.size, 3);
	assert_int_equal(version.mtime.tv_sec, 4);
	assert_int_equal(version.mtime.tv_nsec, 5);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(changes_with_size_and_time),
		cmocka_unit_test(stays_with_all_else),
		cmocka_unit_test(is_part_of_an_identity),
	};

	return cmocka_run_group_tests_name("file_version", tests, NULL, NULL);
}
