/* SPDX-License-Identifier: MIT */
/* Unit tests of common/file/file_guard, on a real file system. */
#include "config.h"

#include "common/file/file_guard.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/support/unit.h"

#define SIZE 10000
#define MTIME 1000000000

struct fixture {
	int fd;
	unsigned char data[SIZE];
	struct file_guard guard;
};

static void set_time(struct fixture *f, time_t seconds, long nanoseconds)
{
	const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT },
		{ .tv_sec = seconds, .tv_nsec = nanoseconds } };

	assert_int_equal(futimens(f->fd, times), 0);
}

static void set_mtime(struct fixture *f, time_t seconds)
{
	set_time(f, seconds, 7);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	const struct file_version version = {
		.size = SIZE,
		.mtime = { .tv_sec = MTIME, .tv_nsec = 7 },
	};

	assert_non_null(f);
	for (size_t i = 0; i < SIZE; i++)
		f->data[i] = (unsigned char)(i * 31 + (i >> 8));
	f->fd = open(".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	assert_true(f->fd >= 0);
	assert_int_equal(pwrite(f->fd, f->data, SIZE, 0), SIZE);
	set_mtime(f, MTIME);
	file_guard_init(&f->guard, &version, true);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	close(f->fd);
	free(f);
	return 0;
}

static int check(struct fixture *f)
{
	return file_guard_check(&f->guard, f->fd);
}

/* Appends a byte, and gives the file another time. */
static void append(struct fixture *f, time_t seconds)
{
	off_t end = lseek(f->fd, 0, SEEK_END);

	assert_int_equal(pwrite(f->fd, "+", 1, end), 1);
	set_mtime(f, seconds);
}

static void passes_an_unchanged_file(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 3; i++)
		assert_int_equal(check(f), 0);
}

static void notices_another_time(void **state)
{
	struct fixture *f = *state;

	set_mtime(f, MTIME + 1);
	assert_int_equal(check(f), -ESTALE);
	set_mtime(f, MTIME);
	assert_int_equal(check(f), 0);
	assert_int_equal(pwrite(f->fd, "x", 1, 5), 1);
	assert_int_equal(check(f), -ESTALE);
}

/* A change within the second. */
static void notices_a_nanosecond(void **state)
{
	struct fixture *f = *state;
	struct stat st;

	set_time(f, MTIME, 8);
	assert_int_equal(fstat(f->fd, &st), 0);
	/* A file system without nanoseconds. */
	if (st.st_mtim.tv_nsec != 8)
		skip();
	assert_int_equal(check(f), -ESTALE);
	set_mtime(f, MTIME);
	assert_int_equal(check(f), 0);
}

/* Neither another mode nor another name is a change of its bytes. */
static void passes_what_leaves_the_bytes(void **state)
{
	struct fixture *f = *state;
	struct stat before, after;

	assert_int_equal(fstat(f->fd, &before), 0);
	do {
		assert_int_equal(fchmod(f->fd, 0640), 0);
		assert_int_equal(fchmod(f->fd, 0600), 0);
		assert_int_equal(fstat(f->fd, &after), 0);
	} while (before.st_ctim.tv_nsec == after.st_ctim.tv_nsec);
	assert_int_equal(check(f), 0);
}

static void notices_a_shorter_file(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(ftruncate(f->fd, SIZE - 1), 0);
	set_mtime(f, MTIME);
	assert_int_equal(check(f), -ENODATA);
}

static void passes_a_file_that_grows(void **state)
{
	struct fixture *f = *state;

	append(f, MTIME + 1);
	assert_int_equal(check(f), 0);
	file_guard_note(&f->guard, 0, f->data, 5000);
	append(f, MTIME + 2);
	assert_int_equal(check(f), 0);
	file_guard_note(&f->guard, 5000, f->data + 5000, 5000);
	append(f, MTIME + 3);
	assert_int_equal(check(f), 0);
}

/* What was read last, to the last of the bytes that are remembered. */
static void notices_other_bytes_in_a_longer_file(void **state)
{
	static const struct {
		off_t at;
		int result;
	} cases[] = {
		{ 5000, 0 },
		{ 4999, -ESTALE },
		{ 5000 - FILE_GUARD_TAIL, -ESTALE },
		{ 5000 - FILE_GUARD_TAIL - 1, 0 },
		{ 0, 0 },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		unsigned char byte = f->data[cases[i].at];
		unsigned char other = (unsigned char)~byte;

		file_guard_note(&f->guard, 1000, f->data + 1000, 4000);
		assert_int_equal(pwrite(f->fd, &other, 1, cases[i].at), 1);
		append(f, MTIME + 1 + (time_t)i);
		assert_int_equal(check(f), cases[i].result);
		assert_int_equal(pwrite(f->fd, &byte, 1, cases[i].at), 1);
	}
}

static void remembers_what_is_shorter_than_the_tail(void **state)
{
	struct fixture *f = *state;

	file_guard_note(&f->guard, 100, f->data + 100, 1);
	append(f, MTIME + 1);
	assert_int_equal(check(f), 0);
	assert_int_equal(pwrite(f->fd, "\0\0", 2, 100), 2);
	append(f, MTIME + 2);
	assert_int_equal(check(f), -ESTALE);
}

static void passes_errors_on(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(file_guard_check(&f->guard, -1), -EBADF);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	static const struct CMUnitTest tests[] = {
		TEST(passes_an_unchanged_file),
		TEST(notices_another_time),
		TEST(notices_a_nanosecond),
		TEST(passes_what_leaves_the_bytes),
		TEST(notices_a_shorter_file),
		TEST(passes_a_file_that_grows),
		TEST(notices_other_bytes_in_a_longer_file),
		TEST(remembers_what_is_shorter_than_the_tail),
		TEST(passes_errors_on),
	};

	return cmocka_run_group_tests_name("file_guard", tests, NULL, NULL);
}
