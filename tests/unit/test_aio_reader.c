/* SPDX-License-Identifier: MIT */
/*
 * The reader on real files, in the folder of the test (a disk, mostly) and on
 * /dev/shm (memory), with libaio and with kernels that refuse. Where the
 * folder's file system has no direct I/O the tests of that tier say so and
 * check the bytes alone.
 */
#include "config.h"
#include "common/aio_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/aio_file.h"
#include "common/chunk_pool.h"
#include "common/kernel_aio.h"
#include "tests/unit/real_file.h"
#include "tests/unit/unit.h"

#define BUFFER (64 << 10)
#define FILE_SIZE ((1 << 20) + 777)
#define READS 16

struct fixture {
	uv_loop_t loop;
	struct chunk_pool *pool;
	struct aio_reader *reader;
	struct aio_file *file;
	struct aio_read reads[READS];
	unsigned int done;
	unsigned int done_order[READS];
	unsigned int degraded;
	int degraded_error;
	/* The kernel's mock: how it answers. */
	int setup_most; /* more slots are refused with EAGAIN */
	int setup_error;
	int submit_error;
	unsigned int submit_errors; /* so many times */
	long submit_most;           /* takes no more at once */
	long event_result;          /* instead of what was read; 0: leave it */
	unsigned int submit_calls;
};

static struct fixture *current;

/* --- a kernel that can refuse ----------------------------------------------
 */

static int mock_setup(int slots, io_context_t *context)
{
	if (current->setup_error)
		return current->setup_error;
	if (current->setup_most && slots > current->setup_most)
		return -EAGAIN;
	return io_setup(slots, context);
}

static int mock_submit(io_context_t context, long count, struct iocb **iocbs)
{
	current->submit_calls++;
	if (current->submit_errors > 0) {
		current->submit_errors--;
		return current->submit_error;
	}
	if (current->submit_most && count > current->submit_most)
		count = current->submit_most;
	return io_submit(context, count, iocbs);
}

static int mock_getevents(io_context_t context, long least, long most,
    struct io_event *events, struct timespec *timeout)
{
	int n = io_getevents(context, least, most, events, timeout);

	for (int i = 0; i < n && current->event_result; i++)
		events[i].res = (unsigned long)current->event_result;
	return n;
}

static const struct kernel_aio_calls mock_calls = {
	.setup = mock_setup,
	.destroy = io_destroy,
	.submit = mock_submit,
	.getevents = mock_getevents,
};

/* --- files ------------------------------------------------------------------
 */

/* The host's slots are shared: other tests may hold all of them for a while. */
static void wait_for_slots(int slots)
{
	io_context_t context = NULL;
	int tries = 20000;

	while (io_setup(slots, &context) == -EAGAIN && --tries > 0)
		usleep(1000);
	assert_non_null(context);
	io_destroy(context);
}

/* Whether this folder's file system can do direct I/O at all. */
static bool has_direct(struct fixture *f)
{
	int fd = dup(f->file->fd);
	struct aio_file *probe = aio_file_new(&f->loop, fd, false);
	bool direct = aio_file_open_direct(probe) == 0;

	aio_file_unref(probe);
	if (!direct)
		print_message("# no direct I/O here\n");
	return direct;
}

/* --- fixture ----------------------------------------------------------------
 */

static void on_done(struct aio_read *read)
{
	struct fixture *f = read->context;

	f->done_order[f->done++] = (unsigned int)(read - f->reads);
}

static void on_degraded(void *context, int error)
{
	struct fixture *f = context;

	f->degraded++;
	f->degraded_error = error;
}

static void open_reader(struct fixture *f, unsigned int depth)
{
	const struct aio_reader_options options = {
		.loop = &f->loop,
		.pool = f->pool,
		.depth = depth,
		.pool_jobs = 2,
		.calls = &mock_calls,
		.degraded = on_degraded,
		.context = f,
	};

	for (;;) {
		if (!f->setup_error)
			wait_for_slots(2 * (int)depth);
		assert_int_equal(aio_reader_new(&options, &f->reader), 0);
		if (f->setup_error || aio_reader_slots(f->reader) > 0)
			break;
		/* They went to somebody else in between. */
		aio_reader_close(f->reader);
		uv_run(&f->loop, UV_RUN_DEFAULT);
	}
}

