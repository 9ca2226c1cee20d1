/* SPDX-License-Identifier: MIT */
/* A sequence of parts that are of memory, or mocks: late, short or failing. */
#include "config.h"
#include "common/stream/source_sequence.h"

#include <errno.h>

#include "common/stream/source.h"
#include "tests/unit/support/mock_parts.h"
#include "tests/unit/support/mock_source.h"
#include "tests/unit/support/unit.h"

static int read_at(struct mock_parts *f, uint64_t offset, size_t length,
    struct source_chunk *ret_chunk)
{
	return f->source->ops->read(f->source, offset, length, ret_chunk);
}

static void release(struct mock_parts *f, struct source_chunk *chunk)
{
	f->source->ops->release(f->source, chunk);
}

/* Reads now or later: 1 with a chunk, or the error. */
static int read_all_ways(struct mock_parts *f, uint64_t offset, size_t length,
    struct source_chunk *ret_chunk)
{
	unsigned int done = f->done;
	int r = read_at(f, offset, length, ret_chunk);

	if (r != 0)
		return r;
	mock_source_complete(mock_parts_busy(f));
	assert_int_equal(f->done, done + 1);
	*ret_chunk = f->chunk;
	return f->result < 0 ? f->result : 1;
}

/* --- reading -------------------------------------------------------------- */

static void reads_at_every_offset(void **state)
{
	static const size_t sizes[] = { 1, 2, 5, 6, 299, 300, MOCK_PARTS_SIZE,
		100000 };

	(void)state;
	for (int kind = 0; kind < MOCK_PARTS_KINDS; kind++) {
		struct mock_parts f;

		mock_parts_init(&f, kind);
		for (uint64_t at = 0; at < MOCK_PARTS_SIZE; at++) {
			for (size_t i = 0; i < ARRAY_LENGTH(sizes); i++) {
				size_t left = mock_parts_left(at);
				struct source_chunk chunk;

				assert_int_equal(
				    read_all_ways(&f, at, sizes[i], &chunk), 1);
				assert_int_equal(chunk.length,
				    sizes[i] < left ? sizes[i] : left);
				mock_parts_check_chunk(&chunk, at);
				release(&f, &chunk);
			}
		}
		/* One after another, each once. */
		assert_int_equal(f.opened, 3);
		assert_int_equal(f.most_open, 1);
		mock_parts_fini(&f);
	}
}

static void opens_nothing_before_it_is_read(void **state)
{
	struct mock_parts f;
	struct source_chunk chunk;

	(void)state;
	mock_parts_init(&f, MOCK_PARTS_READY);
	assert_int_equal(f.opened, 0);
	assert_int_equal(read_at(&f, 5, 1, &chunk), 1);
	assert_int_equal(f.opened, 1);
	assert_non_null(mock_parts_get(&f, 2));
	release(&f, &chunk);
	/* It is read on there, maybe. */
	assert_int_equal(f.open, 1);
	mock_parts_fini(&f);
	mock_parts_init(&f, MOCK_PARTS_READY);
	mock_parts_fini(&f);
	assert_int_equal(f.opened, 0);
}

/* The last of one part is given up, and read again with the next one open. */
static void goes_back_to_an_earlier_part(void **state)
{
	struct mock_parts f;
	struct source_chunk tail, next;

	(void)state;
	mock_parts_init(&f, MOCK_PARTS_READY);
	assert_int_equal(read_at(&f, 3, 10, &tail), 1);
	assert_int_equal(tail.length, 2);
	assert_int_equal(read_at(&f, 5, 10, &next), 1);
	mock_parts_check_chunk(&tail, 3);
	mock_parts_check_chunk(&next, 5);
	assert_int_equal(f.open, 2);
	release(&f, &tail);
	assert_int_equal(f.open, 1);
	release(&f, &next);
	assert_int_equal(read_at(&f, 4, 10, &tail), 1);
	assert_int_equal(tail.length, 1);
	mock_parts_check_chunk(&tail, 4);
	assert_int_equal(f.open, 1);
	assert_int_equal(f.opened, 3);
	release(&f, &tail);
	mock_parts_fini(&f);
}

