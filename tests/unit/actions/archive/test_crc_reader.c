/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/actions/archive/crc_reader. */
#include "config.h"

#include "fcgi_app/actions/archive/crc_reader.h"

#include <errno.h>
#include <libdeflate.h>
#include <stdlib.h>

#include "common/stream/source.h"
#include "fcgi_app/members/member_list.h"
#include "tests/unit/support/mock_source.h"
#include "tests/unit/support/unit.h"

#define CHUNK 1000
#define SIZE (10 * CHUNK + 1)
#define MANY (CRC_READERS_MAX + 2)

struct job {
	struct mock_source mock;
	struct member file;
	struct crc_reader *reader;
	unsigned int done;
	unsigned int closed;
	int error;
	struct crc_state state;
};

struct fixture {
	uv_loop_t loop;
	struct crc_readers readers;
	struct job jobs[MANY];
};

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

static void on_closed(struct mock_source *mock)
{
	((struct job *)(void *)mock)->closed++;
}

static void on_done(void *context, int error, const struct crc_state *state)
{
	struct job *job = context;

	assert_int_equal(job->closed, 1);
	job->done++;
	job->error = error;
	job->state = *state;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	uv_loop_init(&f->loop);
	crc_readers_init(&f->readers, &f->loop, CHUNK);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	crc_readers_close(&f->readers);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&f->loop), 0);
	free(f);
	return 0;
}

static struct job *start_file(
    struct fixture *f, size_t index, size_t known, ino_t inode)
{
	struct job *job = &f->jobs[index];
	struct crc_reader_params params = {
		.file = &job->file,
		.source = &job->mock.source,
		.state = { .offset = known, .crc = crc_of(known) },
		.done = on_done,
		.context = job,
	};

	job->file = (struct member){ .name = "any", .file.inode = inode };
	mock_source_init(&job->mock, SIZE);
	job->mock.closed = on_closed;
	job->reader = crc_reader_start(&f->readers, &params);
	assert_non_null(job->reader);
	assert_int_equal(job->mock.reads, 0);
	return job;
}

/* Each of a file of its own. */
static struct job *start(struct fixture *f, size_t index, size_t known)
{
	return start_file(f, index, known, index + 100);
}

static void check_whole(const struct job *job)
{
	assert_int_equal(job->done, 1);
	assert_int_equal(job->error, 0);
	assert_int_equal(job->state.offset, SIZE);
	assert_int_equal(job->state.crc, crc_of(SIZE));
}

static void a_file_is_read_over_several_turns(void **state)
{
	struct fixture *f = *state;
	struct job *job = start(f, 0, 0);
	unsigned int turns = 0;

	for (; job->done == 0; turns++)
		uv_run(&f->loop, UV_RUN_NOWAIT);
	check_whole(job);
	assert_int_equal(job->mock.reads, 11);
	assert_true(turns >= 5);
	assert_int_equal(job->mock.longest_read, CHUNK);
}

static void what_is_known_is_not_read(void **state)
{
	struct fixture *f = *state;
	struct job *job = start(f, 0, 4 * CHUNK + 1);

	while (job->done == 0)
		uv_run(&f->loop, UV_RUN_NOWAIT);
	check_whole(job);
	assert_int_equal(job->mock.bytes_read, SIZE - 4 * CHUNK - 1);
}

/* All together read no more in a turn than one does. */
static void many_share_the_turns(void **state)
{
	struct fixture *f = *state;
	unsigned int done = 0;

	for (size_t i = 0; i < MANY; i++)
		start(f, i, 0);
	while (done < MANY) {
		unsigned int before = 0, after = 0;

		for (size_t i = 0; i < MANY; i++)
			before += f->jobs[i].mock.reads;
		uv_run(&f->loop, UV_RUN_NOWAIT);
		done = 0;
		for (size_t i = 0; i < MANY; i++) {
			after += f->jobs[i].mock.reads;
			done += f->jobs[i].done;
		}
		assert_true(after - before <= 2);
		assert_true(after > before);
	}
	for (size_t i = 0; i < MANY; i++)
		check_whole(&f->jobs[i]);
}

/* The others wait until one ends, or is cancelled. */
static void some_run_at_a_time(void **state)
{
	struct fixture *f = *state;
	unsigned int running = 0;

	for (size_t i = 0; i < MANY; i++)
		start(f, i, 0)->mock.late = true;
	for (size_t i = 0; i < MANY; i++)
		uv_run(&f->loop, UV_RUN_NOWAIT);
	for (size_t i = 0; i < MANY; i++)
		running += f->jobs[i].mock.in_flight;
	assert_int_equal(running, CRC_READERS_MAX);
	assert_false(f->jobs[MANY - 1].mock.in_flight);
	assert_int_equal(f->jobs[MANY - 1].mock.ahead, 0);
	crc_reader_cancel(f->jobs[MANY - 1].reader);
	assert_int_equal(f->jobs[MANY - 1].mock.cancels, 0);
	crc_reader_cancel(f->jobs[0].reader);
	assert_int_equal(f->jobs[0].mock.cancels, 1);
	uv_run(&f->loop, UV_RUN_NOWAIT);
	assert_true(f->jobs[MANY - 2].mock.in_flight);
	assert_int_equal(f->jobs[MANY - 2].mock.ahead, 2);
	for (size_t i = 1; i < MANY - 1; i++)
		crc_reader_cancel(f->jobs[i].reader);
}

