/* SPDX-License-Identifier: MIT */
/*
 * The pump with a pace, between a mock source and a mock writer, on a real
 * loop. Timers come late on a busy machine, never early: so the tests bound
 * what leaves, and how often something happens, not how long it takes.
 */
#include "config.h"
#include "common/stream/stream_pace.h"

#include <errno.h>
#include <string.h>

#include "common/stream/pacer.h"
#include "common/stream/stream.h"
#include "tests/unit/support/mock_source.h"
#include "tests/unit/support/mock_writer.h"
#include "tests/unit/support/unit.h"

#define CHUNK 32768
#define NOT_ENDED 1
#define RATE (1 << 20)
#define PIECE (64 << 10)
#define FIRST (16 << 10)

struct fixture {
	uv_loop_t loop;
	struct stream_group group;
	struct stream stream;
	struct mock_source source;
	struct mock_writer writer;
	uint64_t end; /* of a source of unknown size */
	uint64_t begun_ms;
	int result;
	unsigned int turns;
};

static void on_end(void *context, int error)
{
	struct fixture *f = context;

	assert_int_equal(f->result, NOT_ENDED);
	f->result = error;
}

static int setup(void **state)
{
	static struct fixture f;

	memset(&f, 0, sizeof(f));
	f.result = NOT_ENDED;
	assert_int_equal(uv_loop_init(&f.loop), 0);
	stream_group_init(&f.group, CHUNK);
	mock_writer_init(&f.writer);
	f.writer.tells_room = true;
	*state = &f;
	return 0;
}

/* Nothing is left, and the loop lets go of all. */
static int teardown(void **state)
{
	struct fixture *f = *state;

	assert_null(f->stream.pace);
	assert_int_equal(f->source.lent, 0);
	assert_false(f->source.in_flight);
	assert_false(f->writer.wanted);
	assert_true(TAILQ_EMPTY(&f->group.runnable));
	assert_int_equal(f->source.ahead, 0);
	mock_writer_fini(&f->writer);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	return uv_loop_close(&f->loop);
}

static void start(struct fixture *f, uint64_t length, uint64_t burst)
{
	const struct pacer_plan plan = { RATE, burst };

	mock_source_init(&f->source, length);
	f->source.end = f->end;
	stream_init(
	    &f->stream, &f->group, &f->source.source, &f->writer.writer);
	stream_set_pace(&f->stream, stream_pace_new(&f->loop, &plan));
	assert_non_null(f->stream.pace);
	uv_update_time(&f->loop);
	f->begun_ms = uv_now(&f->loop);
	stream_start(&f->stream, 0, length, on_end, f);
}

static void run_group(struct fixture *f)
{
	while (stream_group_run(&f->group))
		;
}

/* One turn of the loop, which waits for the timer. */
static void turn(struct fixture *f)
{
	assert_true(uv_loop_alive(&f->loop));
	uv_run(&f->loop, UV_RUN_ONCE);
	f->turns++;
	run_group(f);
}

/* The same, or the writer takes up to `credit` bytes if it is waited for. */
static void turn_or_drain(struct fixture *f, size_t credit)
{
	if (!f->writer.wanted) {
		turn(f);
		return;
	}
	mock_writer_drain(&f->writer, credit);
	run_group(f);
}

/* No byte comes before its time. */
static void check_pace(const struct fixture *f, size_t first)
{
	uint64_t passed_ms = uv_now(&f->loop) - f->begun_ms;

	assert_true(f->writer.length <= first + RATE * passed_ms / 1000);
}

static void check_bytes(const struct fixture *f, size_t length)
{
	assert_int_equal(f->result, 0);
	assert_true(f->writer.ended);
	assert_int_equal(f->writer.length, length);
	for (size_t i = 0; i < length; i++)
		if (f->writer.bytes[i] != mock_source_byte(i))
			fail_msg("byte %zu is wrong", i);
}

static bool is_over(const struct fixture *f)
{
	return f->result != NOT_ENDED;
}

/* Four pieces: as many turns of the loop, and of the watch none. */
static void leaves_in_pieces(void **state)
{
	struct fixture *f = *state;
	size_t length = FIRST + 4 * PIECE;

	start(f, length, 0);
	run_group(f);
	assert_int_equal(f->writer.length, FIRST);
	/* What waits for company has left. */
	assert_int_equal(f->writer.flushes, 1);
	while (!is_over(f)) {
		assert_int_equal(f->source.lent, 0);
		assert_false(f->writer.wanted);
		turn(f);
		check_pace(f, FIRST);
	}
	check_bytes(f, length);
	assert_in_range(f->turns, 1, 4);
	assert_int_equal(f->writer.wants, 0);
	assert_int_equal(f->source.bytes_read, length);
	assert_true(f->source.longest_read <= CHUNK);
}

static void the_burst_leaves_at_once(void **state)
{
	struct fixture *f = *state;
	size_t burst = 5 * CHUNK + 77;

	start(f, burst + PIECE, burst);
	run_group(f);
	assert_int_equal(f->writer.length, burst);
	while (!is_over(f)) {
		turn(f);
		check_pace(f, burst);
	}
	check_bytes(f, burst + PIECE);
}