static void setup_fixture(struct fixture *f, const char *folder, size_t buffers)
{
	memset(f, 0, sizeof(*f));
	current = f;
	assert_int_equal(uv_loop_init(&f->loop), 0);
	f->pool = chunk_pool_new(BUFFER, buffers * BUFFER);
	f->file =
	    aio_file_new(&f->loop, real_file_make(folder, FILE_SIZE), false);
	assert_non_null(f->file);
	for (int i = 0; i < READS; i++) {
		f->reads[i].done = on_done;
		f->reads[i].context = f;
	}
}

static void close_fixture(struct fixture *f)
{
	aio_reader_close(f->reader);
	aio_file_unref(f->file);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&f->loop), 0);
	assert_int_equal(chunk_pool_borrowed(f->pool), 0);
	chunk_pool_free(f->pool);
}

static void run_until_done(struct fixture *f, unsigned int count)
{
	while (f->done < count)
		uv_run(&f->loop, UV_RUN_ONCE);
}

static void check_read(
    const struct aio_read *read, uint64_t offset, size_t length)
{
	assert_int_equal(read->error, 0);
	assert_int_equal(read->length, length);
	assert_true(length == 0 || offset + length <= FILE_SIZE);
	for (size_t i = 0; i < length; i++)
		if (read->data[i] != real_file_byte(offset + i))
			fail_msg(
			    "byte %zu at %ju is wrong", i, (uintmax_t)offset);
}

/* --- tests ------------------------------------------------------------------
 */

static void test_cached(void **state)
{
	struct fixture f;

	(void)state;
	setup_fixture(&f, ".", 4);
	open_reader(&f, 8);
	assert_int_equal(
	    aio_reader_read(f.reader, f.file, &f.reads[0], 100, 5000), 1);
	check_read(&f.reads[0], 100, 5000);
	aio_reader_release(f.reader, &f.reads[0]);
	/* More than a buffer is cut to one. */
	assert_int_equal(
	    aio_reader_read(f.reader, f.file, &f.reads[0], 0, FILE_SIZE), 1);
	check_read(&f.reads[0], 0, BUFFER);
	aio_reader_release(f.reader, &f.reads[0]);
	assert_int_equal(aio_reader_counts(f.reader).cached, 2);
	assert_int_equal(aio_reader_counts(f.reader).direct, 0);
	close_fixture(&f);
}

struct place {
	uint64_t offset;
	size_t length;
	size_t expected;
};

static const struct place places[] = {
	{ 0, BUFFER, BUFFER },
	{ 4096, 4096, 4096 },
	{ 1, 1, 1 },
	{ 511, 2, 2 },
	{ 4095, 4098, 4098 },
	{ 100, BUFFER - 4096, BUFFER - 4096 },
	{ FILE_SIZE - 1, 1, 1 },
	{ FILE_SIZE - 777, BUFFER, 777 },
	{ FILE_SIZE - 5000, BUFFER, 5000 },
	{ FILE_SIZE, 10, 0 },
	{ FILE_SIZE + 100000, 10, 0 },
};

/* Reads up to `length` bytes, in as many reads as it takes; how many. */
static size_t read_fully(struct fixture *f, uint64_t offset, size_t length)
{
	struct aio_read *read = &f->reads[0];
	size_t got = 0;
	int r;

	while (got < length) {
		size_t n;

		f->done = 0;
		r = aio_reader_read(
		    f->reader, f->file, read, offset + got, length - got);
		assert_true(r >= 0);
		if (r == 0)
			run_until_done(f, 1);
		n = read->length;
		check_read(read, offset + got, n);
		aio_reader_release(f->reader, read);
		if (n == 0)
			break;
		got += n;
	}
	return got;
}

/* Every place of a cold file; some pages may come back into the cache. */
static void read_places(struct fixture *f)
{
	for (size_t i = 0; i < ARRAY_LENGTH(places); i++) {
		const struct place *place = &places[i];

		real_file_make_cold(f->file->fd);
		assert_int_equal(read_fully(f, place->offset, place->length),
		    place->expected);
	}
}

