/* SPDX-License-Identifier: MIT */
/* A file as a source, through a real reader on a file in this folder. */
#include "config.h"
#include "common/stream/source_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/chunk_pool.h"
#include "common/file/aio_file.h"
#include "common/file/file_guard.h"
#include "common/reader/aio_reader.h"
#include "common/stream/source.h"
#include "tests/unit/support/real_file.h"
#include "tests/unit/support/source_fixture.h"
#include "tests/unit/support/unit.h"

/* From `offset` to the end in pieces of up to `most` bytes. */
static void read_to_end(struct source_fixture *f, uint64_t offset, size_t most)
{
	uint64_t size = f->source->size;
	bool first = true;

	while (offset < size) {
		size_t left = (size_t)(size - offset);
		size_t length = left < most ? left : most;
		struct source_chunk chunk;

		assert_int_equal(
		    source_fixture_read(f, offset, length, &chunk), 1);
		assert_true(chunk.length <= length);
		source_fixture_check(&chunk, offset);
		/* From the second on they start on a page, and end there. */
		if (most > PAGE && !first)
			assert_int_equal(offset % PAGE, 0);
		first = false;
		offset += chunk.length;
		source_fixture_release(f, &chunk);
		assert_int_equal(chunk_pool_borrowed(f->pool), 0);
	}
	assert_true(offset == size);
}

/* --- tests ---------------------------------------------------------------- */

static const struct {
	uint64_t offset;
	size_t most;
} ways[] = {
	{ 0, BUFFER },
	{ 100, BUFFER },
	{ PAGE - 1, PAGE + 1 },
	{ FILE_SIZE - 3 * PAGE, 1000 },
	{ FILE_SIZE - 1, BUFFER },
};

static void reads_a_file(void **state)
{
	struct source_fixture *f = *state;

	for (int cold = 0; cold < 2; cold++) {
		for (size_t i = 0; i < ARRAY_LENGTH(ways); i++) {
			if (cold)
				real_file_make_cold(f->fd);
			read_to_end(f, ways[i].offset, ways[i].most);
		}
	}
}

static const struct {
	uint64_t offset;
	size_t length;
	size_t expected;
} ends[] = {
	{ 1, PAGE, PAGE - 1 },
	{ 100, BUFFER, BUFFER - 100 },
	/* All of it within a page. */
	{ 0, PAGE - 1, PAGE - 1 },
	{ 100, 50, 50 },
	/* The source's end is where it is. */
	{ FILE_SIZE - 777 - PAGE, PAGE + 777, PAGE + 777 },
	{ FILE_SIZE - 777 - PAGE, PAGE + 776, PAGE },
};

static void ends_reads_on_pages(void **state)
{
	struct source_fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LENGTH(ends); i++) {
		struct source_chunk chunk;

		/* The first look only says that it is cached. */
		assert_int_equal(source_fixture_read(f, 0, 1, &chunk), 1);
		source_fixture_release(f, &chunk);
		assert_int_equal(source_fixture_read(
				     f, ends[i].offset, ends[i].length, &chunk),
		    1);
		assert_int_equal(chunk.length, ends[i].expected);
		source_fixture_check(&chunk, ends[i].offset);
		source_fixture_release(f, &chunk);
	}
}

static void lends_two_chunks(void **state)
{
	struct source_fixture *f = *state;

	for (int cold = 0; cold < 2; cold++) {
		struct source_chunk chunks[2];

		if (cold)
			real_file_make_cold(f->fd);
		assert_int_equal(
		    source_fixture_read(f, 0, BUFFER, &chunks[0]), 1);
		/* Each of the two is once the older one. */
		for (uint64_t at = BUFFER; at < 6 * BUFFER; at += BUFFER) {
			unsigned int i = (at / BUFFER) % 2;

			assert_int_equal(
			    source_fixture_read(f, at, BUFFER, &chunks[i]), 1);
			assert_int_equal(chunk_pool_borrowed(f->pool), 2);
			source_fixture_check(&chunks[!i], at - BUFFER);
			source_fixture_check(&chunks[i], at);
			source_fixture_release(f, &chunks[!i]);
		}
		source_fixture_release(f, &chunks[1]);
	}
}

