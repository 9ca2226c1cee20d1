/* SPDX-License-Identifier: MIT */
/* The pump, between a mock source and a mock writer. */
#include "config.h"
#include "common/stream/stream.h"

#include <errno.h>
#include <string.h>

#include "common/chunk_pool.h"
#include "tests/unit/support/mock_source.h"
#include "tests/unit/support/mock_writer.h"
#include "tests/unit/support/unit.h"

#define CHUNK 4096
#define NOT_ENDED 1

struct fixture {
	struct stream_group group;
	struct stream stream;
	struct mock_source source;
	struct mock_writer writer;
	int result;
	unsigned int ends;
};

static void on_end(void *context, int error)
{
	struct fixture *f = context;

	f->result = error;
	f->ends++;
}

static void setup_fixture(struct fixture *f, uint64_t size)
{
	memset(f, 0, sizeof(*f));
	f->result = NOT_ENDED;
	stream_group_init(&f->group, CHUNK);
	mock_source_init(&f->source, size);
	mock_writer_init(&f->writer);
	stream_init(
	    &f->stream, &f->group, &f->source.source, &f->writer.writer);
}

static void start(struct fixture *f, uint64_t offset, uint64_t length)
{
	stream_start(&f->stream, offset, length, on_end, f);
	stream_group_run(&f->group);
}

/* The writer takes `credit` more bytes; then the stream has its turns. */
static void drain(struct fixture *f, size_t credit)
{
	mock_writer_drain(&f->writer, credit);
	while (stream_group_run(&f->group))
		;
}

/* The read in flight has its result; then the stream has its turns. */
static void complete(struct fixture *f)
{
	mock_source_complete(&f->source);
	while (stream_group_run(&f->group))
		;
}

/* Nothing is lent, in flight or wanted any more, whatever happened. */
static void check_quiet(struct fixture *f)
{
	assert_int_equal(f->source.lent, 0);
	assert_false(f->source.in_flight);
	assert_false(f->writer.wanted);
	assert_true(TAILQ_EMPTY(&f->group.holders));
	assert_true(TAILQ_EMPTY(&f->group.fresh));
	assert_true(TAILQ_EMPTY(&f->group.runnable));
	assert_int_equal(f->source.ahead, 0);
	mock_writer_fini(&f->writer);
}

static void check_bytes(const struct fixture *f, uint64_t offset, size_t length)
{
	assert_int_equal(f->writer.length, length);
	for (size_t i = 0; i < length; i++)
		if (f->writer.bytes[i] != mock_source_byte(offset + i))
			fail_msg("byte %zu is wrong", i);
}

/* Lets the writer drain until the stream ends. */
static void run(struct fixture *f, size_t credit)
{
	for (int turns = 0; f->ends == 0; turns++) {
		assert_true(turns < 100000);
		if (f->source.in_flight)
			complete(f);
		else
			drain(f, credit);
	}
}

static void test_all_lengths(void **state)
{
	static const size_t lengths[] = { 0, 1, CHUNK - 1, CHUNK, CHUNK + 1,
		10 * CHUNK, 10 * CHUNK + 5 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(lengths); i++) {
		for (int late = 0; late < 2; late++) {
			struct fixture f;

			setup_fixture(&f, lengths[i] + 100);
			f.source.late = late;
			start(&f, 7, lengths[i]);
			run(&f, SIZE_MAX);
			assert_int_equal(f.result, 0);
			assert_int_equal(f.ends, 1);
			assert_true(f.writer.ended);
			check_bytes(&f, 7, lengths[i]);
			check_quiet(&f);
		}
	}
}

/* Every credit per turn gives the same bytes, none twice, none missing. */
static void test_slow_writer(void **state)
{
	static const size_t credits[] = { 1, 7, 1000, CHUNK - 1, CHUNK,
		CHUNK + 1 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(credits); i++) {
		for (int late = 0; late < 2; late++) {
			struct fixture f;

			setup_fixture(&f, 3 * CHUNK + 17);
			f.source.late = late;
			f.writer.credit = credits[i];
			start(&f, 0, 3 * CHUNK + 17);
			run(&f, credits[i]);
			assert_int_equal(f.result, 0);
			check_bytes(&f, 0, 3 * CHUNK + 17);
			assert_true(f.source.most_lent <= 2);
			check_quiet(&f);
		}
	}
}

