/* SPDX-License-Identifier: MIT */
/* A sequence of parts that is read at random, and under the pump. */
#include "config.h"
#include "common/stream/source_sequence.h"

#include <stdbool.h>

#include "common/stream/source.h"
#include "common/stream/stream.h"
#include "tests/unit/support/mock_parts.h"
#include "tests/unit/support/mock_source.h"
#include "tests/unit/support/mock_writer.h"
#include "tests/unit/support/unit.h"

/* --- at random ------------------------------------------------------------ */

struct loan {
	bool lent;
	uint64_t offset;
	struct source_chunk chunk;
};

struct walk {
	struct mock_parts f;
	struct loan loans[2];
	uint64_t offset; /* of the read in flight */
	uint64_t random;
};

static unsigned int pick(struct walk *w, unsigned int below)
{
	w->random = w->random * UINT64_C(6364136223846793005) + 12345;
	return (unsigned int)(w->random >> 33) % below;
}

static void keep(
    struct walk *w, uint64_t offset, const struct source_chunk *chunk)
{
	struct loan *loan = &w->loans[w->loans[0].lent];

	*loan = (struct loan){ true, offset, *chunk };
	assert_true(chunk->length > 0);
	mock_parts_check_chunk(chunk, offset);
}

static void give_back(struct walk *w, struct loan *loan)
{
	if (!loan->lent)
		return;
	mock_parts_check_chunk(&loan->chunk, loan->offset);
	w->f.source->ops->release(w->f.source, &loan->chunk);
	loan->lent = false;
}

static void start_read(struct walk *w)
{
	struct source_chunk chunk;
	int r;

	if (w->loans[0].lent && w->loans[1].lent)
		return;
	/* Half of them at the end of the first two parts. */
	w->offset = pick(w, pick(w, 2) ? 8 : MOCK_PARTS_SIZE);
	w->f.kind = pick(w, MOCK_PARTS_KINDS);
	w->f.most = pick(w, 4);
	r = w->f.source->ops->read(
	    w->f.source, w->offset, 1 + pick(w, 20), &chunk);
	assert_true(r >= 0);
	if (r > 0)
		keep(w, w->offset, &chunk);
}

static void end_read(struct walk *w, struct mock_source *busy)
{
	unsigned int done = w->f.done;

	if (pick(w, 3) == 0) {
		w->f.source->ops->cancel(w->f.source);
		assert_int_equal(w->f.done, done);
		return;
	}
	mock_source_complete(busy);
	assert_int_equal(w->f.done, done + 1);
	assert_int_equal(w->f.result, 0);
	keep(w, w->offset, &w->f.chunk);
}

static void walks_at_random(void **state)
{
	struct walk w = { .random = 1 };

	(void)state;
	mock_parts_init(&w.f, MOCK_PARTS_READY);
	for (int i = 0; i < 50000; i++) {
		struct mock_source *busy = mock_parts_busy(&w.f);

		if (pick(&w, 2))
			give_back(&w, &w.loans[pick(&w, 2)]);
		else if (busy)
			end_read(&w, busy);
		else
			start_read(&w);
	}
	w.f.source->ops->cancel(w.f.source);
	give_back(&w, &w.loans[0]);
	give_back(&w, &w.loans[1]);
	assert_int_equal(w.f.most_open, 2);
	mock_parts_fini(&w.f);
}

/* --- under the pump ------------------------------------------------------- */

struct run {
	struct mock_parts parts;
	struct stream_group group;
	struct stream stream;
	struct mock_writer writer;
	bool ended;
	int result;
};

static void on_end(void *context, int error)
{
	struct run *run = context;

	run->ended = true;
	run->result = error;
}

static void start(struct run *run, enum mock_parts_kind kind, uint64_t from)
{
	run->ended = false;
	mock_parts_init(&run->parts, kind);
	stream_group_init(&run->group, 64);
	mock_writer_init(&run->writer);
	stream_init(
	    &run->stream, &run->group, run->parts.source, &run->writer.writer);
	stream_start(&run->stream, from, MOCK_PARTS_SIZE - from, on_end, run);
}

/* The client is ready before the source now and then. */
static void turn(struct run *run, int number, size_t credit)
{
	struct mock_source *busy = mock_parts_busy(&run->parts);

	if (busy && number % 3 != 0)
		mock_source_complete(busy);
	else
		mock_writer_drain(&run->writer, credit);
	while (stream_group_run(&run->group))
		;
	if (number % 7 == 0)
		stream_group_reclaim(&run->group);
}

static void check_all_sent(const struct run *run, uint64_t from)
{
	const struct source_chunk sent = {
		.data = run->writer.bytes,
		.length = run->writer.length,
	};

	assert_int_equal(run->result, 0);
	assert_int_equal(sent.length, MOCK_PARTS_SIZE - from);
	mock_parts_check_chunk(&sent, from);
	assert_true(run->parts.most_open <= 2);
}

static void stop(struct run *run)
{
	stream_cancel(&run->stream);
	mock_parts_fini(&run->parts);
	mock_writer_fini(&run->writer);
}

/* All of it or from the middle of a part, to a client that takes little. */
static void stream_all(enum mock_parts_kind kind, uint64_t from, size_t credit)
{
	struct run run;

	start(&run, kind, from);
	for (int turns = 0; !run.ended; turns++) {
		assert_true(turns < 10000);
		turn(&run, turns, credit);
	}
	check_all_sent(&run, from);
	stop(&run);
}

static void streams_it_all(void **state)
{
	static const size_t credits[] = { 1, 3, 4, 5, 6, 7, 63, 64, 65, 1000 };
	static const uint64_t starts[] = { 0, 1, 4, 5, 6, 100,
		MOCK_PARTS_SIZE - 1 };

	(void)state;
	for (int kind = 0; kind < MOCK_PARTS_KINDS; kind++) {
		for (size_t i = 0; i < ARRAY_LENGTH(credits); i++)
			for (size_t j = 0; j < ARRAY_LENGTH(starts); j++)
				stream_all(kind, starts[j], credits[i]);
	}
}

/* Cancelled at every point, it gives everything back. */
static void may_be_cancelled_at_any_time(void **state)
{
	struct run run;
	int turns = 0;

	(void)state;
	do {
		start(&run, MOCK_PARTS_LATE, 0);
		for (int i = 0; i < turns; i++)
			turn(&run, i, 40);
		stop(&run);
		assert_true(turns++ < 1000);
	} while (!run.ended);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(walks_at_random),
		cmocka_unit_test(streams_it_all),
		cmocka_unit_test(may_be_cancelled_at_any_time),
	};

	return cmocka_run_group_tests_name(
	    "source_sequence_use", tests, NULL, NULL);
}