/* A part of which a chunk is lent is there when reading comes back to it. */
static void keeps_a_part_while_it_lends(void **state)
{
	struct mock_parts f;
	struct source_chunk first, second;

	(void)state;
	mock_parts_init(&f, MOCK_PARTS_READY);
	assert_int_equal(read_at(&f, 0, 2, &first), 1);
	assert_int_equal(read_at(&f, 6, 2, &second), 1);
	release(&f, &second);
	assert_int_equal(read_at(&f, 2, 2, &second), 1);
	assert_int_equal(f.opened, 2);
	assert_int_equal(f.open, 1);
	mock_parts_check_chunk(&first, 0);
	mock_parts_check_chunk(&second, 2);
	release(&f, &second);
	release(&f, &first);
	mock_parts_fini(&f);
}

/* --- late results --------------------------------------------------------- */

static void passes_late_results_on(void **state)
{
	struct mock_parts f;
	struct source_chunk chunk;

	(void)state;
	mock_parts_init(&f, MOCK_PARTS_LATE);
	assert_int_equal(read_at(&f, 5, 100, &chunk), 0);
	assert_int_equal(f.done, 0);
	mock_source_complete(mock_parts_get(&f, 2));
	assert_int_equal(f.done, 1);
	assert_int_equal(f.result, 0);
	assert_int_equal(f.chunk.length, 1);
	mock_parts_check_chunk(&f.chunk, 5);
	release(&f, &f.chunk);
	mock_parts_fini(&f);
}

static void cancels_a_read_in_flight(void **state)
{
	struct mock_parts f;
	struct source_chunk chunk;

	(void)state;
	mock_parts_init(&f, MOCK_PARTS_LATE);
	/* Nothing is in flight: harmless. */
	f.source->ops->cancel(f.source);
	assert_int_equal(read_at(&f, 0, 5, &chunk), 0);
	f.source->ops->cancel(f.source);
	f.source->ops->cancel(f.source);
	assert_int_equal(mock_parts_get(&f, 1)->cancels, 1);
	/* In the same part, in another, and to the end */
	assert_int_equal(read_at(&f, 1, 5, &chunk), 0);
	f.source->ops->cancel(f.source);
	assert_int_equal(read_at(&f, 6, 5, &chunk), 0);
	assert_int_equal(f.open, 1);
	f.source->ops->cancel(f.source);
	assert_int_equal(f.done, 0);
	mock_parts_fini(&f);
}

/* Gives back what it got, and a chunk of another part, all in `done`. */
static struct source_chunk earlier;

static void give_all_back(
    void *context, int error, const struct source_chunk *chunk)
{
	struct mock_parts *f = context;
	struct source_chunk given = *chunk;

	mock_parts_done(f, error, chunk);
	release(f, &given);
	release(f, &earlier);
	/* The part that runs is still there, the other needs not. */
	assert_non_null(mock_parts_get(f, 1));
	assert_null(mock_parts_get(f, 2));
}

static void a_part_is_not_closed_while_it_runs(void **state)
{
	struct mock_parts f;

	(void)state;
	mock_parts_init(&f, MOCK_PARTS_READY);
	assert_int_equal(read_at(&f, 5, 1, &earlier), 1);
	f.kind = MOCK_PARTS_LATE;
	f.source->done = give_all_back;
	assert_int_equal(read_at(&f, 4, 9, &f.chunk), 0);
	assert_int_equal(f.open, 2);
	mock_source_complete(mock_parts_get(&f, 1));
	assert_int_equal(f.done, 1);
	/* It goes when reading goes on elsewhere. */
	assert_int_equal(read_at(&f, 6, 4, &f.chunk), 0);
	assert_null(mock_parts_get(&f, 1));
	assert_int_equal(f.open, 1);
	f.source->ops->cancel(f.source);
	mock_parts_fini(&f);
}

/* --- errors --------------------------------------------------------------- */

