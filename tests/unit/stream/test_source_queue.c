/* SPDX-License-Identifier: MIT */
/* Unit tests of common/stream/source_queue. */
#include "config.h"
#include "common/stream/source_queue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/stream/source.h"
#include "tests/unit/support/unit.h"

#define LIMIT 10000
#define NOTHING_YET 1

struct fixture {
	struct source_queue *queue;
	struct source *source;
	/* What `drained` writes, and whether it ends the queue then. */
	const char *more;
	bool ends;
	unsigned int drained;
	unsigned int closed;
	int result; /* of a read in flight */
	struct source_chunk chunk;
};

static void on_drained(void *context)
{
	struct fixture *f = context;

	f->drained++;
	if (f->more)
		assert_int_equal(
		    source_queue_write(f->queue, f->more, strlen(f->more)), 0);
	if (f->ends)
		source_queue_end(f->queue, 0);
}

static void on_closed(void *context)
{
	struct fixture *f = context;

	f->closed++;
}

static void on_done(void *context, int error, const struct source_chunk *chunk)
{
	struct fixture *f = context;

	assert_int_equal(f->result, NOTHING_YET);
	f->result = error;
	if (error == 0)
		f->chunk = *chunk;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	const struct source_queue_writer writer = {
		.drained = on_drained,
		.closed = on_closed,
		.context = f,
	};

	assert_non_null(f);
	f->queue = source_queue_new(LIMIT, &writer);
	assert_non_null(f->queue);
	f->source = source_queue_source(f->queue);
	f->source->done = on_done;
	f->source->context = f;
	f->result = NOTHING_YET;
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	f->source->ops->close(f->source);
	assert_int_equal(f->closed, 1);
	free(f);
	return 0;
}

static void write_text(struct fixture *f, const char *text)
{
	assert_int_equal(source_queue_write(f->queue, text, strlen(text)), 0);
}

static int read_at(struct fixture *f, uint64_t offset, size_t length)
{
	return f->source->ops->read(f->source, offset, length, &f->chunk);
}

static void release(struct fixture *f)
{
	f->source->ops->release(f->source, &f->chunk);
}

static void check_chunk(struct fixture *f, const char *text)
{
	assert_int_equal(f->chunk.length, strlen(text));
	assert_memory_equal(f->chunk.data, text, strlen(text));
	release(f);
}

static void what_is_written_is_read(void **state)
{
	struct fixture *f = *state;

	assert_true(f->source->forgets);
	assert_true(f->source->size == SOURCE_SIZE_UNKNOWN);
	write_text(f, "abc");
	write_text(f, "def");
	assert_int_equal(read_at(f, 0, 4), 1);
	check_chunk(f, "abcd");
	/* Not all of it was taken. */
	assert_int_equal(read_at(f, 2, 100), 1);
	check_chunk(f, "cdef");
	assert_int_equal(f->drained, 0);
	source_queue_end(f->queue, 0);
	assert_int_equal(read_at(f, 6, 100), 1);
	check_chunk(f, "");
}

static void a_read_waits_for_a_write(void **state)
{
	struct fixture *f = *state;

	assert_false(source_queue_is_wanted(f->queue));
	assert_int_equal(read_at(f, 0, 2), 0);
	assert_int_equal(f->drained, 1);
	assert_int_equal(f->result, NOTHING_YET);
	assert_true(source_queue_is_wanted(f->queue));
	write_text(f, "xyz");
	assert_false(source_queue_is_wanted(f->queue));
	assert_int_equal(f->result, 0);
	check_chunk(f, "xy");
	assert_int_equal(read_at(f, 2, 10), 1);
	check_chunk(f, "z");
}

static void a_read_waits_for_the_end(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(read_at(f, 0, 2), 0);
	source_queue_end(f->queue, 0);
	assert_int_equal(f->result, 0);
	check_chunk(f, "");
}

static void an_error_comes_after_what_was_written(void **state)
{
	struct fixture *f = *state;

	write_text(f, "last");
	source_queue_end(f->queue, -EIO);
	source_queue_end(f->queue, 0);
	assert_int_equal(read_at(f, 0, 10), 1);
	check_chunk(f, "last");
	assert_int_equal(read_at(f, 4, 10), -EIO);
}

static void a_waiting_read_gets_the_error(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(read_at(f, 0, 10), 0);
	source_queue_end(f->queue, -EIO);
	assert_int_equal(f->result, -EIO);
}

static void who_drains_may_write_at_once(void **state)
{
	struct fixture *f = *state;

	f->more = "more";
	assert_int_equal(read_at(f, 0, 10), 1);
	check_chunk(f, "more");
	f->ends = true;
	assert_int_equal(read_at(f, 4, 10), 1);
	check_chunk(f, "more");
	assert_int_equal(f->drained, 2);
	assert_int_equal(read_at(f, 8, 10), 1);
	check_chunk(f, "");
	assert_int_equal(f->result, NOTHING_YET);
}

static void the_limit_holds(void **state)
{
	struct fixture *f = *state;
	char bytes[LIMIT] = "";

	assert_int_equal(source_queue_room(f->queue), LIMIT);
	assert_int_equal(
	    source_queue_write(f->queue, bytes, LIMIT + 1), -ENOBUFS);
	assert_int_equal(source_queue_write(f->queue, bytes, LIMIT), 0);
	assert_int_equal(source_queue_room(f->queue), 0);
	assert_int_equal(source_queue_write(f->queue, bytes, 1), -ENOBUFS);
	assert_int_equal(source_queue_write(f->queue, bytes, 0), 0);
	assert_int_equal(read_at(f, 0, SIZE_MAX), 1);
	release(f);
	/* Room comes when it is known that the bytes were taken. */
	assert_int_equal(source_queue_room(f->queue), 0);
	assert_int_equal(read_at(f, 1, SIZE_MAX), 1);
	release(f);
	assert_int_equal(source_queue_room(f->queue), 1);
	/* Or when the reader says so. */
	assert_int_equal(read_at(f, 1, 10), 1);
	f->chunk.taken = 9;
	release(f);
	assert_int_equal(source_queue_room(f->queue), 10);
	source_queue_end(f->queue, 0);
	assert_int_equal(source_queue_room(f->queue), 0);
	assert_int_equal(source_queue_write(f->queue, "x", 1), -EINVAL);
}

static void what_is_lent_stays_where_it_is(void **state)
{
	struct fixture *f = *state;
	char filler[1000];

	memset(filler, '-', sizeof(filler));
	write_text(f, "stays");
	assert_int_equal(read_at(f, 0, 5), 1);
	for (int i = 0; i < 9; i++)
		assert_int_equal(
		    source_queue_write(f->queue, filler, sizeof(filler)), 0);
	check_chunk(f, "stays");
}

static void a_cancelled_read_has_no_result(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(read_at(f, 0, 10), 0);
	f->source->ops->cancel(f->source);
	write_text(f, "late");
	assert_int_equal(f->result, NOTHING_YET);
	assert_int_equal(read_at(f, 0, 10), 1);
	check_chunk(f, "late");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(what_is_written_is_read),
		TEST(a_read_waits_for_a_write),
		TEST(a_read_waits_for_the_end),
		TEST(an_error_comes_after_what_was_written),
		TEST(a_waiting_read_gets_the_error),
		TEST(who_drains_may_write_at_once),
		TEST(the_limit_holds),
		TEST(what_is_lent_stays_where_it_is),
		TEST(a_cancelled_read_has_no_result),
	};

	return cmocka_run_group_tests_name("source_queue", tests, NULL, NULL);
}
