/* SPDX-License-Identifier: MIT */
/* Reads of the same bytes that meet in the reader. */
#include "config.h"
#include "common/reader/aio_reader.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/chunk_pool.h"
#include "common/file/aio_file.h"
#include "tests/unit/support/reader_fixture.h"
#include "tests/unit/support/real_file.h"
#include "tests/unit/support/unit.h"

/* --- following a read ----------------------------------------------------- */

/* What others ask while the bytes from 4096 to 69632 are read. */
static const struct {
	uint64_t offset;
	size_t length;
	size_t expected; /* 0: it is not theirs */
} others[] = {
	{ PAGE, BUFFER, BUFFER },
	{ PAGE, 100, 100 },
	{ PAGE + 5, 1000, 1000 },
	{ PAGE + 5, BUFFER, BUFFER - 5 },
	{ PAGE + BUFFER - 1, BUFFER, 1 },
	{ PAGE + BUFFER, PAGE, 0 },
	{ PAGE - 1, PAGE, 0 },
	{ 0, PAGE, 0 },
};

static void shares_one_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(others); i++) {
		bool joins = others[i].expected > 0;
		size_t expected = joins ? others[i].expected : others[i].length;
		struct reader_fixture f;

		reader_fixture_open(&f, PAGE_CACHE_NEVER, 4);
		if (reader_fixture_has_direct(&f)) {
			reader_fixture_start(&f, 0, PAGE, BUFFER);
			reader_fixture_start(
			    &f, 1, others[i].offset, others[i].length);
			reader_fixture_run(&f, 2);
			reader_fixture_check(&f.reads[0], PAGE, BUFFER);
			reader_fixture_check(
			    &f.reads[1], others[i].offset, expected);
			assert_int_equal(
			    reader_fixture_counts(&f).joined, joins);
			assert_int_equal(
			    reader_fixture_counts(&f).direct, joins ? 1 : 2);
			/* And one buffer. */
			assert_int_equal(
			    chunk_pool_borrowed(f.pool), joins ? 1 : 2);
		}
		reader_fixture_close(&f);
	}
}

static void keeps_the_bytes_for_the_last_of_many(void **state)
{
	struct reader_fixture f;

	(void)state;
	/* Those that follow need no buffer. */
	reader_fixture_open(&f, PAGE_CACHE_NEVER, 1);
	if (reader_fixture_has_direct(&f)) {
		for (int i = 0; i < READS; i++)
			reader_fixture_start(&f, i, (uint64_t)i * PAGE, BUFFER);
		reader_fixture_run(&f, READS);
		for (int i = 0; i < READS; i++) {
			reader_fixture_check(&f.reads[i], (uint64_t)i * PAGE,
			    (size_t)(READS - i) * PAGE);
			assert_int_equal(chunk_pool_borrowed(f.pool), 1);
			aio_reader_release(f.reader, &f.reads[i]);
		}
		assert_int_equal(chunk_pool_borrowed(f.pool), 0);
		assert_int_equal(reader_fixture_counts(&f).submits, 1);
	}
	reader_fixture_close(&f);
}

/* --- a leader that goes --------------------------------------------------- */

/* It is queued only: those that follow read for themselves, one for all. */
static void survives_a_leader_that_never_started(void **state)
{
	struct reader_fixture f;

	(void)state;
	reader_fixture_open(&f, PAGE_CACHE_NEVER, 2);
	if (reader_fixture_has_direct(&f)) {
		for (int i = 0; i < 4; i++)
			reader_fixture_start(&f, i, 0, BUFFER);
		aio_reader_cancel(f.reader, &f.reads[0]);
		reader_fixture_run(&f, 3);
		for (int i = 1; i < 4; i++)
			reader_fixture_check(&f.reads[i], 0, BUFFER);
		assert_int_equal(reader_fixture_counts(&f).direct, 1);
	}
	reader_fixture_close(&f);
}

/* It waits for the O_DIRECT descriptor. */
static void survives_a_leader_that_waited_for_a_descriptor(void **state)
{
	struct reader_fixture f;

	(void)state;
	reader_fixture_open(&f, PAGE_CACHE_NEVER, 2);
	for (int i = 0; i < 4; i++)
		reader_fixture_start(&f, i, 0, BUFFER);
	aio_reader_cancel(f.reader, &f.reads[0]);
	reader_fixture_run(&f, 3);
	for (int i = 1; i < 4; i++)
		reader_fixture_check(&f.reads[i], 0, BUFFER);
	assert_int_equal(reader_fixture_counts(&f).direct +
		reader_fixture_counts(&f).threaded,
	    1);
	reader_fixture_close(&f);
}

