/* SPDX-License-Identifier: MIT */
/* The pump, with a source whose end shows when it is reached. */
#include "config.h"
#include "common/stream/stream.h"

#include <errno.h>
#include <string.h>

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
};

static void on_end(void *context, int error)
{
	struct fixture *f = context;

	assert_int_equal(f->result, NOT_ENDED);
	f->result = error;
}

static void setup_fixture(struct fixture *f, uint64_t end)
{
	memset(f, 0, sizeof(*f));
	f->result = NOT_ENDED;
	stream_group_init(&f->group, CHUNK);
	mock_source_init(&f->source, SOURCE_SIZE_UNKNOWN);
	f->source.end = end;
	f->source.source.forgets = true;
	mock_writer_init(&f->writer);
	stream_init(
	    &f->stream, &f->group, &f->source.source, &f->writer.writer);
}

static void start(struct fixture *f)
{
	stream_start(&f->stream, 0, SOURCE_SIZE_UNKNOWN, on_end, f);
	stream_group_run(&f->group);
}

/* Until it ends, with so many bytes of credit for each turn. */
static void run(struct fixture *f, size_t credit)
{
	for (int turns = 0; f->result == NOT_ENDED; turns++) {
		assert_true(turns < 100000);
		if (f->source.in_flight)
			mock_source_complete(&f->source);
		else
			mock_writer_drain(&f->writer, credit);
		while (stream_group_run(&f->group))
			;
	}
}

static void check_all(struct fixture *f, uint64_t length)
{
	assert_int_equal(f->result, 0);
	assert_true(f->writer.ended);
	assert_int_equal(f->writer.length, length);
	for (size_t i = 0; i < length; i++)
		if (f->writer.bytes[i] != mock_source_byte(i))
			fail_msg("byte %zu is wrong", i);
	assert_int_equal(f->source.lent, 0);
	assert_false(f->source.in_flight);
	assert_false(f->writer.wanted);
	mock_writer_fini(&f->writer);
}

static void the_source_ends_the_stream(void **state)
{
	static const uint64_t ends[] = { 0, 1, CHUNK - 1, CHUNK, CHUNK + 1,
		10 * CHUNK + 5 };
	static const size_t credits[] = { 7, 1000, CHUNK, SIZE_MAX };

	(void)state;
	for (size_t i = 0; i < 2 * ARRAY_LENGTH(ends); i++) {
		for (size_t c = 0; c < ARRAY_LENGTH(credits); c++) {
			struct fixture f;

			setup_fixture(&f, ends[i / 2]);
			f.source.late = i % 2;
			f.writer.credit = credits[c];
			start(&f);
			run(&f, credits[c]);
			check_all(&f, ends[i / 2]);
		}
	}
}

/* The next chunk is asked for when all of the last one was taken. */
static void nothing_is_read_ahead(void **state)
{
	struct fixture f;

	(void)state;
	setup_fixture(&f, 10 * CHUNK);
	f.source.late = true;
	start(&f);
	run(&f, SIZE_MAX);
	assert_int_equal(f.source.most_lent, 1);
	assert_int_equal(f.source.reads, 11);
	assert_int_equal(f.source.bytes_read, 10 * CHUNK);
	check_all(&f, 10 * CHUNK);
}

static void the_start_may_go_first(void **state)
{
	struct fixture f;

	(void)state;
	setup_fixture(&f, 0);
	f.source.late = true;
	stream_set_start(&f.stream, "head", 4);
	f.stream.start_first = true;
	start(&f);
	assert_int_equal(f.writer.length, 4);
	assert_memory_equal(f.writer.bytes, "head", 4);
	assert_true(f.writer.flushes > 0);
	assert_false(stream_is_untouched(&f.stream));
	run(&f, SIZE_MAX);
	assert_int_equal(f.result, 0);
	assert_int_equal(f.writer.length, 4);
	mock_writer_fini(&f.writer);
}

static void a_failure_is_no_end(void **state)
{
	struct fixture f;

	(void)state;
	setup_fixture(&f, 10 * CHUNK);
	f.source.error = -EIO;
	f.source.fail_at = 3 * CHUNK;
	start(&f);
	run(&f, SIZE_MAX);
	assert_int_equal(f.result, -EIO);
	assert_int_equal(f.writer.length, 3 * CHUNK);
	assert_false(f.writer.ended);
	mock_writer_fini(&f.writer);
}

/* A source's bug must not make a short body look complete. */
static void only_an_unknown_size_may_end_early(void **state)
{
	(void)state;
	for (int late = 0; late < 2; late++) {
		struct fixture f;

		setup_fixture(&f, 2 * CHUNK);
		f.source.source.size = 3 * CHUNK;
		f.source.lies = true;
		f.source.late = late;
		stream_start(&f.stream, 0, 3 * CHUNK, on_end, &f);
		stream_group_run(&f.group);
		run(&f, SIZE_MAX);
		assert_int_equal(f.result, -ENODATA);
		assert_false(f.writer.ended);
		assert_int_equal(f.writer.length, 2 * CHUNK);
		assert_int_equal(f.source.lent, 0);
		mock_writer_fini(&f.writer);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_source_ends_the_stream),
		cmocka_unit_test(nothing_is_read_ahead),
		cmocka_unit_test(the_start_may_go_first),
		cmocka_unit_test(a_failure_is_no_end),
		cmocka_unit_test(only_an_unknown_size_may_end_early),
	};

	return cmocka_run_group_tests_name(
	    "stream_unknown_size", tests, NULL, NULL);
}