static void test_short_reads(void **state)
{
	struct fixture f;

	(void)state;
	setup_fixture(&f, 5 * CHUNK);
	f.source.most = 1000;
	start(&f, 0, 5 * CHUNK);
	run(&f, SIZE_MAX);
	check_bytes(&f, 0, 5 * CHUNK);
	check_quiet(&f);
}

static void test_one_chunk_a_turn(void **state)
{
	struct fixture f;

	(void)state;
	setup_fixture(&f, 5 * CHUNK);
	start(&f, 0, 5 * CHUNK);
	for (unsigned int turn = 1; turn <= 5; turn++) {
		assert_int_equal(f.writer.length, turn * CHUNK);
		assert_int_equal(f.writer.offers, turn);
		drain(&f, SIZE_MAX);
	}
	assert_int_equal(f.result, 0);
	check_quiet(&f);
}

/* The watch on the socket is not switched while chunks come at once. */
static void test_watch_stays_on(void **state)
{
	struct fixture f;

	(void)state;
	setup_fixture(&f, 100 * CHUNK);
	start(&f, 0, 100 * CHUNK);
	run(&f, SIZE_MAX);
	assert_int_equal(f.writer.wants, 2);
	check_quiet(&f);
}

/* A writer that takes nothing is read one chunk for, and holds none. */
static void test_stalled_writer(void **state)
{
	struct fixture f;

	(void)state;
	setup_fixture(&f, 100 * CHUNK);
	f.writer.credit = 0;
	start(&f, 0, 100 * CHUNK);
	assert_int_equal(f.source.lent, 0);
	assert_int_equal(f.source.bytes_read, CHUNK);
	assert_true(f.writer.wanted);
	stream_cancel(&f.stream);
	assert_int_equal(f.ends, 0);
	check_quiet(&f);
}

static void test_reads_fit_the_room(void **state)
{
	struct fixture f;

	(void)state;
	setup_fixture(&f, 10 * CHUNK);
	f.writer.room = 1234;
	start(&f, 0, 10 * CHUNK);
	run(&f, SIZE_MAX);
	assert_int_equal(f.source.longest_read, 1234);
	check_bytes(&f, 0, 10 * CHUNK);
	check_quiet(&f);
}

/* Up to the first chunk that is sent while the next one is read. */
static void start_reading_ahead(struct fixture *f)
{
	f->source.late = true;
	start(f, 0, 100 * CHUNK);
	assert_false(f->writer.wanted);
	complete(f);
	/* Not before the client has shown that it takes what it gets. */
	assert_false(f->source.in_flight);
	drain(f, SIZE_MAX);
	/* What is kept back for the next bytes leaves: they let wait. */
	assert_int_equal(f->writer.flushes, 2);
	complete(f);
	assert_int_equal(f->writer.length, 2 * CHUNK);
	assert_true(f->source.in_flight);
	assert_int_equal(f->source.offset, 2 * CHUNK);
}

/* While a late chunk is sent the next is read; a writable poll is off. */
static void test_read_ahead(void **state)
{
	struct fixture f;

	(void)state;
	setup_fixture(&f, 100 * CHUNK);
	start_reading_ahead(&f);
	/* The client is ready first, then the source. */
	drain(&f, SIZE_MAX);
	assert_false(f.writer.wanted);
	complete(&f);
	assert_int_equal(f.writer.length, 3 * CHUNK);
	/* The source is ready first, then the client. */
	complete(&f);
	assert_int_equal(f.source.lent, 1);
	assert_false(TAILQ_EMPTY(&f.group.holders));
	drain(&f, SIZE_MAX);
	assert_int_equal(f.writer.length, 4 * CHUNK);
	run(&f, SIZE_MAX);
	check_bytes(&f, 0, 100 * CHUNK);
	check_quiet(&f);
}

/* It grows while the client waits, and ends when the bytes are at hand. */
static void test_read_ahead_grows(void **state)
{
	struct fixture f;

	(void)state;
	setup_fixture(&f, 100 * CHUNK);
	start_reading_ahead(&f);
	/* The pump itself reads one, the source the others. */
	for (unsigned int chunks = 1; chunks <= STREAM_AHEAD_MAX + 1;
	     chunks++) {
		unsigned int most =
		    chunks < STREAM_AHEAD_MAX ? chunks : STREAM_AHEAD_MAX;

		assert_int_equal(f.source.ahead, most - 1);
		if (most > 1)
			assert_int_equal(f.source.ahead_end, 100 * CHUNK);
		drain(&f, SIZE_MAX);
		complete(&f);
	}
	/* A chunk that was there before its client does not count. */
	f.source.late = false;
	complete(&f);
	assert_int_equal(f.source.ahead, STREAM_AHEAD_MAX - 1);
	drain(&f, SIZE_MAX);
	drain(&f, SIZE_MAX);
	assert_int_equal(f.source.ahead, 0);
	run(&f, SIZE_MAX);
	check_bytes(&f, 0, 100 * CHUNK);
	check_quiet(&f);
}

