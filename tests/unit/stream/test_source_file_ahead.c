/* SPDX-License-Identifier: MIT */
/* What a file's source reads ahead, and what becomes of it. */
#include "config.h"
#include "common/stream/source_file.h"

#include <errno.h>
#include <unistd.h>

#include "common/chunk_pool.h"
#include "common/reader/aio_reader.h"
#include "tests/unit/support/source_fixture.h"
#include "tests/unit/support/unit.h"

static void read_ahead(
    struct source_fixture *f, unsigned int chunks, uint64_t end)
{
	f->source->ops->read_ahead(f->source, chunks, end);
}

/*
 * Nothing is looked for in the page cache, so each read goes to the disk, and
 * neither the disk's speed nor what is cached changes what happens here.
 */
static int setup(void **state)
{
	*state = source_fixture_new(PAGE_CACHE_NEVER);
	return 0;
}

/* Returns the reads that are done. A thread has what the kernel refused. */
static uint64_t reads_done(const struct source_fixture *f)
{
	struct aio_reader_counts counts = aio_reader_counts(f->reader);

	assert_int_equal(counts.cached, 0);
	return counts.direct + counts.threaded;
}

static void wait_for_reads(struct source_fixture *f, uint64_t count)
{
	while (reads_done(f) < count)
		uv_run(&f->loop, UV_RUN_ONCE);
}

/*
 * Reads the first chunk. Skips the test where there is no direct I/O: bytes
 * that are cached would then come at once.
 */
static void read_first(struct source_fixture *f)
{
	struct source_chunk chunk;

	assert_int_equal(source_fixture_read(f, 0, BUFFER, &chunk), 1);
	source_fixture_check(&chunk, 0);
	source_fixture_release(f, &chunk);
	if (aio_reader_counts(f->reader).direct == 0)
		skip();
	assert_true(chunk.fetched);
}

/* Reads the first chunk with `chunks` ahead of it, and waits for all. */
static void begin(struct source_fixture *f, unsigned int chunks, uint64_t end)
{
	read_ahead(f, chunks, end);
	read_first(f);
	wait_for_reads(f, 1 + chunks);
}

static void what_was_read_ahead_is_at_hand(void **state)
{
	struct source_fixture *f = *state;
	struct source_chunk chunk;

	begin(f, 3, FILE_SIZE);
	for (uint64_t at = BUFFER; at < 10 * BUFFER; at += BUFFER) {
		wait_for_reads(f, at / BUFFER + 3);
		assert_true(chunk_pool_borrowed(f->pool) <= 3);
		assert_int_equal(
		    f->source->ops->read(f->source, at, BUFFER, &chunk), 1);
		assert_true(chunk.fetched);
		assert_int_equal(chunk.length, BUFFER);
		source_fixture_check(&chunk, at);
		source_fixture_release(f, &chunk);
	}
}

static void what_is_in_flight_is_taken_over(void **state)
{
	struct source_fixture *f = *state;
	struct source_chunk chunk;
	uint64_t at = BUFFER;

	read_ahead(f, 3, FILE_SIZE);
	read_first(f);
	for (; at + BUFFER < FILE_SIZE; at += chunk.length) {
		assert_int_equal(source_fixture_read(f, at, BUFFER, &chunk), 1);
		source_fixture_check(&chunk, at);
		source_fixture_release(f, &chunk);
	}
	/* Each byte was read once. */
	wait_for_reads(f, FILE_SIZE / BUFFER);
	assert_true(reads_done(f) <= FILE_SIZE / BUFFER + 1);
}

/* Nothing is read that the answer does not need. */
static void ends_where_it_is_told_to(void **state)
{
	struct source_fixture *f = *state;

	begin(f, 1, 2 * BUFFER);
	read_ahead(f, 3, 2 * BUFFER);
	for (int i = 0; i < 10; i++)
		uv_run(&f->loop, UV_RUN_NOWAIT);
	assert_int_equal(reads_done(f), 2);
	assert_int_equal(chunk_pool_borrowed(f->pool), 1);
}

static void is_given_back_when_told_to(void **state)
{
	struct source_fixture *f = *state;

	begin(f, 3, FILE_SIZE);
	assert_int_equal(chunk_pool_borrowed(f->pool), 3);
	read_ahead(f, 1, FILE_SIZE);
	assert_int_equal(chunk_pool_borrowed(f->pool), 1);
	read_ahead(f, 0, 0);
	assert_int_equal(chunk_pool_borrowed(f->pool), 0);
}

static void is_given_back_when_reading_goes_on_elsewhere(void **state)
{
	static const uint64_t places[] = { 0, BUFFER + PAGE, 3 * BUFFER };
	struct source_fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LENGTH(places); i++) {
		struct source_chunk chunk;

		read_ahead(f, 0, 0);
		read_ahead(f, 3, FILE_SIZE);
		read_first(f);
		assert_int_equal(
		    source_fixture_read(f, places[i], PAGE, &chunk), 1);
		assert_int_equal(chunk.length, PAGE);
		source_fixture_check(&chunk, places[i]);
		source_fixture_release(f, &chunk);
	}
}

