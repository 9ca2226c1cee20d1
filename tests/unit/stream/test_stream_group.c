/* SPDX-License-Identifier: MIT */
/* Streams of one loop: whose turn it is, and for how long. */
#include "config.h"
#include "common/stream/stream_group.h"

#include <string.h>

#include "common/stream/stream.h"
#include "tests/unit/support/mock_source.h"
#include "tests/unit/support/mock_writer.h"
#include "tests/unit/support/unit.h"

#define CHUNK (64 << 10)
#define RUN_BYTES (512 << 10)
#define STREAMS 40

struct player {
	struct stream stream;
	struct mock_source source;
	struct mock_writer writer;
	unsigned int ends;
};

struct fixture {
	struct stream_group group;
	struct player players[STREAMS];
	unsigned int runnable; /* calls of on_runnable */
};

static void on_runnable(void *context)
{
	((struct fixture *)context)->runnable++;
}

static void on_end(void *context, int error)
{
	assert_int_equal(error, 0);
	((struct player *)context)->ends++;
}

/* The first chunk of each has left, and its writer has no room then. */
static void start(struct fixture *f, size_t index, uint64_t size, bool room)
{
	struct player *player = &f->players[index];

	mock_source_init(&player->source, size);
	mock_writer_init(&player->writer);
	player->writer.tells_room = room;
	player->ends = 0;
	stream_init(&player->stream, &f->group, &player->source.source,
	    &player->writer.writer);
	stream_set_start(&player->stream, "", 0);
	stream_start(&player->stream, 0, size, on_end, player);
}

static void setup_fixture(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	stream_group_init(&f->group, CHUNK);
	f->group.on_runnable = on_runnable;
	f->group.context = f;
}

static void stop(struct fixture *f, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		stream_cancel(&f->players[i].stream);
		mock_writer_fini(&f->players[i].writer);
		assert_int_equal(f->players[i].source.lent, 0);
	}
	assert_true(TAILQ_EMPTY(&f->group.fresh));
	assert_true(TAILQ_EMPTY(&f->group.runnable));
	assert_true(TAILQ_EMPTY(&f->group.ending));
}

static struct fixture fixture;

/* As much as a turn of the loop allows, and no more. */
static void one_sends_several_chunks(void **state)
{
	struct fixture *f = &fixture;

	(void)state;
	setup_fixture(f);
	start(f, 0, 2 * RUN_BYTES, true);
	assert_int_equal(f->players[0].writer.length, CHUNK);
	assert_int_equal(f->runnable, 1);
	assert_true(stream_group_run(&f->group));
	assert_int_equal(f->players[0].writer.length, RUN_BYTES);
	assert_false(stream_group_run(&f->group));
	assert_int_equal(f->players[0].ends, 1);
	/* Nobody had to be asked whether there is room. */
	assert_int_equal(f->players[0].writer.wants, 0);
	stop(f, 1);
}

static void all_get_the_same(void **state)
{
	struct fixture *f = &fixture;
	size_t least = SIZE_MAX, most = 0;

	(void)state;
	setup_fixture(f);
	for (size_t i = 0; i < STREAMS; i++)
		start(f, i, 20 * RUN_BYTES, true);
	for (int run = 0; run < 22; run++)
		assert_true(stream_group_run(&f->group));
	for (size_t i = 0; i < STREAMS; i++) {
		size_t length = f->players[i].writer.length;

		least = length < least ? length : least;
		most = length > most ? length : most;
	}
	/* 22 times eight chunks for forty, the first ones included. */
	assert_int_equal(least, 4 * CHUNK);
	assert_int_equal(most, 5 * CHUNK);
	stop(f, STREAMS);
}

/* Little bytes are work as well. */
static void tiny_chunks_are_bounded(void **state)
{
	struct fixture *f = &fixture;

	(void)state;
	setup_fixture(f);
	f->group.chunk_size = 100;
	start(f, 0, RUN_BYTES, true);
	assert_true(stream_group_run(&f->group));
	assert_int_equal(f->players[0].writer.offers, 32);
	stop(f, 1);
}

/* Events queue a stream once, and nothing is sent but in its turn. */
static void events_only_queue(void **state)
{
	struct fixture *f = &fixture;

	(void)state;
	setup_fixture(f);
	start(f, 0, 10 * CHUNK, false);
	for (int i = 0; i < 3; i++)
		mock_writer_drain(&f->players[0].writer, SIZE_MAX);
	assert_int_equal(f->runnable, 1);
	assert_int_equal(f->players[0].writer.length, CHUNK);
	assert_false(stream_group_run(&f->group));
	assert_int_equal(f->players[0].writer.length, 2 * CHUNK);
	stop(f, 1);
}

