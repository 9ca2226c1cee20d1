/* SPDX-License-Identifier: MIT */
/* Framing alone; test_fcgi_output.c has what reaches a socket. */
#include "config.h"
#include "common/fcgi/fcgi_batch.h"

#include <fastcgi.h>
#include <string.h>

#include "common/chunk_pool.h"
#include "common/fcgi/fcgi_record.h"
#include "tests/unit/support/unit.h"

#define HEADER FCGI_RECORD_HEADER_SIZE
#define ID 7

static int setup(void **state)
{
	static struct fcgi_batch batch;

	memset(&batch, 0, sizeof(batch));
	batch.buffers =
	    chunk_pool_new(FCGI_BATCH_BUFFER_SIZE, FCGI_BATCH_BUFFER_SIZE);
	batch.request_id = ID;
	assert_non_null(batch.buffers);
	assert_true(fcgi_batch_borrow(&batch));
	*state = &batch;
	return 0;
}

static int teardown(void **state)
{
	struct fcgi_batch *batch = *state;

	fcgi_batch_return(batch);
	fcgi_batch_return(batch);
	assert_null(batch->record);
	assert_int_equal(chunk_pool_borrowed(batch->buffers), 0);
	chunk_pool_free(batch->buffers);
	return 0;
}

/* Frames a record of so much content; the room that it had. */
static size_t add(struct fcgi_batch *batch, size_t content)
{
	size_t room;
	unsigned char *at = fcgi_batch_begin(batch, &room);

	assert_true(content <= room);
	memset(at, 'x', content);
	assert_int_equal(fcgi_batch_content(batch, at + content), content);
	fcgi_batch_frame(batch, at + content);
	return room;
}

static void frames_records_after_each_other(void **state)
{
	static const size_t contents[] = { 1, 8, 13, FCGI_BATCH_CONTENT_MAX };
	struct fcgi_batch *batch = *state;
	const unsigned char *at = NULL;
	size_t length = 0;

	for (size_t i = 0; i < ARRAY_LENGTH(contents); i++) {
		size_t padding = fcgi_record_padding(contents[i]);

		assert_int_equal(
		    add(batch, contents[i]), FCGI_BATCH_CONTENT_MAX);
		at = at ? at : batch->framed[0].bytes;
		assert_ptr_equal(batch->framed[i].bytes, at + length);
		assert_int_equal(at[length + 1], FCGI_STDOUT);
		assert_int_equal(at[length + 3], ID);
		assert_int_equal(
		    at[length + 4] << 8 | at[length + 5], contents[i]);
		assert_int_equal(at[length + 6], padding);
		length += HEADER + contents[i] + padding;
		assert_int_equal(fcgi_batch_length(batch), length);
	}
	assert_int_equal(length % 8, 0);
}

/* Four full records and the end of a chunk: no more fit, nor are needed. */
static void has_room_for_a_chunk(void **state)
{
	struct fcgi_batch *batch = *state;
	size_t content = 0;
	size_t room;
	unsigned char *at;

	for (unsigned int i = 1; i < FCGI_BATCH_MAX; i++) {
		content += add(batch, FCGI_BATCH_CONTENT_MAX);
		at = batch->framed[i - 1].bytes + batch->framed[i - 1].length;
		assert_int_equal(
		    fcgi_batch_has_room(batch, at), i + 1 < FCGI_BATCH_MAX);
	}
	fcgi_batch_begin(batch, &room);
	assert_true(content + room >= 256 << 10);
}

static void has_one_buffer_at_a_time(void **state)
{
	struct fcgi_batch *batch = *state;
	struct fcgi_batch other = { .buffers = batch->buffers };

	assert_false(fcgi_batch_borrow(&other));
	assert_null(other.buffer);
}

/* Of two records, of 10 bytes and 6 of padding, of 16 and none. */
static const struct {
	size_t sent;
	size_t dropped;
	size_t kept;
	size_t owed;
} drops[] = {
	{ 0, 26, 0, 0 },
	{ 1, 26, HEADER - 1, 10 },
	{ HEADER, 26, 0, 10 },
	{ HEADER + 4, 22, 0, 6 },
	{ HEADER + 10, 16, 6, 0 },
	{ HEADER + 11, 16, 5, 0 },
	{ HEADER + 15, 16, 1, 0 },
	{ HEADER + 16, 16, 0, 0 },
	{ HEADER + 17, 16, HEADER - 1, 16 },
	{ 2 * HEADER + 16, 16, 0, 16 },
	{ 2 * HEADER + 31, 1, 0, 1 },
	{ 2 * HEADER + 32, 0, 0, 0 },
};

static void drops_what_did_not_leave(void **state)
{
	struct fcgi_batch *batch = *state;

	for (size_t i = 0; i < ARRAY_LENGTH(drops); i++) {
		struct fcgi_batch_rest rest;

		batch->count = 0;
		batch->owed = 0;
		add(batch, 10);
		add(batch, 16);
		fcgi_batch_drop(batch, drops[i].sent, &rest);
		assert_int_equal(rest.dropped, drops[i].dropped);
		assert_int_equal(rest.kept_length, drops[i].kept);
		if (rest.kept_length > 0)
			assert_ptr_equal(
			    rest.kept, batch->framed[0].bytes + drops[i].sent);
		assert_int_equal(batch->owed, drops[i].owed);
	}
}

/* An open record goes on without a header, and keeps its padding. */
static void continues_an_open_record(void **state)
{
	struct fcgi_batch *batch = *state;
	struct fcgi_batch_rest rest;

	add(batch, 10);
	fcgi_batch_drop(batch, HEADER + 3, &rest);
	batch->count = 0;
	assert_int_equal(add(batch, 5), 7);
	assert_int_equal(batch->framed[0].header, 0);
	assert_int_equal(batch->framed[0].length, 5);
	assert_int_equal(batch->owed, 2);
	/* It stays open, whatever was sent of it. */
	fcgi_batch_drop(batch, 0, &rest);
	assert_int_equal(rest.dropped, 5);
	assert_int_equal(rest.kept_length, 0);
	assert_int_equal(batch->owed, 7);
	batch->count = 0;
	assert_int_equal(add(batch, 7), 7);
	assert_int_equal(batch->framed[0].length, 7 + 6);
	assert_int_equal(batch->owed, 0);
	assert_int_equal(add(batch, 1), FCGI_BATCH_CONTENT_MAX);
	assert_int_equal(batch->framed[1].header, HEADER);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(frames_records_after_each_other),
		TEST(has_room_for_a_chunk),
		TEST(has_one_buffer_at_a_time),
		TEST(drops_what_did_not_leave),
		TEST(continues_an_open_record),
	};

	return cmocka_run_group_tests_name("fcgi_batch", tests, NULL, NULL);
}