/* A shorter read than was read ahead gets its part of it. */
static void lends_no_more_than_asked_for(void **state)
{
	struct source_fixture *f = *state;
	struct source_chunk chunk;

	begin(f, 2, FILE_SIZE);
	assert_int_equal(source_fixture_read(f, BUFFER, PAGE, &chunk), 1);
	assert_int_equal(chunk.length, PAGE);
	source_fixture_check(&chunk, BUFFER);
	source_fixture_release(f, &chunk);
	assert_int_equal(
	    source_fixture_read(f, BUFFER + PAGE, PAGE, &chunk), 1);
	source_fixture_check(&chunk, BUFFER + PAGE);
	source_fixture_release(f, &chunk);
}

/* A read that comes short does not cost what was read ahead of it. */
static void keeps_what_lies_past_a_gap(void **state)
{
	struct source_fixture *f = *state;
	struct source_chunk chunk;
	uint64_t reads;

	begin(f, 1, FILE_SIZE);
	read_ahead(f, 0, 0);
	read_ahead(f, 2, FILE_SIZE);
	reads = reads_done(f);
	assert_int_equal(source_fixture_read(f, PAGE, BUFFER, &chunk), 1);
	source_fixture_release(f, &chunk);
	wait_for_reads(f, reads + 3);
	/* It ended where the second begins; ask for what lies before. */
	assert_int_equal(chunk_pool_borrowed(f->pool), 2);
	assert_int_equal(
	    source_fixture_read(f, BUFFER - PAGE, BUFFER, &chunk), 1);
	assert_int_equal(chunk.length, 2 * PAGE);
	source_fixture_check(&chunk, BUFFER - PAGE);
	source_fixture_release(f, &chunk);
	assert_int_equal(
	    f->source->ops->read(f->source, BUFFER + PAGE, BUFFER, &chunk), 1);
	source_fixture_check(&chunk, BUFFER + PAGE);
	source_fixture_release(f, &chunk);
}

/* While half of the memory is lent, nobody reads ahead. */
static void leaves_memory_to_others(void **state)
{
	struct source_fixture *f = *state;
	void *buffers[SOURCE_FIXTURE_BUFFERS / 2];
	struct source_chunk chunk;

	/* Or it would be skipped with the memory lent. */
	read_first(f);
	for (size_t i = 0; i < ARRAY_LENGTH(buffers); i++)
		buffers[i] = chunk_pool_get(f->pool);
	read_ahead(f, 3, FILE_SIZE);
	assert_int_equal(source_fixture_read(f, BUFFER, BUFFER, &chunk), 1);
	source_fixture_release(f, &chunk);
	assert_int_equal(chunk_pool_borrowed(f->pool), ARRAY_LENGTH(buffers));
	for (size_t i = 0; i < ARRAY_LENGTH(buffers); i++)
		chunk_pool_put(f->pool, buffers[i]);
}

/* The look at the file is made when the bytes are lent, not when read. */
static void change_after_reading_ahead_is_seen(void **state)
{
	struct source_fixture *f = *state;
	struct source_chunk chunk;

	begin(f, 3, FILE_SIZE);
	assert_int_equal(pwrite(f->fd, "changed", 7, BUFFER), 7);
	assert_int_equal(
	    source_fixture_read(f, BUFFER, BUFFER, &chunk), -ESTALE);
}

/* teardown() closes it with reads in flight and read. */
static void may_be_closed_at_any_time(void **state)
{
	struct source_fixture *f = *state;
	struct source_chunk chunk;
	int r;

	read_ahead(f, 3, FILE_SIZE);
	r = f->source->ops->read(f->source, 0, BUFFER, &chunk);
	uv_run(&f->loop, UV_RUN_NOWAIT);
	if (r == 1)
		source_fixture_release(f, &chunk);
	else if (f->done > 0)
		source_fixture_release(f, &f->chunk);
	else
		f->source->ops->cancel(f->source);
}

int main(void)
{
#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, setup, source_fixture_teardown)
	static const struct CMUnitTest tests[] = {
		TEST(what_was_read_ahead_is_at_hand),
		TEST(what_is_in_flight_is_taken_over),
		TEST(ends_where_it_is_told_to),
		TEST(is_given_back_when_told_to),
		TEST(is_given_back_when_reading_goes_on_elsewhere),
		TEST(lends_no_more_than_asked_for),
		TEST(keeps_what_lies_past_a_gap),
		TEST(leaves_memory_to_others),
		TEST(change_after_reading_ahead_is_seen),
		TEST(may_be_closed_at_any_time),
	};

	return cmocka_run_group_tests_name(
	    "source_file_ahead", tests, NULL, NULL);
}