/* The kernel has it: it reads on for the others, also for new ones. */
static void survives_a_leader_in_the_kernel(void **state)
{
	struct reader_fixture f;

	(void)state;
	reader_fixture_open(&f, PAGE_CACHE_NEVER, 2);
	if (reader_fixture_has_direct(&f)) {
		f.hold = true;
		reader_fixture_start(&f, 0, 0, BUFFER);
		reader_fixture_start(&f, 1, 0, BUFFER);
		uv_run(&f.loop, UV_RUN_NOWAIT);
		assert_int_equal(f.held_count, 1);
		aio_reader_cancel(f.reader, &f.reads[0]);
		reader_fixture_start(&f, 2, PAGE, PAGE);
		reader_fixture_let_go(&f);
		reader_fixture_run(&f, 2);
		reader_fixture_check(&f.reads[1], 0, BUFFER);
		reader_fixture_check(&f.reads[2], PAGE, PAGE);
		assert_int_equal(reader_fixture_counts(&f).direct, 1);
		assert_int_equal(reader_fixture_counts(&f).joined, 2);
	}
	reader_fixture_close(&f);
}

/* Nobody wants it any more. */
static void forgets_a_read_that_all_have_left(void **state)
{
	struct reader_fixture f;

	(void)state;
	reader_fixture_open(&f, PAGE_CACHE_NEVER, 1);
	if (reader_fixture_has_direct(&f)) {
		f.hold = true;
		for (int i = 0; i < 3; i++)
			reader_fixture_start(&f, i, 0, BUFFER);
		uv_run(&f.loop, UV_RUN_NOWAIT);
		for (int i = 0; i < 3; i++)
			aio_reader_cancel(f.reader, &f.reads[i]);
		reader_fixture_let_go(&f);
		while (chunk_pool_borrowed(f.pool) > 0)
			uv_run(&f.loop, UV_RUN_ONCE);
		assert_int_equal(f.done, 0);
	}
	reader_fixture_close(&f);
}

/* --- a leader that fails -------------------------------------------------- */

/* An error is its own: each of the others reads for itself. */
static void keeps_an_error_to_the_leader(void **state)
{
	struct reader_fixture f;

	(void)state;
	/* They have to wait for its buffer, and for each other's. */
	for (size_t buffers = 1; buffers <= 4; buffers++) {
		reader_fixture_open(&f, PAGE_CACHE_NEVER, buffers);
		if (reader_fixture_has_direct(&f)) {
			f.result = -EIO;
			f.results = 1;
			for (int i = 0; i < 4; i++)
				reader_fixture_start(&f, i, 0, PAGE);
			reader_fixture_run(&f, 1);
			assert_int_equal(f.reads[0].error, -EIO);
			assert_null(f.reads[0].buffer);
			for (unsigned int i = 1; i < 4; i++) {
				while (f.reads[i].op)
					uv_run(&f.loop, UV_RUN_ONCE);
				reader_fixture_check(&f.reads[i], 0, PAGE);
				aio_reader_release(f.reader, &f.reads[i]);
			}
			assert_int_equal(reader_fixture_counts(&f).direct, 4);
		}
		reader_fixture_close(&f);
	}
}

static bool cancel_follower(void *context)
{
	struct reader_fixture *f = context;

	aio_reader_cancel(f->reader, &f->reads[1]);
	return false;
}

/* To look for a buffer may end the very read that it is for. */
static void may_be_given_up_while_it_asks_for_a_buffer(void **state)
{
	struct reader_fixture f;
	void *buffers[4];

	(void)state;
	reader_fixture_open(&f, PAGE_CACHE_NEVER, ARRAY_LENGTH(buffers));
	if (reader_fixture_has_direct(&f)) {
		f.result = -EIO;
		f.results = 1;
		reader_fixture_start(&f, 0, 0, PAGE);
		reader_fixture_start(&f, 1, 0, PAGE);
		while (f.done == 0)
			uv_run(&f.loop, UV_RUN_ONCE);
		for (size_t i = 0; i < ARRAY_LENGTH(buffers); i++)
			buffers[i] = chunk_pool_get(f.pool);
		assert_non_null(f.reads[1].op);
		chunk_pool_on_short(f.pool, cancel_follower, &f);
		while (f.reads[1].op)
			uv_run(&f.loop, UV_RUN_NOWAIT);
		assert_int_equal(f.done, 1);
		for (size_t i = 0; i < ARRAY_LENGTH(buffers); i++)
			chunk_pool_put(f.pool, buffers[i]);
	}
	reader_fixture_close(&f);
}