/* A client that is slower than the disk needs no read-ahead. */
static void test_no_growth_for_a_slow_client(void **state)
{
	struct fixture f;

	(void)state;
	setup_fixture(&f, 100 * CHUNK);
	start_reading_ahead(&f);
	for (int i = 0; i < 10; i++) {
		complete(&f);
		assert_int_equal(f.source.lent, 1);
		drain(&f, SIZE_MAX);
	}
	assert_int_equal(f.stream.ahead, 1);
	run(&f, SIZE_MAX);
	check_quiet(&f);
}

/* Brings a stream to hold a chunk that its client does not take. */
static void make_hold(struct fixture *f)
{
	start_reading_ahead(f);
	complete(f);
}

static void ignore_buffer(struct chunk_waiter *waiter, void *buffer)
{
	(void)waiter;
	(void)buffer;
}

/* Nothing is held while others wait for a buffer. */
static void test_no_hold_in_short_supply(void **state)
{
	struct chunk_pool *pool = chunk_pool_new(CHUNK, CHUNK);
	struct chunk_waiter waiter = { .ready = ignore_buffer };
	struct fixture f;

	(void)state;
	setup_fixture(&f, 100 * CHUNK);
	f.group.pool = pool;
	chunk_pool_wait(pool, &waiter);
	make_hold(&f);
	assert_int_equal(f.source.lent, 0);
	assert_true(TAILQ_EMPTY(&f.group.holders));
	chunk_pool_unwait(pool, &waiter);
	run(&f, SIZE_MAX);
	check_bytes(&f, 0, 100 * CHUNK);
	check_quiet(&f);
	chunk_pool_free(pool);
}

/* The head leaves with the first chunk and not before. */
static void test_start_goes_with_first_bytes(void **state)
{
	struct fixture f;

	(void)state;
	setup_fixture(&f, CHUNK);
	f.source.late = true;
	stream_set_start(&f.stream, "head", 4);
	start(&f, 0, CHUNK);
	assert_int_equal(f.writer.length, 0);
	assert_true(stream_is_untouched(&f.stream));
	complete(&f);
	assert_int_equal(f.writer.length, 4 + CHUNK);
	assert_memory_equal(f.writer.bytes, "head", 4);
	assert_int_equal(f.result, 0);
	assert_false(stream_is_untouched(&f.stream));
	check_quiet(&f);
}

static void test_start_without_body(void **state)
{
	struct fixture f;

	(void)state;
	setup_fixture(&f, 0);
	stream_set_start(&f.stream, "head", 4);
	start(&f, 0, 0);
	assert_int_equal(f.writer.length, 4);
	assert_int_equal(f.result, 0);
	check_quiet(&f);
}

static void test_failure_before_first_bytes(void **state)
{
	(void)state;
	for (int late = 0; late < 2; late++) {
		struct fixture f;

		setup_fixture(&f, CHUNK);
		f.source.late = late;
		f.source.error = -EIO;
		stream_set_start(&f.stream, "head", 4);
		start(&f, 0, CHUNK);
		run(&f, SIZE_MAX);
		assert_int_equal(f.result, -EIO);
		assert_true(stream_is_untouched(&f.stream));
		assert_int_equal(f.writer.length, 0);
		check_quiet(&f);
	}
}

static void test_reclaim(void **state)
{
	struct fixture f;

	(void)state;
	setup_fixture(&f, 100 * CHUNK);
	assert_false(stream_group_reclaim(&f.group));
	make_hold(&f);
	assert_true(stream_group_reclaim(&f.group));
	assert_int_equal(f.source.lent, 0);
	assert_false(stream_group_reclaim(&f.group));
	/* It is read again, and for a while nothing is read ahead. */
	drain(&f, SIZE_MAX);
	assert_int_equal(f.source.offset, 2 * CHUNK);
	complete(&f);
	assert_false(f.source.in_flight);
	run(&f, SIZE_MAX);
	check_bytes(&f, 0, 100 * CHUNK);
	check_quiet(&f);
}

