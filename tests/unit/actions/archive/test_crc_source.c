/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/actions/archive/crc_source. */
#include "config.h"

#include "fcgi_app/actions/archive/crc_source.h"

#include <errno.h>
#include <libdeflate.h>
#include <stdbool.h>
#include <stdlib.h>

#include "common/stream/source.h"
#include "tests/unit/support/mock_source.h"
#include "tests/unit/support/unit.h"

#define SIZE 1000
#define MEMBER 7

struct fixture {
	struct mock_source mock;
	struct source *source;
	bool closed;
	/* What was noted last. */
	unsigned int notes;
	struct crc_state noted;
	int refusal; /* what noting returns */
	/* The last result of a read in flight. */
	unsigned int done;
	int error;
	struct source_chunk chunk;
};

/* Of the first `length` bytes. */
static uint32_t crc_of(size_t length)
{
	unsigned char *bytes = malloc(length + 1);
	uint32_t crc;

	assert_non_null(bytes);
	for (size_t i = 0; i < length; i++)
		bytes[i] = mock_source_byte(i);
	crc = libdeflate_crc32(0, bytes, length);
	free(bytes);
	return crc;
}

static int note(void *context, size_t member, const struct crc_state *state)
{
	struct fixture *f = context;

	assert_int_equal(member, MEMBER);
	assert_int_equal(state->crc, crc_of(state->offset));
	f->notes++;
	f->noted = *state;
	return f->refusal;
}

static void on_done(void *context, int error, const struct source_chunk *chunk)
{
	struct fixture *f = context;

	f->done++;
	f->error = error;
	f->chunk = *chunk;
}

static void on_closed(struct mock_source *mock)
{
	((struct fixture *)(void *)mock)->closed = true;
}

static void begin(struct fixture *f, size_t known)
{
	const struct crc_state state = { .offset = known,
		.crc = crc_of(known) };
	const struct crc_watch watch = { note, f, MEMBER };

	*f = (struct fixture){ .notes = 0 };
	mock_source_init(&f->mock, SIZE);
	f->mock.closed = on_closed;
	f->source = crc_source_new(&f->mock.source, &state, &watch);
	assert_non_null(f->source);
	assert_int_equal(f->source->size, SIZE);
	f->source->done = on_done;
	f->source->context = f;
}

static void end(struct fixture *f)
{
	f->source->ops->close(f->source);
	assert_true(f->closed);
}

static void check(const struct source_chunk *chunk, uint64_t offset)
{
	for (size_t i = 0; i < chunk->length; i++)
		assert_int_equal(chunk->data[i], mock_source_byte(offset + i));
}

static void read_now(struct fixture *f, uint64_t offset, size_t length)
{
	struct source_chunk chunk;

	assert_int_equal(
	    f->source->ops->read(f->source, offset, length, &chunk), 1);
	assert_int_equal(chunk.length, length);
	check(&chunk, offset);
	f->source->ops->release(f->source, &chunk);
}

static void all_bytes_in_order(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, 0);
	read_now(&f, 0, 400);
	read_now(&f, 400, 599);
	assert_int_equal(f.notes, 0);
	read_now(&f, 999, 1);
	assert_int_equal(f.notes, 1);
	assert_int_equal(f.noted.offset, SIZE);
	end(&f);
	assert_int_equal(f.notes, 1);
}

static void bytes_that_are_read_again_count_once(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, 0);
	read_now(&f, 0, 400);
	read_now(&f, 100, 200);
	read_now(&f, 300, 300);
	read_now(&f, 0, 600);
	read_now(&f, 500, 500);
	assert_int_equal(f.notes, 1);
	read_now(&f, 900, 100);
	assert_int_equal(f.notes, 1);
	end(&f);
}

static void a_gap_ends_it(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, 0);
	read_now(&f, 0, 100);
	read_now(&f, 101, SIZE - 101);
	assert_int_equal(f.notes, 0);
	end(&f);
	assert_int_equal(f.notes, 1);
	assert_int_equal(f.noted.offset, 100);
}

