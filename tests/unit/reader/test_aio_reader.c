/* SPDX-License-Identifier: MIT */
/*
 * The reader on real files, in the folder of the test (a disk, mostly) and on
 * /dev/shm (memory), with libaio and with kernels that refuse. Where the
 * folder's file system has no direct I/O the tests of that tier say so and
 * check the bytes alone.
 */
#include "config.h"
#include "common/reader/aio_reader.h"

#include <errno.h>
#include <limits.h>
#include <unistd.h>

#include "common/chunk_pool.h"
#include "common/file/aio_file.h"
#include "tests/unit/support/reader_fixture.h"
#include "tests/unit/support/real_file.h"
#include "tests/unit/support/unit.h"

static void test_cached(void **state)
{
	struct reader_fixture f;

	(void)state;
	reader_fixture_make(&f, ".", 4);
	reader_fixture_open_reader(&f, PAGE_CACHE_AUTO, 8);
	assert_int_equal(
	    aio_reader_read(f.reader, f.file, &f.reads[0], 100, 5000), 1);
	reader_fixture_check(&f.reads[0], 100, 5000);
	aio_reader_release(f.reader, &f.reads[0]);
	/* More than a buffer is cut to one. */
	assert_int_equal(
	    aio_reader_read(f.reader, f.file, &f.reads[0], 0, FILE_SIZE), 1);
	reader_fixture_check(&f.reads[0], 0, BUFFER);
	aio_reader_release(f.reader, &f.reads[0]);
	assert_int_equal(aio_reader_counts(f.reader).cached, 2);
	assert_int_equal(aio_reader_counts(f.reader).direct, 0);
	reader_fixture_close(&f);
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
static size_t read_fully(
    struct reader_fixture *f, uint64_t offset, size_t length)
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
			reader_fixture_run(f, 1);
		n = read->length;
		reader_fixture_check(read, offset + got, n);
		aio_reader_release(f->reader, read);
		if (n == 0)
			break;
		got += n;
	}
	return got;
}

/* Every place of a cold file; some pages may come back into the cache. */
static void read_places(struct reader_fixture *f)
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
	struct reader_fixture f;

	(void)state;
	reader_fixture_make(&f, ".", 4);
	reader_fixture_open_reader(&f, PAGE_CACHE_AUTO, 8);
	read_places(&f);
	if (reader_fixture_has_direct(&f)) {
		/* Threads only confirm the end of the file. */
		assert_true(aio_reader_counts(f.reader).direct >
		    aio_reader_counts(f.reader).threaded);
	}
	reader_fixture_close(&f);
}

static void test_without_aio(void **state)
{
	struct reader_fixture f;

	(void)state;
	reader_fixture_make(&f, ".", 4);
	f.setup_error = -ENOSYS;
	reader_fixture_open_reader(&f, PAGE_CACHE_AUTO, 8);
	assert_int_equal(aio_reader_slots(f.reader), 0);
	assert_int_equal(aio_reader_setup_error(f.reader), -ENOSYS);
	read_places(&f);
	assert_int_equal(aio_reader_counts(f.reader).direct, 0);
	assert_true(aio_reader_counts(f.reader).threaded > 0);
	reader_fixture_close(&f);
}

static void test_memory_file_system(void **state)
{
	struct reader_fixture f;

	(void)state;
	if (access("/dev/shm", W_OK) < 0)
		skip();
	reader_fixture_make(&f, "/dev/shm", 4);
	reader_fixture_open_reader(&f, PAGE_CACHE_AUTO, 8);
	read_places(&f);
	assert_int_equal(aio_reader_counts(f.reader).direct, 0);
	reader_fixture_close(&f);
}

static void test_fewer_slots(void **state)
{
	struct reader_fixture f;

	(void)state;
	reader_fixture_make(&f, ".", 4);
	f.setup_most = 20;
	reader_fixture_open_reader(&f, PAGE_CACHE_AUTO, 128);
	assert_int_equal(aio_reader_slots(f.reader), 16);
	read_places(&f);
	reader_fixture_close(&f);
}

/* Starts `count` reads on a cold file whose direct descriptor is there. */
static void start_cold(struct reader_fixture *f, unsigned int count)
{
	real_file_make_cold(f->file->fd);
	for (unsigned int i = 0; i < count; i++)
		reader_fixture_start(f, (int)i, i * PAGE, PAGE);
}