static void test_cold_direct(void **state)
{
	struct fixture f;

	(void)state;
	setup_fixture(&f, ".", 4);
	open_reader(&f, 8);
	read_places(&f);
	if (has_direct(&f)) {
		/* Threads only confirm the end of the file. */
		assert_true(aio_reader_counts(f.reader).direct >
		    aio_reader_counts(f.reader).threaded);
	}
	close_fixture(&f);
}

static void test_without_aio(void **state)
{
	struct fixture f;

	(void)state;
	setup_fixture(&f, ".", 4);
	f.setup_error = -ENOSYS;
	open_reader(&f, 8);
	assert_int_equal(aio_reader_slots(f.reader), 0);
	assert_int_equal(aio_reader_setup_error(f.reader), -ENOSYS);
	read_places(&f);
	assert_int_equal(aio_reader_counts(f.reader).direct, 0);
	assert_true(aio_reader_counts(f.reader).threaded > 0);
	close_fixture(&f);
}

static void test_memory_file_system(void **state)
{
	struct fixture f;

	(void)state;
	if (access("/dev/shm", W_OK) < 0) {
		print_message("# no /dev/shm here\n");
		return;
	}
	setup_fixture(&f, "/dev/shm", 4);
	open_reader(&f, 8);
	read_places(&f);
	assert_int_equal(aio_reader_counts(f.reader).direct, 0);
	close_fixture(&f);
}

static void test_fewer_slots(void **state)
{
	struct fixture f;

	(void)state;
	setup_fixture(&f, ".", 4);
	f.setup_most = 20;
	open_reader(&f, 128);
	assert_int_equal(aio_reader_slots(f.reader), 16);
	read_places(&f);
	close_fixture(&f);
}

/* Starts `count` reads on a cold file whose direct descriptor is there. */
static void start_cold(struct fixture *f, unsigned int count)
{
	assert_int_equal(aio_file_open_direct(f->file), 0);
	f->file->direct = AIO_FILE_DIRECT_READY;
	real_file_make_cold(f->file->fd);
	for (unsigned int i = 0; i < count; i++) {
		/* As if the file had been looked at and found cold. */
		f->file->cold_reads = 1;
		assert_int_equal(aio_reader_read(f->reader, f->file,
				     &f->reads[i], i * 4096, 4096),
		    0);
	}
}

static void finish_cold(struct fixture *f, unsigned int count)
{
	run_until_done(f, count);
	for (unsigned int i = 0; i < count; i++) {
		check_read(&f->reads[i], i * 4096, 4096);
		aio_reader_release(f->reader, &f->reads[i]);
	}
}

static void test_one_batch_a_turn(void **state)
{
	struct fixture f;

	(void)state;
	setup_fixture(&f, ".", READS);
	if (has_direct(&f)) {
		open_reader(&f, 64);
		start_cold(&f, READS);
		finish_cold(&f, READS);
		assert_int_equal(aio_reader_counts(f.reader).submits, 1);
	}
	close_fixture(&f);
}

static void test_more_reads_than_slots(void **state)
{
	struct fixture f;

	(void)state;
	setup_fixture(&f, ".", READS);
	if (has_direct(&f)) {
		open_reader(&f, 1);
		start_cold(&f, READS);
		finish_cold(&f, READS);
		assert_int_equal(aio_reader_counts(f.reader).direct, READS);
	}
	close_fixture(&f);
}

static void test_submit_in_parts(void **state)
{
	struct fixture f;

	(void)state;
	setup_fixture(&f, ".", READS);
	if (has_direct(&f)) {
		f.submit_most = 3;
		open_reader(&f, 64);
		start_cold(&f, READS);
		finish_cold(&f, READS);
		assert_int_equal(aio_reader_counts(f.reader).direct, READS);
	}
	close_fixture(&f);
}

/* The kernel refuses, nothing is in flight: threads, and one complaint. */
static void test_submit_refused(void **state)
{
	static const int errors[] = { -EAGAIN, -EINVAL, -ENOMEM };
	struct fixture f;

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(errors); i++) {
		setup_fixture(&f, ".", READS);
		if (has_direct(&f)) {
			f.submit_error = errors[i];
			f.submit_errors = 1000;
			open_reader(&f, 64);
			start_cold(&f, READS);
			finish_cold(&f, READS);
			assert_int_equal(f.degraded, 1);
			assert_int_equal(f.degraded_error, errors[i]);
			assert_int_equal(
			    aio_reader_counts(f.reader).threaded, READS);
		}
		close_fixture(&f);
	}
}