/* A level-triggered poll repeats itself: once is for free. */
static void watch_goes_off_when_told_again(void **state)
{
	struct fixture *f = &fixture;
	struct mock_writer *writer = &f->players[0].writer;

	(void)state;
	setup_fixture(f);
	start(f, 0, 10 * CHUNK, false);
	mock_writer_drain(writer, SIZE_MAX);
	mock_writer_drain(writer, SIZE_MAX);
	assert_true(writer->wanted);
	mock_writer_drain(writer, SIZE_MAX);
	assert_false(writer->wanted);
	assert_false(stream_group_run(&f->group));
	assert_true(writer->wanted);
	assert_int_equal(writer->length, 2 * CHUNK);
	stop(f, 1);
}

/* A stream that has sent nothing waits for none that has. */
static void first_chunks_come_first(void **state)
{
	struct fixture *f = &fixture;
	struct player *late = &f->players[1];

	(void)state;
	setup_fixture(f);
	start(f, 0, 40 * RUN_BYTES, true);
	mock_source_init(&late->source, CHUNK);
	mock_writer_init(&late->writer);
	late->source.late = true;
	stream_init(&late->stream, &f->group, &late->source.source,
	    &late->writer.writer);
	stream_set_start(&late->stream, "head", 4);
	stream_start(&late->stream, 0, CHUNK, on_end, late);
	mock_source_complete(&late->source);
	assert_int_equal(late->ends, 0);
	assert_true(&late->stream.seat == TAILQ_FIRST(&f->group.fresh));
	assert_true(stream_group_run(&f->group));
	assert_int_equal(late->ends, 1);
	stop(f, 2);
}

/* New streams have a bound as well, and do not starve the others. */
static void many_starts_are_bounded(void **state)
{
	struct fixture *f = &fixture;
	size_t begun = 0;

	(void)state;
	setup_fixture(f);
	start(f, 0, 40 * RUN_BYTES, true);
	stream_group_run(&f->group);
	for (size_t i = 1; i < STREAMS; i++) {
		start(f, i, 40 * RUN_BYTES, false);
		begun += f->players[i].writer.length > 0;
	}
	/* Three quarters of a turn. */
	assert_int_equal(begun, 6);
	f->players[0].writer.length = 0;
	assert_true(stream_group_run(&f->group));
	assert_int_equal(f->players[8].writer.length, CHUNK);
	assert_int_equal(f->players[9].writer.length, 0);
	/* The rest goes on where it was. */
	assert_true(f->players[STREAMS - 1].writer.length == 0);
	for (int i = 0; i < 5; i++)
		stream_group_run(&f->group);
	assert_int_equal(f->players[STREAMS - 1].writer.length, CHUNK);
	assert_true(f->players[0].writer.length > 0);
	stop(f, STREAMS);
}

/* Small answers leave at the end of the turn, in order, before all else. */
static void ends_leave_together(void **state)
{
	struct fixture *f = &fixture;

	(void)state;
	setup_fixture(f);
	start(f, 0, 40 * RUN_BYTES, true);
	f->runnable = 0;
	start(f, 1, 100, true);
	start(f, 2, 0, true);
	start(f, 3, CHUNK, true);
	for (size_t i = 1; i < 4; i++) {
		assert_int_equal(f->players[i].ends, 0);
		assert_false(f->players[i].writer.ended);
	}
	stream_cancel(&f->players[3].stream);
	assert_true(stream_group_run(&f->group));
	assert_int_equal(f->players[1].ends, 1);
	assert_int_equal(f->players[2].ends, 1);
	assert_int_equal(f->players[3].ends, 0);
	assert_true(f->players[2].writer.ended);
	/* Alone, it makes itself heard. */
	stream_cancel(&f->players[0].stream);
	f->runnable = 0;
	start(f, 4, 100, true);
	assert_int_equal(f->runnable, 1);
	assert_false(stream_group_run(&f->group));
	assert_int_equal(f->players[4].ends, 1);
	stop(f, 5);
}

static void is_left_by_who_is_cancelled(void **state)
{
	struct fixture *f = &fixture;

	(void)state;
	setup_fixture(f);
	for (size_t i = 0; i < 3; i++)
		start(f, i, 2 * RUN_BYTES, true);
	stream_cancel(&f->players[1].stream);
	while (stream_group_run(&f->group))
		;
	assert_int_equal(f->players[0].ends, 1);
	assert_int_equal(f->players[1].ends, 0);
	assert_int_equal(f->players[1].writer.length, CHUNK);
	assert_int_equal(f->players[2].ends, 1);
	stop(f, 3);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_sends_several_chunks),
		cmocka_unit_test(all_get_the_same),
		cmocka_unit_test(tiny_chunks_are_bounded),
		cmocka_unit_test(events_only_queue),
		cmocka_unit_test(watch_goes_off_when_told_again),
		cmocka_unit_test(first_chunks_come_first),
		cmocka_unit_test(many_starts_are_bounded),
		cmocka_unit_test(ends_leave_together),
		cmocka_unit_test(is_left_by_who_is_cancelled),
	};

	return cmocka_run_group_tests_name("stream_group", tests, NULL, NULL);
}