static void finish_cold(struct reader_fixture *f, unsigned int count)
{
	reader_fixture_run(f, count);
	for (unsigned int i = 0; i < count; i++) {
		reader_fixture_check(&f->reads[i], i * 4096, 4096);
		aio_reader_release(f->reader, &f->reads[i]);
	}
}

static void test_one_batch_a_turn(void **state)
{
	struct reader_fixture f;

	(void)state;
	reader_fixture_make(&f, ".", READS);
	if (reader_fixture_has_direct(&f)) {
		reader_fixture_open_reader(&f, PAGE_CACHE_AUTO, 64);
		start_cold(&f, READS);
		finish_cold(&f, READS);
		assert_int_equal(aio_reader_counts(f.reader).submits, 1);
	}
	reader_fixture_close(&f);
}

static void test_more_reads_than_slots(void **state)
{
	struct reader_fixture f;

	(void)state;
	reader_fixture_make(&f, ".", READS);
	if (reader_fixture_has_direct(&f)) {
		reader_fixture_open_reader(&f, PAGE_CACHE_AUTO, 1);
		start_cold(&f, READS);
		finish_cold(&f, READS);
		assert_int_equal(aio_reader_counts(f.reader).direct, READS);
	}
	reader_fixture_close(&f);
}

static void test_submit_in_parts(void **state)
{
	struct reader_fixture f;

	(void)state;
	reader_fixture_make(&f, ".", READS);
	if (reader_fixture_has_direct(&f)) {
		f.submit_most = 3;
		reader_fixture_open_reader(&f, PAGE_CACHE_AUTO, 64);
		start_cold(&f, READS);
		finish_cold(&f, READS);
		assert_int_equal(aio_reader_counts(f.reader).direct, READS);
	}
	reader_fixture_close(&f);
}

/* The kernel refuses, nothing is in flight: threads, and one complaint. */
static void test_submit_refused(void **state)
{
	static const int errors[] = { -EAGAIN, -EINVAL, -ENOMEM };
	struct reader_fixture f;

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(errors); i++) {
		reader_fixture_make(&f, ".", READS);
		if (reader_fixture_has_direct(&f)) {
			f.submit_error = errors[i];
			f.submit_errors = 1000;
			reader_fixture_open_reader(&f, PAGE_CACHE_AUTO, 64);
			start_cold(&f, READS);
			finish_cold(&f, READS);
			assert_int_equal(f.degraded, 1);
			assert_int_equal(f.degraded_error, errors[i]);
			assert_int_equal(
			    aio_reader_counts(f.reader).threaded, READS);
		}
		reader_fixture_close(&f);
	}
}

/* -EAGAIN with reads in flight is waited out. */
static void test_submit_later(void **state)
{
	struct reader_fixture f;

	(void)state;
	reader_fixture_make(&f, ".", READS);
	if (reader_fixture_has_direct(&f)) {
		reader_fixture_open_reader(&f, PAGE_CACHE_AUTO, 64);
		start_cold(&f, 1);
		/* This submits the first; the others meet a full kernel. */
		uv_run(&f.loop, UV_RUN_NOWAIT);
		f.submit_error = -EAGAIN;
		f.submit_errors = f.done == 0 ? 1 : 0;
		reader_fixture_start(&f, 1, PAGE, PAGE);
		finish_cold(&f, 2);
		assert_int_equal(f.degraded, 0);
	}
	reader_fixture_close(&f);
}

static void test_direct_not_supported_after_all(void **state)
{
	struct reader_fixture f;

	(void)state;
	reader_fixture_make(&f, ".", READS);
	if (reader_fixture_has_direct(&f)) {
		f.result = -EINVAL;
		f.results = UINT_MAX;
		reader_fixture_open_reader(&f, PAGE_CACHE_AUTO, 64);
		start_cold(&f, 3);
		finish_cold(&f, 3);
		assert_int_equal(f.file->direct, AIO_FILE_DIRECT_NONE);
	}
	reader_fixture_close(&f);
}

/* An unaligned direct read that a thread has to do over: the same bytes. */
static void test_unaligned_fallback(void **state)
{
	static const long results[] = { -EINVAL, -EOPNOTSUPP, -EAGAIN, 3 };
	struct reader_fixture f;

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(results); i++) {
		reader_fixture_make(&f, ".", READS);
		if (reader_fixture_has_direct(&f)) {
			reader_fixture_open_reader(&f, PAGE_CACHE_AUTO, 64);
			f.result = results[i];
			f.results = UINT_MAX;
			reader_fixture_start(&f, 0, PAGE + 5, 1000);
			reader_fixture_run(&f, 1);
			reader_fixture_check(&f.reads[0], 4096 + 5, 1000);
			assert_int_equal(
			    aio_reader_counts(f.reader).threaded, 1);
			aio_reader_release(f.reader, &f.reads[0]);
		}
		reader_fixture_close(&f);
	}
}

