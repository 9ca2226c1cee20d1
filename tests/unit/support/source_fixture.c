/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "tests/unit/support/source_fixture.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/chunk_pool.h"
#include "common/file/aio_file.h"
#include "common/file/file_guard.h"
#include "common/reader/aio_reader.h"
#include "common/stream/source_file.h"
#include "tests/unit/support/descriptors.h"
#include "tests/unit/support/real_file.h"
#include "tests/unit/support/unit.h"

/* Of a millisecond each, for all tests of a program together. */
#define SLOT_TRIES 20000

static void on_done(void *context, int error, const struct source_chunk *chunk)
{
	struct source_fixture *f = context;

	f->done++;
	f->error = error;
	f->chunk = *chunk;
}

void source_fixture_set_mtime(int fd, time_t seconds)
{
	const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT },
		{ .tv_sec = seconds, .tv_nsec = 7 } };

	assert_int_equal(futimens(fd, times), 0);
}

void source_fixture_open(struct source_fixture *f, uint64_t size)
{
	const struct file_version version = {
		.size = size,
		.mtime = { .tv_sec = MTIME, .tv_nsec = 7 },
	};
	struct aio_file *file;

	f->fd = real_file_make(".", FILE_SIZE);
	source_fixture_set_mtime(f->fd, MTIME);
	file = aio_file_new(&f->loop, f->fd, false);
	assert_non_null(file);
	f->source = source_file_new(f->reader, file, &version);
	assert_non_null(f->source);
	assert_int_equal(f->source->size, size);
	/* The source has its own reference. */
	aio_file_unref(file);
	f->source->done = on_done;
	f->source->context = f;
}

/*
 * The host's slots are shared: other tests may hold all of them for a while.
 * Without any the reader would use threads alone.
 */
static void open_reader(struct source_fixture *f, enum page_cache_mode mode)
{
	const struct aio_reader_options options = {
		.loop = &f->loop,
		.pool = f->pool,
		.depth = 4,
		.pool_jobs = 2,
		.page_cache = mode,
	};
	static int tries = SLOT_TRIES;

	assert_int_equal(aio_reader_new(&options, &f->reader), 0);
	while (aio_reader_setup_error(f->reader) == -EAGAIN && tries > 0) {
		tries--;
		aio_reader_close(f->reader);
		uv_run(&f->loop, UV_RUN_DEFAULT);
		usleep(1000);
		assert_int_equal(aio_reader_new(&options, &f->reader), 0);
	}
}

struct source_fixture *source_fixture_new(enum page_cache_mode mode)
{
	struct source_fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	assert_int_equal(uv_loop_init(&f->loop), 0);
	f->fds_before = count_descriptors();
	f->pool = chunk_pool_new(BUFFER, SOURCE_FIXTURE_BUFFERS * BUFFER);
	assert_non_null(f->pool);
	open_reader(f, mode);
	source_fixture_open(f, FILE_SIZE);
	return f;
}

int source_fixture_setup(void **state)
{
	*state = source_fixture_new(PAGE_CACHE_AUTO);
	return 0;
}

int source_fixture_teardown(void **state)
{
	struct source_fixture *f = *state;

	f->source->ops->close(f->source);
	aio_reader_close(f->reader);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(chunk_pool_borrowed(f->pool), 0);
	assert_int_equal(count_descriptors(), f->fds_before);
	assert_int_equal(uv_loop_close(&f->loop), 0);
	chunk_pool_free(f->pool);
	free(f);
	return 0;
}

int source_fixture_read(struct source_fixture *f, uint64_t offset,
    size_t length, struct source_chunk *ret_chunk)
{
	int r;

	f->done = 0;
	r = f->source->ops->read(f->source, offset, length, ret_chunk);
	if (r != 0)
		return r;
	while (f->done == 0)
		uv_run(&f->loop, UV_RUN_ONCE);
	if (f->error)
		return f->error;
	*ret_chunk = f->chunk;
	return 1;
}

void source_fixture_check(const struct source_chunk *chunk, uint64_t offset)
{
	assert_true(chunk->length > 0);
	for (size_t i = 0; i < chunk->length; i++)
		if (chunk->data[i] != real_file_byte(offset + i))
			fail_msg(
			    "byte %zu at %ju is wrong", i, (uintmax_t)offset);
}

void source_fixture_release(
    struct source_fixture *f, struct source_chunk *chunk)
{
	f->source->ops->release(f->source, chunk);
}
