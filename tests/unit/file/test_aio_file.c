/* SPDX-License-Identifier: MIT */
/*
 * Who closes a file's descriptors, and when: the thread pool has one thread
 * here, which the tests can keep busy to see what is left to it.
 */
#include "config.h"
#include "common/file/aio_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/chunk_pool.h"
#include "tests/unit/support/unit.h"

struct fixture {
	uv_loop_t loop;
	struct aio_file *file;
	char name[64];
	/* Keeps the thread busy until it is posted. */
	uv_sem_t free;
	uv_work_t busy;
};

static int make_file(const char *folder, char ret_name[64])
{
	int fd;

	snprintf(ret_name, 64, "%s/aio_file.XXXXXX", folder);
	fd = mkstemp(ret_name);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "content", 7), 7);
	return fd;
}

static void open_file(struct fixture *f, const char *folder, bool close_blocks)
{
	int fd = make_file(folder, f->name);

	f->file = aio_file_new(&f->loop, fd, close_blocks);
	assert_non_null(f->file);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	assert_int_equal(uv_loop_init(&f->loop), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	/* After a failure only. */
	if (f->busy.data)
		uv_sem_post(&f->free);
	if (f->name[0])
		unlink(f->name);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&f->loop), 0);
	free(f);
	return 0;
}

static void stay_busy(uv_work_t *work)
{
	struct fixture *f = work->data;

	uv_sem_wait(&f->free);
}

static void no_longer_busy(uv_work_t *work, int status)
{
	struct fixture *f = work->data;

	(void)status;
	uv_sem_destroy(&f->free);
	f->busy.data = NULL;
}

/* From now on nothing happens in the thread pool, until release_thread(). */
static void occupy_thread(struct fixture *f)
{
	assert_int_equal(uv_sem_init(&f->free, 0), 0);
	f->busy.data = f;
	assert_int_equal(
	    uv_queue_work(&f->loop, &f->busy, stay_busy, no_longer_busy), 0);
}

static void release_thread(struct fixture *f)
{
	uv_sem_post(&f->free);
	uv_run(&f->loop, UV_RUN_DEFAULT);
}

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

/* The lowest free descriptor: the same again when none was left open. */
static int next_fd(void)
{
	int fd = dup(0);

	assert_true(fd >= 0);
	close(fd);
	return fd;
}

static bool is_same_file(int a, int b)
{
	struct stat first;
	struct stat second;

	assert_int_equal(fstat(a, &first), 0);
	assert_int_equal(fstat(b, &second), 0);
	return first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

/* A second descriptor, as if opened with O_DIRECT where that can't be. */
static int add_direct_fd(struct fixture *f)
{
	if (aio_file_open_direct(f->file) < 0)
		f->file->direct_fd = dup(f->file->fd);
	assert_true(f->file->direct_fd >= 0);
	return f->file->direct_fd;
}

/* --- tests ---------------------------------------------------------------- */

static void starts_with_nothing_known(void **state)
{
	struct fixture *f = *state;

	open_file(f, ".", false);
	assert_int_equal(f->file->direct_fd, -1);
	assert_int_equal(f->file->direct, AIO_FILE_DIRECT_UNKNOWN);
	assert_false(f->file->warm_reads > 0 || f->file->no_cached_tier);
	assert_int_equal(f->file->cold_reads, 0);
	aio_file_unref(f->file);
	aio_file_unref(NULL);
}

/* How the last reference closes. */
static const struct {
	bool close_blocks;
	bool deleted;
	bool direct;
	bool in_thread;
} closings[] = {
	{ false, false, false, false },
	{ false, false, true, false },
	{ true, false, false, true },
	{ true, false, true, true },
	{ false, true, false, true },
	{ false, true, true, true },
	{ true, true, true, true },
};

static void closes_with_the_last_reference(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LENGTH(closings); i++) {
		int fd, direct_fd;

		open_file(f, ".", closings[i].close_blocks);
		fd = f->file->fd;
		direct_fd = closings[i].direct ? add_direct_fd(f) : fd;
		if (closings[i].deleted)
			unlink(f->name);
		occupy_thread(f);
		assert_ptr_equal(aio_file_ref(f->file), f->file);
		aio_file_ref(f->file);
		aio_file_unref(f->file);
		aio_file_unref(f->file);
		assert_true(is_open(fd) && is_open(direct_fd));
		aio_file_unref(f->file);
		assert_int_equal(is_open(fd), closings[i].in_thread);
		assert_int_equal(is_open(direct_fd), closings[i].in_thread);
		release_thread(f);
		assert_false(is_open(fd) || is_open(direct_fd));
		unlink(f->name);
	}
}