static void test_read_error(void **state)
{
	struct reader_fixture f;

	(void)state;
	reader_fixture_make(&f, ".", READS);
	if (reader_fixture_has_direct(&f)) {
		f.result = -EIO;
		f.results = UINT_MAX;
		reader_fixture_open_reader(&f, PAGE_CACHE_AUTO, 64);
		start_cold(&f, 1);
		reader_fixture_run(&f, 1);
		assert_int_equal(f.reads[0].error, -EIO);
		assert_null(f.reads[0].buffer);
	}
	reader_fixture_close(&f);
}

/* A direct read that comes back short is passed on as it is. */
static void test_short_direct_read(void **state)
{
	struct reader_fixture f;

	(void)state;
	reader_fixture_make(&f, ".", READS);
	if (reader_fixture_has_direct(&f)) {
		f.result = 1000;
		f.results = UINT_MAX;
		reader_fixture_open_reader(&f, PAGE_CACHE_AUTO, 64);
		start_cold(&f, 1);
		reader_fixture_run(&f, 1);
		reader_fixture_check(&f.reads[0], 0, 1000);
		aio_reader_release(f.reader, &f.reads[0]);
	}
	reader_fixture_close(&f);
}

static void test_waits_for_buffers_in_order(void **state)
{
	struct reader_fixture f;

	(void)state;
	reader_fixture_make(&f, ".", 1);
	reader_fixture_open_reader(&f, PAGE_CACHE_AUTO, 8);
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
		reader_fixture_run(&f, i);
		assert_int_equal(f.done_order[i - 1], i);
		reader_fixture_check(&f.reads[i], i * 100, 10);
	}
	aio_reader_release(f.reader, &f.reads[3]);
	reader_fixture_close(&f);
}

/* Cancelled after so many turns of the loop, the reader keeps nothing. */
static void test_cancel_anywhere(void **state)
{
	(void)state;
	for (int turns = 0; turns < 6; turns++) {
		for (size_t buffers = 1; buffers <= 3; buffers++) {
			struct reader_fixture f;

			reader_fixture_make(&f, ".", buffers);
			reader_fixture_open_reader(&f, PAGE_CACHE_AUTO, 1);
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
			reader_fixture_close(&f);
			assert_int_equal(f.done, 0);
		}
	}
}

/* The same in the thread pool. */
static void test_cancel_threads(void **state)
{
	(void)state;
	for (int turns = 0; turns < 3; turns++) {
		struct reader_fixture f;

		reader_fixture_make(&f, ".", 8);
		f.setup_error = -EAGAIN;
		reader_fixture_open_reader(&f, PAGE_CACHE_AUTO, 1);
		for (int i = 0; i < 8; i++)
			reader_fixture_start(&f, i, 0, PAGE);
		for (int i = 0; i < turns; i++)
			uv_run(&f.loop, UV_RUN_NOWAIT);
		for (int i = 0; i < 8; i++)
			aio_reader_cancel(f.reader, &f.reads[i]);
		f.done = 0;
		reader_fixture_close(&f);
		assert_int_equal(f.done, 0);
	}
}

/* A read that has to wait: a disk can be quick enough to answer a probe. */
static void read_cold(
    struct reader_fixture *f, uint64_t offset, unsigned int step)
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
	reader_fixture_run(f, 1);
	aio_reader_release(f->reader, &f->reads[0]);
}

/* A file that stays cold is looked at ever more rarely. */
static void test_cold_is_remembered(void **state)
{
	static const unsigned int steps[] = { 0, 1, 2, 4, 8, 16, 16 };
	struct reader_fixture f;

	(void)state;
	reader_fixture_make(&f, ".", 2);
	if (reader_fixture_has_direct(&f)) {
		reader_fixture_open_reader(&f, PAGE_CACHE_AUTO, 8);
		for (unsigned int i = 1; i < ARRAY_LENGTH(steps); i++) {
			read_cold(&f, i * 65536, steps[i - 1]);
			assert_false(f.file->warm_reads);
			assert_int_equal(f.file->cold_step, steps[i]);
			assert_int_equal(f.file->cold_reads, steps[i]);
		}
	}
	reader_fixture_close(&f);
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