static void a_part_that_cannot_be_opened(void **state)
{
	struct mock_parts f;
	struct source_chunk chunk;

	(void)state;
	mock_parts_init(&f, MOCK_PARTS_READY);
	f.no_memory = 2;
	assert_int_equal(read_at(&f, 5, 1, &chunk), -ENOMEM);
	/* With a chunk of another lent. */
	assert_int_equal(read_at(&f, 0, 9, &chunk), 1);
	assert_int_equal(read_at(&f, 5, 1, &f.chunk), -ENOMEM);
	mock_parts_check_chunk(&chunk, 0);
	release(&f, &chunk);
	/* Later there is memory again. */
	f.no_memory = SIZE_MAX;
	assert_int_equal(read_at(&f, 5, 1, &chunk), 1);
	mock_parts_check_chunk(&chunk, 5);
	release(&f, &chunk);
	mock_parts_fini(&f);
}

static void passes_errors_on(void **state)
{
	static const int errors[] = { -EIO, -ENODATA, -ENOMEM };

	(void)state;
	for (int kind = MOCK_PARTS_READY; kind <= MOCK_PARTS_LATE; kind++) {
		for (size_t i = 0; i < ARRAY_LENGTH(errors); i++) {
			struct mock_parts f;
			struct source_chunk chunk;

			mock_parts_init(&f, kind);
			assert_int_equal(read_all_ways(&f, 0, 9, &chunk), 1);
			f.error = errors[i];
			assert_int_equal(
			    read_all_ways(&f, 5, 9, &f.chunk), errors[i]);
			mock_parts_check_chunk(&chunk, 0);
			release(&f, &chunk);
			/* The other parts are as good as before. */
			f.error = 0;
			assert_int_equal(read_all_ways(&f, 6, 9, &chunk), 1);
			release(&f, &chunk);
			mock_parts_fini(&f);
		}
	}
}

/* --- making one ----------------------------------------------------------- */

static void counts_up_to_64_bits(void **state)
{
	uint64_t large[] = { UINT64_MAX - 1, 0, 1, 0 };
	struct mock_parts f = { 0 };
	struct source_sequence_parts parts = {
		.count = ARRAY_LENGTH(large),
		.lengths = large,
		.open = mock_parts_open,
		.release = mock_parts_release,
		.context = &f,
	};
	struct source *source = source_sequence_new(&parts);

	(void)state;
	assert_non_null(source);
	assert_true(source->size == UINT64_MAX);
	source->ops->close(source);
	assert_int_equal(f.released, 1);
	large[3] = 1;
	errno = 0;
	assert_null(source_sequence_new(&parts));
	assert_int_equal(errno, EOVERFLOW);
	/* More parts than memory has room for */
	parts.count = SIZE_MAX;
	assert_null(source_sequence_new(&parts));
	assert_int_equal(errno, ENOMEM);
	assert_int_equal(f.released, 1);
}

static void may_be_empty(void **state)
{
	static const uint64_t nothing[] = { 0, 0 };

	(void)state;
	for (size_t count = 0; count <= ARRAY_LENGTH(nothing); count++) {
		const struct source_sequence_parts parts = {
			.count = count,
			.lengths = nothing,
			.open = mock_parts_open,
		};
		struct source *source = source_sequence_new(&parts);

		assert_non_null(source);
		assert_int_equal(source->size, 0);
		source->ops->close(source);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_at_every_offset),
		cmocka_unit_test(opens_nothing_before_it_is_read),
		cmocka_unit_test(goes_back_to_an_earlier_part),
		cmocka_unit_test(keeps_a_part_while_it_lends),
		cmocka_unit_test(passes_late_results_on),
		cmocka_unit_test(cancels_a_read_in_flight),
		cmocka_unit_test(a_part_is_not_closed_while_it_runs),
		cmocka_unit_test(a_part_that_cannot_be_opened),
		cmocka_unit_test(passes_errors_on),
		cmocka_unit_test(counts_up_to_64_bits),
		cmocka_unit_test(may_be_empty),
	};

	return cmocka_run_group_tests_name(
	    "source_sequence", tests, NULL, NULL);
}