static void it_goes_on_from_what_is_known(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f, 300);
	read_now(&f, 250, 350);
	end(&f);
	assert_int_equal(f.noted.offset, 600);
	begin(&f, 600);
	read_now(&f, 600, 400);
	assert_int_equal(f.noted.offset, SIZE);
	end(&f);
	/* Nothing new is not told. */
	begin(&f, 600);
	read_now(&f, 1, 599);
	read_now(&f, 601, 10);
	end(&f);
	assert_int_equal(f.notes, 0);
}

/* Even if all is known: that may be wrong. */
static void from_the_begin_it_is_summed_anew(void **state)
{
	const struct crc_state wrong = {
		.offset = SIZE, .crc = 1, .fresh = true
	};
	struct fixture f = { .notes = 0 };
	const struct crc_watch watch = { note, &f, MEMBER };

	(void)state;
	mock_source_init(&f.mock, SIZE);
	f.source = crc_source_new(&f.mock.source, &wrong, &watch);
	assert_non_null(f.source);
	read_now(&f, 0, 600);
	read_now(&f, 600, 400);
	assert_int_equal(f.notes, 1);
	assert_int_equal(f.noted.offset, SIZE);
	assert_true(f.noted.fresh);
	f.source->ops->close(f.source);
	assert_int_equal(f.notes, 1);
}

/* It is the last read that fails, and its chunk goes back. */
static void a_sum_may_be_refused(void **state)
{
	struct source_chunk chunk;
	struct fixture f;

	(void)state;
	for (int late = 0; late < 2; late++) {
		begin(&f, 0);
		f.refusal = -ESTALE;
		read_now(&f, 0, SIZE - 1);
		f.mock.late = late;
		assert_int_equal(
		    f.source->ops->read(f.source, SIZE - 1, 1, &chunk),
		    late ? 0 : -ESTALE);
		if (late)
			mock_source_complete(&f.mock);
		assert_int_equal(f.error, late ? -ESTALE : 0);
		assert_int_equal(f.notes, 1);
		assert_int_equal(f.mock.lent, 0);
		end(&f);
	}
}

static void late_reads(void **state)
{
	struct source_chunk chunk;
	struct fixture f;

	(void)state;
	begin(&f, 0);
	f.mock.late = true;
	for (uint64_t at = 0; at < SIZE; at += 500) {
		assert_int_equal(
		    f.source->ops->read(f.source, at, 500, &chunk), 0);
		mock_source_complete(&f.mock);
		assert_int_equal(f.error, 0);
		check(&f.chunk, at);
		f.source->ops->release(f.source, &f.chunk);
	}
	assert_int_equal(f.done, 2);
	assert_int_equal(f.notes, 1);
	end(&f);
}

static void errors_and_cancelled_reads(void **state)
{
	struct source_chunk chunk;
	struct fixture f;

	(void)state;
	begin(&f, 0);
	f.mock.error = -EIO;
	assert_int_equal(f.source->ops->read(f.source, 0, SIZE, &chunk), -EIO);
	f.mock.late = true;
	assert_int_equal(f.source->ops->read(f.source, 0, SIZE, &chunk), 0);
	mock_source_complete(&f.mock);
	assert_int_equal(f.error, -EIO);
	assert_int_equal(f.source->ops->read(f.source, 0, SIZE, &chunk), 0);
	f.source->ops->cancel(f.source);
	assert_int_equal(f.mock.cancels, 1);
	f.source->ops->read_ahead(f.source, 3, 500);
	assert_int_equal(f.mock.ahead, 3);
	assert_int_equal(f.mock.ahead_end, 500);
	end(&f);
	assert_int_equal(f.notes, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_bytes_in_order),
		cmocka_unit_test(bytes_that_are_read_again_count_once),
		cmocka_unit_test(a_gap_ends_it),
		cmocka_unit_test(it_goes_on_from_what_is_known),
		cmocka_unit_test(from_the_begin_it_is_summed_anew),
		cmocka_unit_test(a_sum_may_be_refused),
		cmocka_unit_test(late_reads),
		cmocka_unit_test(errors_and_cancelled_reads),
	};

	return cmocka_run_group_tests_name("crc_source", tests, NULL, NULL);
}
