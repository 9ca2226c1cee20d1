/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/actions/probe/probe_source. */
#include "config.h"

#include "fcgi_app/actions/probe/probe_source.h"

#include <errno.h>
#include <uv.h>

#include "common/stream/source.h"
#include "fcgi_app/actions/probe/probe_board.h"
#include "fcgi_app/actions/probe/probe_query.h"
#include "tests/unit/support/unit.h"

#define TOKEN UINT64_C(0x0123456789abcdef)
/* Longer than any test waits. */
#define FOR_EVER 3600000

struct fixture {
	uv_loop_t loop;
	struct probe_board *board;
	struct probe_source_plan plan;
	struct source *source;
	int calls;
	int error;
	struct source_chunk chunk;
};

static void on_done(void *context, int error, const struct source_chunk *chunk)
{
	struct fixture *f = context;

	f->calls++;
	f->error = error;
	if (error == 0)
		f->chunk = *chunk;
}

/* 1000 bytes, a pause, 1000 more. */
static void set_up(struct fixture *f)
{
	*f = (struct fixture){ .board = probe_board_new() };
	assert_non_null(f->board);
	assert_int_equal(uv_loop_init(&f->loop), 0);
	f->plan = (struct probe_source_plan){
		.loop = &f->loop,
		.size = 2000,
		.pause_at = 1000,
		.pause_ms = FOR_EVER,
		.board = f->board,
	};
	assert_int_equal(
	    probe_board_begin(f->board, TOKEN, 1, &f->plan.lease), 0);
}

static void start(struct fixture *f)
{
	f->source = probe_source_new(&f->plan);
	assert_non_null(f->source);
	f->source->done = on_done;
	f->source->context = f;
}

static void tear_down(struct fixture *f)
{
	f->source->ops->close(f->source);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&f->loop), 0);
	probe_board_free(f->board);
}

static int read_at(struct fixture *f, uint64_t offset, size_t length)
{
	return f->source->ops->read(f->source, offset, length, &f->chunk);
}

static void check_bytes(const struct fixture *f, uint64_t offset)
{
	for (size_t i = 0; i < f->chunk.length; i++)
		assert_int_equal(
		    f->chunk.data[i], probe_query_byte(offset + i));
}

static void lends_its_bytes_up_to_the_pause(void **state)
{
	static const struct {
		uint64_t offset;
		size_t length;
		size_t lent;
	} cases[] = {
		{ 0, 1, 1 },
		{ 0, 1000, 1000 },
		{ 0, 1001, 1000 },
		{ 1, SIZE_MAX, 999 },
		{ 999, SIZE_MAX, 1 },
		{ 63, 130, 130 },
	};
	struct fixture f;

	(void)state;
	set_up(&f);
	start(&f);
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		assert_int_equal(
		    read_at(&f, cases[i].offset, cases[i].length), 1);
		assert_int_equal(f.chunk.length, cases[i].lent);
		check_bytes(&f, cases[i].offset);
		f.source->ops->release(f.source, &f.chunk);
	}
	tear_down(&f);
}

static void lends_large_bodies_in_blocks(void **state)
{
	struct fixture f;
	uint64_t offset = 0;

	(void)state;
	set_up(&f);
	f.plan.size = f.plan.pause_at = 200001;
	start(&f);
	while (offset < f.plan.size) {
		assert_int_equal(read_at(&f, offset, SIZE_MAX), 1);
		assert_true(f.chunk.length > 0);
		check_bytes(&f, offset);
		offset += f.chunk.length;
	}
	assert_int_equal(offset, f.plan.size);
	tear_down(&f);
}

static void run_until(struct fixture *f, const int *counter)
{
	while (*counter == 0)
		uv_run(&f->loop, UV_RUN_ONCE);
}

static void goes_on_when_it_is_released(void **state)
{
	struct fixture f;

	(void)state;
	set_up(&f);
	start(&f);
	assert_int_equal(read_at(&f, 1000, 10), 0);
	uv_run(&f.loop, UV_RUN_ONCE);
	assert_int_equal(f.calls, 0);
	assert_int_equal(probe_board_release(f.board, TOKEN, 2), 0);
	run_until(&f, &f.calls);
	assert_int_equal(f.error, 0);
	assert_int_equal(f.chunk.length, 10);
	check_bytes(&f, 1000);
	/* It pauses once. */
	assert_int_equal(read_at(&f, 1010, SIZE_MAX), 1);
	assert_int_equal(f.chunk.length, 990);
	tear_down(&f);
}