static void opens_for_direct_io(void **state)
{
	struct fixture *f = *state;
	int free_fd, r;

	open_file(f, ".", false);
	free_fd = next_fd();
	r = aio_file_open_direct(f->file);
	if (r < 0) {
		print_message("# no direct I/O here\n");
		assert_int_equal(f->file->direct_fd, -1);
		assert_int_equal(next_fd(), free_fd);
	} else {
		int fd = f->file->direct_fd;
		uint32_t alignment = f->file->offset_alignment;

		assert_int_equal(r, 0);
		assert_true(is_same_file(fd, f->file->fd));
		assert_true(fcntl(fd, F_GETFL) & O_DIRECT);
		assert_int_equal(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY);
		assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
		assert_true(alignment > 0 && alignment <= CHUNK_POOL_ALIGNMENT);
		assert_int_equal(alignment & (alignment - 1), 0);
	}
	/* Whether to use it is the reader's decision. */
	assert_int_equal(f->file->direct, AIO_FILE_DIRECT_UNKNOWN);
	aio_file_unref(f->file);
}

/* The name stands for another file, or for none. */
static void opens_by_descriptor(void **state)
{
	struct fixture *f = *state;

	for (int deleted = 0; deleted < 2; deleted++) {
		char other[64];

		open_file(f, ".", false);
		close(make_file(".", other));
		assert_int_equal(rename(other, f->name), 0);
		if (deleted)
			unlink(f->name);
		if (aio_file_open_direct(f->file) == 0)
			assert_true(
			    is_same_file(f->file->direct_fd, f->file->fd));
		else
			print_message("# no direct I/O here\n");
		aio_file_unref(f->file);
		uv_run(&f->loop, UV_RUN_DEFAULT);
		unlink(f->name);
	}
}

/* Memory: there is nothing to go direct to. */
static void refuses_direct_io_on_tmpfs(void **state)
{
	struct fixture *f = *state;
	int free_fd;

	if (access("/dev/shm", W_OK) < 0)
		skip();
	open_file(f, "/dev/shm", false);
	free_fd = next_fd();
	assert_true(aio_file_open_direct(f->file) < 0);
	assert_int_equal(f->file->direct_fd, -1);
	assert_int_equal(f->file->offset_alignment, 0);
	assert_int_equal(next_fd(), free_fd);
	aio_file_unref(f->file);
}

static void says_why_it_cannot_open(void **state)
{
	struct fixture *f = *state;
	int fd;

	open_file(f, ".", false);
	fd = f->file->fd;
	f->file->fd = -1;
	assert_int_equal(aio_file_open_direct(f->file), -ENOENT);
	assert_int_equal(f->file->direct_fd, -1);
	f->file->fd = fd;
	aio_file_unref(f->file);
}

static void can_do_without_direct_io(void **state)
{
	struct fixture *f = *state;

	open_file(f, ".", false);
	aio_file_without_direct(f->file);
	assert_int_equal(f->file->direct, AIO_FILE_DIRECT_NONE);
	aio_file_unref(f->file);
}

/* Memory does not wait; what is not known, or can't be looked at, may. */
static void knows_where_close_blocks(void **state)
{
	int memory = open("/dev/shm", O_PATH | O_DIRECTORY | O_CLOEXEC);
	int other = open("/proc/self/status", O_RDONLY | O_CLOEXEC);

	(void)state;
	assert_true(other >= 0);
	if (memory >= 0)
		assert_false(aio_file_close_blocks(memory));
	else
		print_message("# no /dev/shm here\n");
	assert_true(aio_file_close_blocks(other));
	assert_true(aio_file_close_blocks(-1));
	if (memory >= 0)
		close(memory);
	close(other);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	static const struct CMUnitTest tests[] = {
		TEST(starts_with_nothing_known),
		TEST(closes_with_the_last_reference),
		TEST(opens_for_direct_io),
		TEST(opens_by_descriptor),
		TEST(refuses_direct_io_on_tmpfs),
		TEST(says_why_it_cannot_open),
		TEST(can_do_without_direct_io),
		TEST(knows_where_close_blocks),
	};

	setenv("UV_THREADPOOL_SIZE", "1", 1);
	return cmocka_run_group_tests_name("aio_file", tests, NULL, NULL);
}
