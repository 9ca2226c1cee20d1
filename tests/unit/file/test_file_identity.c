/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "common/file/file_identity.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/unit/support/unit.h"

static const struct file_identity base = {
	.device = 1,
	.inode = 2,
	.size = 3,
	.mtime = { 4, 5 },
	.ctime = { 6, 7 },
};

/* One that differs from `base` in one number, and what it is still. */
static const struct {
	struct file_identity other;
	bool same_file;
	bool same_version;
} rows[] = {
	{ { 1, 2, 3, { 4, 5 }, { 6, 7 } }, true, true },
	{ { 9, 2, 3, { 4, 5 }, { 6, 7 } }, false, true },
	{ { 1, 9, 3, { 4, 5 }, { 6, 7 } }, false, true },
	{ { 1, 2, 9, { 4, 5 }, { 6, 7 } }, true, false },
	{ { 1, 2, 3, { 9, 5 }, { 6, 7 } }, true, false },
	{ { 1, 2, 3, { 4, 9 }, { 6, 7 } }, true, false },
	{ { 1, 2, 3, { 4, 5 }, { 9, 7 } }, true, false },
	{ { 1, 2, 3, { 4, 5 }, { 6, 9 } }, true, false },
};

static void compares_every_field(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		const struct file_identity *other = &rows[i].other;
		bool equal = rows[i].same_file && rows[i].same_version;

		if (file_identity_is_same_file(&base, other) !=
			rows[i].same_file ||
		    file_identity_is_same_version(&base, other) !=
			rows[i].same_version ||
		    file_identity_equal(&base, other) != equal)
			fail_msg("row %zu", i);
	}
}

static void packs_every_field(void **state)
{
	uint64_t first[FILE_IDENTITY_WORDS];
	uint64_t words[FILE_IDENTITY_WORDS];

	(void)state;
	file_identity_pack(&base, first);
	for (uint64_t i = 0; i < FILE_IDENTITY_WORDS; i++)
		assert_int_equal(first[i], i + 1);
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		file_identity_pack(&rows[i].other, words);
		for (size_t k = 0; k < FILE_IDENTITY_WORDS; k++)
			assert_int_equal(words[k], k + 1 == i ? 9 : first[k]);
	}
}

/* Files that were made one after the other, and versions of one. */
static void spreads_neighbours(void **state)
{
	static bool taken[1 << 12];
	unsigned int used = 0;

	(void)state;
	for (uint64_t i = 0; i < 2048; i++) {
		struct file_identity file = base;
		bool *slot;

		if (i % 2 == 0)
			file.inode += i;
		else
			file.mtime.tv_nsec += (long)i * 4000000 / 2;
		assert_int_equal(
		    file_identity_hash(&file), file_identity_hash(&file));
		slot = &taken[file_identity_hash(&file) % (1 << 12)];
		used += !*slot;
		*slot = true;
	}
	/* 1612 of 4096 if it were chance. */
	assert_true(used > 1400);
}

static void takes_what_the_kernel_says(void **state)
{
	struct file_identity identity;
	struct timespec mtime;
	struct statx stx;
	struct stat st;

	(void)state;
	memset(&st, 0xff, sizeof(st));
	assert_int_equal(stat("/proc/self/exe", &st), 0);
	assert_int_equal(
	    statx(AT_FDCWD, "/proc/self/exe", 0, STATX_MTIME, &stx), 0);
	identity = file_identity_of_stat(&st);
	assert_int_equal(identity.device, st.st_dev);
	assert_int_equal(identity.inode, st.st_ino);
	assert_int_equal(identity.size, st.st_size);
	assert_true(file_identity_same_time(&identity.mtime, &st.st_mtim));
	assert_true(file_identity_same_time(&identity.ctime, &st.st_ctim));
	mtime = file_identity_time(&stx.stx_mtime);
	assert_true(file_identity_same_time(&identity.mtime, &mtime));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(compares_every_field),
		cmocka_unit_test(packs_every_field),
		cmocka_unit_test(spreads_neighbours),
		cmocka_unit_test(takes_what_the_kernel_says),
	};

	return cmocka_run_group_tests_name("file_identity", tests, NULL, NULL);
}