static void goes_on_after_the_pause(void **state)
{
	struct fixture f;

	(void)state;
	set_up(&f);
	f.plan.pause_ms = 1;
	start(&f);
	assert_int_equal(read_at(&f, 1500, 10), 0);
	run_until(&f, &f.calls);
	assert_int_equal(f.error, 0);
	check_bytes(&f, 1500);
	tear_down(&f);
}

static void breaks_off_if_it_is_to(void **state)
{
	struct fixture f;

	(void)state;
	set_up(&f);
	f.plan.pause_ms = 1;
	f.plan.cut = true;
	start(&f);
	assert_int_equal(read_at(&f, 999, 10), 1);
	assert_int_equal(read_at(&f, 1000, 10), 0);
	run_until(&f, &f.calls);
	assert_int_equal(f.error, -ECANCELED);
	/* The same for who asks again. */
	assert_int_equal(read_at(&f, 1000, 10), -ECANCELED);
	tear_down(&f);
}

static void forgets_a_read_that_is_cancelled(void **state)
{
	struct fixture f;

	(void)state;
	set_up(&f);
	start(&f);
	assert_int_equal(read_at(&f, 1000, 10), 0);
	f.source->ops->cancel(f.source);
	probe_board_release(f.board, TOKEN, 2);
	uv_run(&f.loop, UV_RUN_ONCE);
	assert_int_equal(f.calls, 0);
	assert_int_equal(read_at(&f, 1000, 10), 1);
	tear_down(&f);
}

static void ticks_only_while_a_read_waits(void **state)
{
	struct fixture f;

	(void)state;
	set_up(&f);
	start(&f);
	assert_false(uv_loop_alive(&f.loop));
	assert_int_equal(read_at(&f, 0, 10), 1);
	assert_false(uv_loop_alive(&f.loop));
	assert_int_equal(read_at(&f, 1000, 10), 0);
	assert_true(uv_loop_alive(&f.loop));
	f.source->ops->cancel(f.source);
	assert_false(uv_loop_alive(&f.loop));
	assert_int_equal(read_at(&f, 1000, 10), 0);
	probe_board_release(f.board, TOKEN, 2);
	run_until(&f, &f.calls);
	assert_false(uv_loop_alive(&f.loop));
	tear_down(&f);
}

static void tells_the_board_how_far_it_is(void **state)
{
	struct probe_record record;
	struct fixture f;

	(void)state;
	set_up(&f);
	start(&f);
	assert_int_equal(read_at(&f, 700, 10), 1);
	assert_int_equal(probe_board_find(f.board, TOKEN, 2, &record), 0);
	assert_int_equal(record.sent, 700);
	tear_down(&f);
}

static void can_do_without_a_slot(void **state)
{
	struct fixture f;

	(void)state;
	set_up(&f);
	f.plan.board = NULL;
	f.plan.pause_at = f.plan.size;
	start(&f);
	assert_int_equal(read_at(&f, 0, SIZE_MAX), 1);
	assert_int_equal(f.chunk.length, f.plan.size);
	assert_false(uv_loop_alive(&f.loop));
	tear_down(&f);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(lends_its_bytes_up_to_the_pause),
		cmocka_unit_test(lends_large_bodies_in_blocks),
		cmocka_unit_test(goes_on_when_it_is_released),
		cmocka_unit_test(goes_on_after_the_pause),
		cmocka_unit_test(breaks_off_if_it_is_to),
		cmocka_unit_test(forgets_a_read_that_is_cancelled),
		cmocka_unit_test(ticks_only_while_a_read_waits),
		cmocka_unit_test(tells_the_board_how_far_it_is),
		cmocka_unit_test(can_do_without_a_slot),
	};

	return cmocka_run_group_tests_name("probe_source", tests, NULL, NULL);
}