/* -EAGAIN with reads in flight is waited out. */
static void test_submit_later(void **state)
{
	struct fixture f;

	(void)state;
	setup_fixture(&f, ".", READS);
	if (has_direct(&f)) {
		open_reader(&f, 64);
		start_cold(&f, 1);
		/* This submits the first; the others meet a full kernel. */
		uv_run(&f.loop, UV_RUN_NOWAIT);
		f.submit_error = -EAGAIN;
		f.submit_errors = f.done == 0 ? 1 : 0;
		f.file->cold_reads = 1;
		assert_int_equal(
		    aio_reader_read(f.reader, f.file, &f.reads[1], 4096, 4096),
		    0);
		finish_cold(&f, 2);
		assert_int_equal(f.degraded, 0);
	}
	close_fixture(&f);
}

static void test_direct_not_supported_after_all(void **state)
{
	struct fixture f;

	(void)state;
	setup_fixture(&f, ".", READS);
	if (has_direct(&f)) {
		f.event_result = -EINVAL;
		open_reader(&f, 64);
		start_cold(&f, 3);
		finish_cold(&f, 3);
		assert_int_equal(f.file->direct, AIO_FILE_DIRECT_NONE);
	}
	close_fixture(&f);
}

/* An unaligned direct read that a thread has to do over: the same bytes. */
static void test_unaligned_fallback(void **state)
{
	static const long results[] = { -EINVAL, -EOPNOTSUPP, -EAGAIN, 3 };
	struct fixture f;

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(results); i++) {
		setup_fixture(&f, ".", READS);
		if (has_direct(&f)) {
			open_reader(&f, 64);
			f.event_result = results[i];
			f.file->cold_reads = 1;
			assert_int_equal(aio_reader_read(f.reader, f.file,
					     &f.reads[0], 4096 + 5, 1000),
			    0);
			run_until_done(&f, 1);
			check_read(&f.reads[0], 4096 + 5, 1000);
			assert_int_equal(
			    aio_reader_counts(f.reader).threaded, 1);
			aio_reader_release(f.reader, &f.reads[0]);
		}
		close_fixture(&f);
	}
}

static void test_read_error(void **state)
{
	struct fixture f;

	(void)state;
	setup_fixture(&f, ".", READS);
	if (has_direct(&f)) {
		f.event_result = -EIO;
		open_reader(&f, 64);
		start_cold(&f, 1);
		run_until_done(&f, 1);
		assert_int_equal(f.reads[0].error, -EIO);
		assert_null(f.reads[0].buffer);
	}
	close_fixture(&f);
}

/* A direct read that comes back short is passed on as it is. */
static void test_short_direct_read(void **state)
{
	struct fixture f;

	(void)state;
	setup_fixture(&f, ".", READS);
	if (has_direct(&f)) {
		f.event_result = 1000;
		open_reader(&f, 64);
		start_cold(&f, 1);
		run_until_done(&f, 1);
		check_read(&f.reads[0], 0, 1000);
		aio_reader_release(f.reader, &f.reads[0]);
	}
	close_fixture(&f);
}

static void test_waits_for_buffers_in_order(void **state)
{
	struct fixture f;

	(void)state;
	setup_fixture(&f, ".", 1);
	open_reader(&f, 8);
	assert_int_equal(
	    aio_reader_read(f.reader, f.file, &f.reads[0], 0, 10), 1);
	for (unsigned int i = 1; i < 4; i++)
		assert_int_equal(
		    aio_reader_read(f.reader, f.file, &f.reads[i], i * 100, 10),
		    0);
	for (unsigned int i = 1; i < 4; i++) {
		uv_run(&f.loop, UV_RUN_NOWAIT);
		assert_int_equal(f.done, i - 1);
		aio_reader_release(f.reader, &f.reads[i - 1]);
		run_until_done(&f, i);
		assert_int_equal(f.done_order[i - 1], i);
		check_read(&f.reads[i], i * 100, 10);
	}
	aio_reader_release(f.reader, &f.reads[3]);
	close_fixture(&f);
}