static void test_sweep(void **state)
{
	struct fixture f;

	(void)state;
	setup_fixture(&f, 100 * CHUNK);
	make_hold(&f);
	assert_true(stream_group_sweep(&f.group));
	assert_int_equal(f.source.lent, 1);
	assert_false(stream_group_sweep(&f.group));
	assert_int_equal(f.source.lent, 0);
	run(&f, SIZE_MAX);
	check_bytes(&f, 0, 100 * CHUNK);
	check_quiet(&f);
}

static void test_source_fails(void **state)
{
	static const uint64_t places[] = { 0, CHUNK, 3 * CHUNK };

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(places); i++) {
		for (int late = 0; late < 2; late++) {
			struct fixture f;

			setup_fixture(&f, 4 * CHUNK);
			f.source.late = late;
			f.source.fail_at = places[i];
			f.source.error = -EIO;
			start(&f, 0, 4 * CHUNK);
			run(&f, SIZE_MAX);
			assert_int_equal(f.result, -EIO);
			assert_int_equal(f.ends, 1);
			assert_false(f.writer.ended);
			check_bytes(&f, 0, places[i]);
			check_quiet(&f);
		}
	}
}

static void test_writer_breaks(void **state)
{
	static const size_t places[] = { 0, 1, CHUNK, 4 * CHUNK };

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(places); i++) {
		for (int late = 0; late < 2; late++) {
			struct fixture f;

			setup_fixture(&f, 4 * CHUNK);
			f.source.late = late;
			f.writer.break_at = places[i];
			f.writer.error = -EPIPE;
			start(&f, 0, 4 * CHUNK);
			run(&f, SIZE_MAX);
			assert_int_equal(f.result, -EPIPE);
			assert_int_equal(f.ends, 1);
			check_quiet(&f);
		}
	}
}

static void test_cancel_anywhere(void **state)
{
	(void)state;
	for (int steps = 0; steps < 12; steps++) {
		struct fixture f;

		setup_fixture(&f, 100 * CHUNK);
		f.source.late = true;
		start(&f, 0, 100 * CHUNK);
		for (int i = 0; i < steps; i++)
			if (f.source.in_flight && i % 3 != 1)
				complete(&f);
			else
				drain(&f, CHUNK / 2);
		stream_cancel(&f.stream);
		stream_cancel(&f.stream);
		assert_int_equal(f.ends, 0);
		check_quiet(&f);
	}
}

static void test_slow_end(void **state)
{
	struct fixture f;

	(void)state;
	setup_fixture(&f, CHUNK);
	f.writer.slow_ends = 3;
	start(&f, 0, CHUNK);
	assert_int_equal(f.ends, 0);
	assert_true(f.writer.wanted);
	run(&f, SIZE_MAX);
	assert_int_equal(f.result, 0);
	check_quiet(&f);
}

static void test_cancel_unused(void **state)
{
	struct stream stream;

	(void)state;
	memset(&stream, 0, sizeof(stream));
	stream_cancel(&stream);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_lengths),
		cmocka_unit_test(test_slow_writer),
		cmocka_unit_test(test_short_reads),
		cmocka_unit_test(test_one_chunk_a_turn),
		cmocka_unit_test(test_watch_stays_on),
		cmocka_unit_test(test_stalled_writer),
		cmocka_unit_test(test_reads_fit_the_room),
		cmocka_unit_test(test_read_ahead),
		cmocka_unit_test(test_read_ahead_grows),
		cmocka_unit_test(test_no_growth_for_a_slow_client),
		cmocka_unit_test(test_no_hold_in_short_supply),
		cmocka_unit_test(test_start_goes_with_first_bytes),
		cmocka_unit_test(test_start_without_body),
		cmocka_unit_test(test_failure_before_first_bytes),
		cmocka_unit_test(test_reclaim),
		cmocka_unit_test(test_sweep),
		cmocka_unit_test(test_source_fails),
		cmocka_unit_test(test_writer_breaks),
		cmocka_unit_test(test_cancel_anywhere),
		cmocka_unit_test(test_slow_end),
		cmocka_unit_test(test_cancel_unused),
	};

	return cmocka_run_group_tests_name("stream", tests, NULL, NULL);
}