static void shares_what_a_short_read_got(void **state)
{
	struct reader_fixture f;

	(void)state;
	reader_fixture_open(&f, PAGE_CACHE_NEVER, 4);
	if (reader_fixture_has_direct(&f)) {
		f.result = PAGE;
		f.results = 1;
		reader_fixture_start(&f, 0, 0, BUFFER);
		reader_fixture_start(&f, 1, 100, BUFFER);
		reader_fixture_start(&f, 2, 2 * PAGE, BUFFER);
		reader_fixture_run(&f, 3);
		reader_fixture_check(&f.reads[0], 0, PAGE);
		reader_fixture_check(&f.reads[1], 100, PAGE - 100);
		reader_fixture_check(&f.reads[2], 2 * PAGE, BUFFER);
		assert_int_equal(reader_fixture_counts(&f).direct, 2);
	}
	reader_fixture_close(&f);
}

/* The file system can't after all: a thread reads for all. */
static void follows_into_the_thread_pool(void **state)
{
	struct reader_fixture f;

	(void)state;
	reader_fixture_open(&f, PAGE_CACHE_NEVER, 4);
	if (reader_fixture_has_direct(&f)) {
		f.result = -EINVAL;
		f.results = 1;
		for (int i = 0; i < 4; i++)
			reader_fixture_start(&f, i, 5, 1000);
		/* Even if the one who asked has gone. */
		f.hold = true;
		uv_run(&f.loop, UV_RUN_NOWAIT);
		aio_reader_cancel(f.reader, &f.reads[0]);
		reader_fixture_let_go(&f);
		reader_fixture_run(&f, 3);
		for (int i = 1; i < 4; i++)
			reader_fixture_check(&f.reads[i], 5, 1000);
		assert_int_equal(reader_fixture_counts(&f).threaded, 1);
		assert_int_equal(f.file->direct, AIO_FILE_DIRECT_NONE);
	}
	reader_fixture_close(&f);
}

/* --- all at once ---------------------------------------------------------- */

/* Reads and cancels anything at any time; nothing gets lost or mixed up. */
static void survives_any_order(void **state)
{
	static const enum page_cache_mode modes[] = { PAGE_CACHE_AUTO,
		PAGE_CACHE_ALWAYS, PAGE_CACHE_NEVER };
	uint64_t offsets[READS];
	struct reader_fixture f;

	(void)state;
	srandom(1);
	for (size_t i = 0; i < 18; i++) {
		reader_fixture_open(&f, modes[i % 3], 1 + i % 5);
		f.file->uses = 1 + i % 2;
		f.result = -EIO;
		f.results = i % 4;
		for (int step = 0; step < 200; step++) {
			int n = (int)(random() % READS);
			struct aio_read *read = &f.reads[n];

			if (random() % 4 == 0)
				uv_run(&f.loop, UV_RUN_NOWAIT);
			if (read->buffer)
				reader_fixture_check(
				    read, offsets[n], read->length);
			aio_reader_cancel(f.reader, read);
			offsets[n] = (uint64_t)(random() % 40) * PAGE / 2;
			assert_true(
			    aio_reader_read(f.reader, f.file, read, offsets[n],
				(size_t)(1 + random() % BUFFER)) >= 0);
		}
		reader_fixture_close(&f);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(shares_one_read),
		cmocka_unit_test(keeps_the_bytes_for_the_last_of_many),
		cmocka_unit_test(survives_a_leader_that_never_started),
		cmocka_unit_test(
		    survives_a_leader_that_waited_for_a_descriptor),
		cmocka_unit_test(survives_a_leader_in_the_kernel),
		cmocka_unit_test(forgets_a_read_that_all_have_left),
		cmocka_unit_test(keeps_an_error_to_the_leader),
		cmocka_unit_test(may_be_given_up_while_it_asks_for_a_buffer),
		cmocka_unit_test(shares_what_a_short_read_got),
		cmocka_unit_test(follows_into_the_thread_pool),
		cmocka_unit_test(survives_any_order),
	};

	return cmocka_run_group_tests_name("aio_sharing", tests, NULL, NULL);
}