/* Cancelled after so many turns of the loop, the reader keeps nothing. */
static void test_cancel_anywhere(void **state)
{
	(void)state;
	for (int turns = 0; turns < 6; turns++) {
		for (size_t buffers = 1; buffers <= 3; buffers++) {
			struct fixture f;

			setup_fixture(&f, ".", buffers);
			open_reader(&f, 1);
			real_file_make_cold(f.file->fd);
			for (int i = 0; i < 4; i++)
				assert_true(aio_reader_read(f.reader, f.file,
						&f.reads[i], (uint64_t)i * 4096,
						4096) >= 0);
			for (int i = 0; i < turns; i++)
				uv_run(&f.loop, UV_RUN_NOWAIT);
			for (int i = 3; i >= 0; i--)
				aio_reader_cancel(f.reader, &f.reads[i]);
			f.done = 0;
			close_fixture(&f);
			assert_int_equal(f.done, 0);
		}
	}
}

/* The same in the thread pool. */
static void test_cancel_threads(void **state)
{
	(void)state;
	for (int turns = 0; turns < 3; turns++) {
		struct fixture f;

		setup_fixture(&f, ".", 8);
		f.setup_error = -EAGAIN;
		open_reader(&f, 1);
		for (unsigned int i = 0; i < 8; i++) {
			f.file->cold_reads = 1;
			assert_int_equal(aio_reader_read(f.reader, f.file,
					     &f.reads[i], 0, 4096),
			    0);
		}
		for (int i = 0; i < turns; i++)
			uv_run(&f.loop, UV_RUN_NOWAIT);
		for (int i = 0; i < 8; i++)
			aio_reader_cancel(f.reader, &f.reads[i]);
		f.done = 0;
		close_fixture(&f);
		assert_int_equal(f.done, 0);
	}
}

/* A read that has to wait: a disk can be quick enough to answer a probe. */
static void read_cold(struct fixture *f, uint64_t offset, unsigned int step)
{
	int r;

	do {
		real_file_make_cold(f->file->fd);
		f->file->cold_reads = 0;
		f->file->cold_step = step;
		f->file->warm_reads = 0;
		f->done = 0;
		r = aio_reader_read(
		    f->reader, f->file, &f->reads[0], offset, 4096);
		if (r == 1)
			aio_reader_release(f->reader, &f->reads[0]);
	} while (r == 1);
	assert_int_equal(r, 0);
	run_until_done(f, 1);
	aio_reader_release(f->reader, &f->reads[0]);
}

/* A file that stays cold is looked at ever more rarely. */
static void test_cold_is_remembered(void **state)
{
	static const unsigned int steps[] = { 0, 1, 2, 4, 8, 16, 16 };
	struct fixture f;

	(void)state;
	setup_fixture(&f, ".", 2);
	if (has_direct(&f)) {
		open_reader(&f, 8);
		for (unsigned int i = 1; i < ARRAY_LENGTH(steps); i++) {
			read_cold(&f, i * 65536, steps[i - 1]);
			assert_false(f.file->warm_reads);
			assert_int_equal(f.file->cold_step, steps[i]);
			assert_int_equal(f.file->cold_reads, steps[i]);
		}
	}
	close_fixture(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cached),
		cmocka_unit_test(test_cold_direct),
		cmocka_unit_test(test_without_aio),
		cmocka_unit_test(test_memory_file_system),
		cmocka_unit_test(test_fewer_slots),
		cmocka_unit_test(test_one_batch_a_turn),
		cmocka_unit_test(test_more_reads_than_slots),
		cmocka_unit_test(test_submit_in_parts),
		cmocka_unit_test(test_submit_refused),
		cmocka_unit_test(test_submit_later),
		cmocka_unit_test(test_direct_not_supported_after_all),
		cmocka_unit_test(test_unaligned_fallback),
		cmocka_unit_test(test_read_error),
		cmocka_unit_test(test_short_direct_read),
		cmocka_unit_test(test_waits_for_buffers_in_order),
		cmocka_unit_test(test_cancel_anywhere),
		cmocka_unit_test(test_cancel_threads),
		cmocka_unit_test(test_cold_is_remembered),
	};

	return cmocka_run_group_tests_name("aio_reader", tests, NULL, NULL);
}