static void forgets_a_read_in_flight(void **state)
{
	struct source_fixture *f = *state;
	struct source_chunk chunk;
	int tries = 1000;
	int r;

	f->done = 0;
	do {
		real_file_make_cold(f->fd);
		r = f->source->ops->read(f->source, 2 * PAGE, BUFFER, &chunk);
		assert_true(r >= 0);
		if (r > 0)
			source_fixture_release(f, &chunk);
	} while (r > 0 && --tries > 0 && !real_file_is_in_memory(f->fd));
	assert_true(r == 0 || real_file_is_in_memory(f->fd));
	f->source->ops->cancel(f->source);
	f->source->ops->cancel(f->source);
	assert_int_equal(source_fixture_read(f, 5 * BUFFER, PAGE, &chunk), 1);
	source_fixture_check(&chunk, 5 * BUFFER);
	source_fixture_release(f, &chunk);
}

/* Right after the read, the source may go: the reader has what it needs. */
static void may_be_closed_after_cancel(void **state)
{
	struct source_fixture *f = *state;

	for (int turns = 0; turns < 4; turns++) {
		struct source_chunk chunk;

		real_file_make_cold(f->fd);
		f->done = 0;
		if (f->source->ops->read(f->source, 0, BUFFER, &chunk) > 0)
			source_fixture_release(f, &chunk);
		for (int i = 0; i < turns; i++)
			uv_run(&f->loop, UV_RUN_NOWAIT);
		if (f->done)
			source_fixture_release(f, &f->chunk);
		else
			f->source->ops->cancel(f->source);
		f->source->ops->close(f->source);
		source_fixture_open(f, FILE_SIZE);
	}
}

struct change {
	void (*apply)(int fd);
	int error; /* 0: the bytes stay right */
};

static void cut_all(int fd)
{
	assert_int_equal(ftruncate(fd, 0), 0);
}

static void cut_a_byte(int fd)
{
	assert_int_equal(ftruncate(fd, FILE_SIZE - 1), 0);
}

static void cut_to_a_page(int fd)
{
	assert_int_equal(ftruncate(fd, 3 * PAGE), 0);
}

static void write_far_away(int fd)
{
	assert_int_equal(pwrite(fd, "x", 1, FILE_SIZE - 1), 1);
}

static void touch(int fd)
{
	source_fixture_set_mtime(fd, MTIME + 1);
}

static void set_back(int fd)
{
	source_fixture_set_mtime(fd, MTIME - 1);
}

static void append(int fd)
{
	assert_int_equal(pwrite(fd, "x", 1, FILE_SIZE), 1);
}

static void cut_and_grow(int fd)
{
	cut_to_a_page(fd);
	assert_int_equal(ftruncate(fd, FILE_SIZE), 0);
}

static void change_mode(int fd)
{
	assert_int_equal(fchmod(fd, 0640), 0);
}

static const struct change changes[] = {
	{ cut_all, -ENODATA },
	{ cut_a_byte, -ENODATA },
	{ cut_to_a_page, -ENODATA },
	{ write_far_away, -ESTALE },
	{ touch, -ESTALE },
	{ set_back, -ESTALE },
	{ cut_and_grow, -ESTALE },
	{ append, 0 },
	{ change_mode, 0 },
};

static void check_change(struct source_fixture *f, const struct change *change)
{
	struct source_chunk chunk = { 0 };

	assert_int_equal(source_fixture_read(f, 0, BUFFER, &chunk), 1);
	source_fixture_release(f, &chunk);
	change->apply(f->fd);
	if (change->error == 0) {
		read_to_end(f, chunk.length, BUFFER);
		return;
	}
	/* Not even what the page cache still has, and for good. */
	for (int i = 0; i < 2; i++)
		assert_int_equal(source_fixture_read(f, PAGE, BUFFER, &chunk),
		    change->error);
	assert_int_equal(chunk_pool_borrowed(f->pool), 0);
}

