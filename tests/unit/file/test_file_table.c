/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "common/file/file_table.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/file/aio_file.h"
#include "tests/unit/support/descriptors.h"
#include "tests/unit/support/unit.h"

struct fixture {
	uv_loop_t loop;
	struct file_table *table;
	int fds_before;
};

/* Any descriptor will do: only the stat says which file it is. */
static int some_fd(void)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static struct stat stat_of(ino_t inode)
{
	struct stat st;

	memset(&st, 0, sizeof(st));
	st.st_dev = 7;
	st.st_ino = inode;
	st.st_size = 1000;
	st.st_blocks = 2;
	st.st_mtim.tv_sec = 5;
	st.st_ctim.tv_sec = 6;
	return st;
}

static struct aio_file *open_stat(struct fixture *f, const struct stat *st)
{
	struct aio_file *file = file_table_open(f->table, some_fd(), st, false);

	assert_non_null(file);
	return file;
}

static struct aio_file *open_inode(struct fixture *f, ino_t inode)
{
	struct stat st = stat_of(inode);

	return open_stat(f, &st);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	assert_int_equal(uv_loop_init(&f->loop), 0);
	f->fds_before = count_descriptors();
	f->table = file_table_new(&f->loop);
	assert_non_null(f->table);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	file_table_free(f->table);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(count_descriptors(), f->fds_before);
	assert_int_equal(uv_loop_close(&f->loop), 0);
	free(f);
	return 0;
}

static void check_counts(struct fixture *f, size_t open, size_t remembered)
{
	assert_int_equal(file_table_open_count(f->table), open);
	assert_int_equal(file_table_remembered(f->table), remembered);
}

/* --- tests ---------------------------------------------------------------- */

static void shares_an_open_file(void **state)
{
	struct fixture *f = *state;
	struct aio_file *first = open_inode(f, 1);
	int fds = count_descriptors();
	struct aio_file *second = open_inode(f, 1);

	assert_ptr_equal(first, second);
	assert_int_equal(count_descriptors(), fds);
	assert_int_equal(first->size, 1000);
	assert_int_equal(first->blocks, 2);
	check_counts(f, 1, 0);
	aio_file_unref(first);
	check_counts(f, 1, 0);
	aio_file_unref(second);
	/* Nobody has read it. */
	check_counts(f, 0, 0);
}

static void tells_versions_apart(void **state)
{
	struct fixture *f = *state;
	struct stat stats[8];
	struct aio_file *files[8];

	for (size_t i = 0; i < ARRAY_LENGTH(stats); i++)
		stats[i] = stat_of(1);
	stats[1].st_dev++;
	stats[2].st_ino++;
	stats[3].st_size++;
	stats[4].st_mtim.tv_sec++;
	stats[5].st_mtim.tv_nsec++;
	stats[6].st_ctim.tv_sec++;
	stats[7].st_ctim.tv_nsec++;
	for (size_t i = 0; i < ARRAY_LENGTH(stats); i++) {
		files[i] = open_stat(f, &stats[i]);
		for (size_t j = 0; j < i; j++)
			assert_ptr_not_equal(files[i], files[j]);
	}
	check_counts(f, ARRAY_LENGTH(stats), 0);
	for (size_t i = 0; i < ARRAY_LENGTH(stats); i++)
		aio_file_unref(files[i]);
	check_counts(f, 0, 0);
}

static void remembers_uses(void **state)
{
	struct fixture *f = *state;

	for (unsigned int i = 0; i < 3; i++) {
		struct aio_file *file = open_inode(f, 1);

		assert_int_equal(file->uses, i);
		aio_file_note_use(file);
		check_counts(f, 1, 0);
		aio_file_unref(file);
		check_counts(f, 0, 1);
	}
	/* One that is opened and not read changes nothing. */
	aio_file_unref(open_inode(f, 1));
	check_counts(f, 0, 1);
	assert_int_equal(count_descriptors(), f->fds_before);
}

static void use(struct fixture *f, ino_t inode)
{
	struct aio_file *file = open_inode(f, inode);

	aio_file_note_use(file);
	aio_file_unref(file);
}

static unsigned int uses_of(struct fixture *f, ino_t inode)
{
	struct aio_file *file = open_inode(f, inode);
	unsigned int uses = file->uses;

	aio_file_unref(file);
	return uses;
}

static void forgets_the_oldest(void **state)
{
	struct fixture *f = *state;

	for (ino_t i = 0; i < FILE_TABLE_REMEMBERED; i++)
		use(f, i);
	/* Now the second is the oldest. */
	assert_int_equal(uses_of(f, 0), 1);
	check_counts(f, 0, FILE_TABLE_REMEMBERED);
	use(f, FILE_TABLE_REMEMBERED);
	check_counts(f, 0, FILE_TABLE_REMEMBERED);
	assert_int_equal(uses_of(f, 1), 0);
	assert_int_equal(uses_of(f, 0), 1);
	assert_int_equal(uses_of(f, 2), 1);
	assert_int_equal(uses_of(f, FILE_TABLE_REMEMBERED), 1);
}

static void leaves_open_files_alone_when_it_goes(void **state)
{
	struct fixture *f = *state;
	struct aio_file *file = open_inode(f, 1);

	use(f, 2);
	file_table_free(f->table);
	f->table = NULL;
	aio_file_note_use(file);
	aio_file_unref(file);
	file_table_free(NULL);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	static const struct CMUnitTest tests[] = {
		TEST(shares_an_open_file),
		TEST(tells_versions_apart),
		TEST(remembers_uses),
		TEST(forgets_the_oldest),
		TEST(leaves_open_files_alone_when_it_goes),
	};

	return cmocka_run_group_tests_name("file_table", tests, NULL, NULL);
}