/* However long the others are. */
static void a_turn_has_an_end(void **state)
{
	struct fixture *f = *state;
	struct job *last = &f->jobs[MANY - 1];

	for (size_t i = 0; i < MANY; i++)
		start(f, i, 0);
	for (size_t i = 0; i < MANY - 1; i++)
		f->jobs[i].mock.source.size = 1000 * CHUNK;
	while (last->done == 0)
		uv_run(&f->loop, UV_RUN_NOWAIT);
	check_whole(last);
	for (size_t i = 0; i < MANY - 1; i++) {
		assert_int_equal(f->jobs[i].done, 0);
		assert_true(
		    crc_reader_cancel(f->jobs[i].reader).offset < 200 * CHUNK);
	}
}

static void late_reads_leave_the_loop_idle(void **state)
{
	struct fixture *f = *state;
	struct job *job = start(f, 0, 0);

	job->mock.late = true;
	uv_run(&f->loop, UV_RUN_NOWAIT);
	while (job->done == 0) {
		assert_false(uv_is_active((uv_handle_t *)&f->readers.turn));
		mock_source_complete(&job->mock);
		uv_run(&f->loop, UV_RUN_NOWAIT);
	}
	check_whole(job);
}

static void errors_end_it_with_what_is_known(void **state)
{
	struct fixture *f = *state;
	struct job *now = start(f, 0, 0);
	struct job *late = start(f, 1, 0);

	now->mock.fail_at = 3 * CHUNK;
	now->mock.error = -ESTALE;
	late->mock.late = true;
	late->mock.error = -EIO;
	while (now->done == 0)
		uv_run(&f->loop, UV_RUN_NOWAIT);
	assert_int_equal(now->error, -ESTALE);
	assert_int_equal(now->state.offset, 3 * CHUNK);
	assert_int_equal(now->state.crc, crc_of(3 * CHUNK));
	mock_source_complete(&late->mock);
	assert_int_equal(late->done, 0);
	uv_run(&f->loop, UV_RUN_NOWAIT);
	assert_int_equal(late->error, -EIO);
	assert_int_equal(late->state.offset, 0);
}

static void cancelled_in_any_state(void **state)
{
	struct fixture *f = *state;
	struct job *fresh = start(f, 0, 0);
	struct job *running = start(f, 1, 0);
	struct job *late = start(f, 2, 0);
	struct crc_state known;

	late->mock.late = true;
	known = crc_reader_cancel(fresh->reader);
	assert_int_equal(known.offset, 0);
	uv_run(&f->loop, UV_RUN_NOWAIT);
	known = crc_reader_cancel(running->reader);
	assert_true(known.offset > 0);
	assert_int_equal(known.crc, crc_of(known.offset));
	crc_reader_cancel(late->reader);
	assert_int_equal(late->mock.cancels, 1);
	assert_false(uv_is_active((uv_handle_t *)&f->readers.turn));
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(f->jobs[i].done, 0);
		assert_int_equal(f->jobs[i].closed, 1);
	}
}

static void run_all(struct fixture *f, size_t count)
{
	unsigned int done;

	do {
		uv_run(&f->loop, UV_RUN_NOWAIT);
		done = 0;
		for (size_t i = 0; i < count; i++)
			done += f->jobs[i].done;
	} while (done < count);
}

static void of_one_file_one_reads(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < MANY; i++)
		start_file(f, i, 0, 1);
	run_all(f, MANY);
	for (size_t i = 0; i < MANY; i++) {
		check_whole(&f->jobs[i]);
		assert_int_equal(f->jobs[i].mock.bytes_read, i == 0 ? SIZE : 0);
	}
	assert_false(uv_is_active((uv_handle_t *)&f->readers.turn));
}

/* Once for its leader's leaving, once for its failing. */
static void the_next_goes_on_where_one_stops(void **state)
{
	struct fixture *f = *state;
	struct job *gone = start_file(f, 0, 0, 1);
	struct job *failing = start_file(f, 1, 0, 1);
	struct job *parked = start_file(f, 2, 0, 1);
	struct job *last = start_file(f, 3, 0, 1);
	struct crc_state known;

	uv_run(&f->loop, UV_RUN_NOWAIT);
	known = crc_reader_cancel(gone->reader);
	assert_int_equal(crc_reader_cancel(parked->reader).offset, 0);
	assert_int_equal(parked->mock.cancels, 0);
	failing->mock.fail_at = 5 * CHUNK;
	failing->mock.error = -ESTALE;
	while (last->done == 0)
		uv_run(&f->loop, UV_RUN_NOWAIT);
	assert_int_equal(failing->error, -ESTALE);
	assert_int_equal(failing->state.offset, 5 * CHUNK);
	check_whole(last);
	assert_true(known.offset > 0);
	assert_int_equal(failing->mock.bytes_read, 5 * CHUNK - known.offset);
	assert_int_equal(last->mock.bytes_read, SIZE - 5 * CHUNK);
	assert_int_equal(gone->done + parked->done, 0);
}

static void other_files_are_read_too(void **state)
{
	struct fixture *f = *state;
	struct job *first = start_file(f, 0, 0, 1);
	struct job *second = start_file(f, 1, 0, 2);

	run_all(f, 2);
	assert_int_equal(first->mock.bytes_read, SIZE);
	assert_int_equal(second->mock.bytes_read, SIZE);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    a_file_is_read_over_several_turns, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    what_is_known_is_not_read, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    many_share_the_turns, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    some_run_at_a_time, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    a_turn_has_an_end, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    late_reads_leave_the_loop_idle, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    errors_end_it_with_what_is_known, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    cancelled_in_any_state, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    of_one_file_one_reads, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    the_next_goes_on_where_one_stops, setup, teardown),
		cmocka_unit_test_setup_teardown(
		    other_files_are_read_too, setup, teardown),
	};

	return cmocka_run_group_tests_name("crc_reader", tests, NULL, NULL);
}