static void notices_a_change(void **state)
{
	struct source_fixture *f = *state;

	for (size_t i = 0; i < 2 * ARRAY_LENGTH(changes); i++) {
		if (i % 2)
			real_file_make_cold(f->fd);
		check_change(f, &changes[i / 2]);
		f->source->ops->close(f->source);
		source_fixture_open(f, FILE_SIZE);
	}
}

/* The read is under way, maybe done, when the file is changed. */
static void notices_a_change_during_a_read(void **state)
{
	struct source_fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LENGTH(changes); i++) {
		struct source_chunk chunk = { 0 };
		int r;

		real_file_make_cold(f->fd);
		f->done = 0;
		r = f->source->ops->read(f->source, 0, BUFFER, &chunk);
		changes[i].apply(f->fd);
		while (r == 0 && f->done == 0)
			uv_run(&f->loop, UV_RUN_ONCE);
		/* Else it was lent before. */
		if (r == 0)
			assert_int_equal(f->error, changes[i].error);
		if (r == 0 && f->error == 0)
			chunk = f->chunk;
		if (chunk.data) {
			source_fixture_check(&chunk, 0);
			source_fixture_release(f, &chunk);
		}
		assert_int_equal(chunk_pool_borrowed(f->pool), 0);
		f->source->ops->close(f->source);
		source_fixture_open(f, FILE_SIZE);
	}
}

/* A write sets the time first, and the size when the bytes are there. */
static void waits_for_the_end_of_an_append(void **state)
{
	struct source_fixture *f = *state;

	for (int cold = 0; cold < 2; cold++) {
		struct source_chunk chunk;

		if (cold)
			real_file_make_cold(f->fd);
		touch(f->fd);
		f->done = 0;
		assert_int_equal(
		    f->source->ops->read(f->source, PAGE, BUFFER, &chunk), 0);
		uv_run(&f->loop, UV_RUN_ONCE);
		assert_int_equal(f->done, 0);
		append(f->fd);
		while (f->done == 0)
			uv_run(&f->loop, UV_RUN_ONCE);
		assert_int_equal(f->error, 0);
		source_fixture_check(&f->chunk, PAGE);
		source_fixture_release(f, &f->chunk);
		f->source->ops->close(f->source);
		source_fixture_open(f, FILE_SIZE);
	}
}

static void may_be_closed_while_it_waits(void **state)
{
	struct source_fixture *f = *state;

	for (int turns = 0; turns < 4; turns++) {
		struct source_chunk chunk;

		touch(f->fd);
		f->done = 0;
		assert_int_equal(
		    f->source->ops->read(f->source, PAGE, BUFFER, &chunk), 0);
		for (int i = 0; i < turns; i++)
			uv_run(&f->loop, UV_RUN_ONCE);
		assert_int_equal(f->done, 0);
		f->source->ops->cancel(f->source);
		assert_int_equal(chunk_pool_borrowed(f->pool), 0);
		f->source->ops->close(f->source);
		source_fixture_open(f, FILE_SIZE);
	}
}

int main(void)
{
#define TEST(name)                       \
	cmocka_unit_test_setup_teardown( \
	    name, source_fixture_setup, source_fixture_teardown)
	static const struct CMUnitTest tests[] = {
		TEST(reads_a_file),
		TEST(ends_reads_on_pages),
		TEST(lends_two_chunks),
		TEST(forgets_a_read_in_flight),
		TEST(may_be_closed_after_cancel),
		TEST(notices_a_change),
		TEST(notices_a_change_during_a_read),
		TEST(waits_for_the_end_of_an_append),
		TEST(may_be_closed_while_it_waits),
	};

	return cmocka_run_group_tests_name("source_file", tests, NULL, NULL);
}