/* The last bytes have their own, shorter pause. */
static void ends_between_pieces(void **state)
{
	static const size_t lengths[] = { 1, FIRST - 1, FIRST, FIRST + 1,
		FIRST + PIECE + 1 };
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LENGTH(lengths); i++) {
		start(f, lengths[i], 0);
		run_group(f);
		while (!is_over(f)) {
			turn_or_drain(f, SIZE_MAX);
			check_pace(f, FIRST);
		}
		check_bytes(f, lengths[i]);
		mock_writer_fini(&f->writer);
		mock_writer_init(&f->writer);
		f->writer.tells_room = i % 2;
		f->result = NOT_ENDED;
	}
}

/* A source that lets wait is never read ahead of what may leave. */
static void reads_nothing_ahead(void **state)
{
	struct fixture *f = *state;
	size_t length = FIRST + 3 * PIECE;

	start(f, length, 0);
	f->source.late = true;
	while (!is_over(f)) {
		run_group(f);
		if (f->source.in_flight) {
			assert_false(f->writer.wanted);
			mock_source_complete(&f->source);
			assert_int_equal(f->source.ahead, 0);
		} else if (!is_over(f)) {
			turn(f);
		}
		check_pace(f, FIRST);
		assert_true(f->source.lent <= 1);
	}
	check_bytes(f, length);
	assert_int_equal(f->source.bytes_read, length);
}

/* The writer is watched while it has no room, and not while time is short. */
static void waits_for_a_full_writer(void **state)
{
	struct fixture *f = *state;
	size_t length = FIRST + 2 * PIECE;

	f->writer.credit = 1000;
	start(f, length, 0);
	assert_true(f->writer.wanted);
	assert_int_equal(f->writer.length, 1000);
	/* It takes the rest of the first bytes: now time is short. */
	mock_writer_drain(&f->writer, FIRST - 1000);
	run_group(f);
	assert_int_equal(f->writer.length, FIRST);
	assert_false(f->writer.wanted);
	/* When it is over the writer is still full, and is asked first. */
	turn(f);
	assert_true(f->writer.wanted);
	assert_int_equal(f->writer.length, FIRST);
	assert_int_equal(f->source.lent, 0);
	f->writer.tells_room = false;
	while (!is_over(f)) {
		turn_or_drain(f, 5000);
		check_pace(f, FIRST);
	}
	check_bytes(f, length);
}

/* What was not taken in time is lost but for a quarter of a second's worth. */
static void a_stall_is_not_made_up_for(void **state)
{
	struct fixture *f = *state;

	start(f, 10 * RATE, 0);
	turn(f);
	f->writer.credit = 0;
	while (!f->writer.wanted)
		turn(f);
	f->writer.length = 0;
	f->loop.time += 60000;
	mock_writer_drain(&f->writer, SIZE_MAX);
	run_group(f);
	assert_in_range(f->writer.length, CHUNK, RATE / 4);
	assert_false(f->writer.wanted);
	stream_cancel(&f->stream);
	assert_int_equal(f->result, NOT_ENDED);
}

static void can_be_cancelled_at_any_time(void **state)
{
	struct fixture *f = *state;

	for (unsigned int steps = 0; steps < 8; steps++) {
		start(f, 10 * RATE, 0);
		f->source.late = steps % 2;
		for (unsigned int i = 0; i < steps; i++) {
			run_group(f);
			if (f->source.in_flight)
				mock_source_complete(&f->source);
			else
				turn(f);
		}
		stream_cancel(&f->stream);
		stream_cancel(&f->stream);
		assert_null(f->stream.pace);
		assert_int_equal(f->result, NOT_ENDED);
	}
}

static void failures_end_the_pace(void **state)
{
	struct fixture *f = *state;

	start(f, 10 * RATE, 0);
	f->source.error = -EIO;
	f->source.fail_at = FIRST + PIECE;
	while (!is_over(f))
		turn(f);
	assert_int_equal(f->result, -EIO);
	assert_null(f->stream.pace);
	f->result = NOT_ENDED;
	start(f, 10 * RATE, 0);
	f->writer.error = -EPIPE;
	f->writer.break_at = f->writer.length + PIECE;
	while (!is_over(f))
		turn(f);
	assert_int_equal(f->result, -EPIPE);
}

/* Of a source whose end shows when it is reached. */
static void an_unknown_size_has_a_pace_too(void **state)
{
	struct fixture *f = *state;
	size_t length = FIRST + PIECE + 100;

	f->end = length;
	start(f, SOURCE_SIZE_UNKNOWN, 0);
	while (!is_over(f)) {
		run_group(f);
		if (!is_over(f))
			turn(f);
		check_pace(f, FIRST);
	}
	check_bytes(f, length);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(leaves_in_pieces),
		TEST(the_burst_leaves_at_once),
		TEST(ends_between_pieces),
		TEST(reads_nothing_ahead),
		TEST(waits_for_a_full_writer),
		TEST(a_stall_is_not_made_up_for),
		TEST(can_be_cancelled_at_any_time),
		TEST(failures_end_the_pace),
		TEST(an_unknown_size_has_a_pace_too),
	};

	return cmocka_run_group_tests_name("stream_pace", tests, NULL, NULL);
}
