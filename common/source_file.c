/* SPDX-License-Identifier: MIT */
/*
 * One read is in flight at a time, but a chunk may still be lent while the
 * next is read: so there are two aio_reads, used in turn.
 */
#include "config.h"
#include "common/source_file.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <uv.h>

#include "common/aio_file.h"
#include "common/aio_reader.h"
#include "common/chunk_pool.h"
#include "common/container_of.h"
#include "common/file_guard.h"
#include "common/source.h"

/*
 * A file that is appended to has a new time of modification first and its new
 * size when the bytes are there: for a while it looks like one whose bytes
 * were changed. So it is looked at again, after 1, 2, 4 … ms, before it counts
 * as changed.
 */
#define APPEND_DELAY_MAX_MS 32

struct append_wait {
	uv_timer_t timer;
	struct source_file *owner;
	unsigned int delay_ms;
};

struct source_file {
	struct source source;
	struct aio_reader *reader;
	struct aio_file *file;
	struct file_guard guard;
	struct aio_read reads[2];
	struct aio_read *in_flight;
	uint64_t offset;          /* of the last read */
	struct append_wait *wait; /* of the read in flight, or NULL */
};

static struct source_file *self(struct source *source)
{
	return container_of(source, struct source_file, source);
}

static struct source_chunk chunk_of(struct aio_read *read)
{
	struct source_chunk chunk = {
		.data = read->data,
		.length = read->length,
		.owner = read,
	};
	return chunk;
}

/*
 * Looks at the file after the read: a write changes the time of modification
 * before the first byte.
 */
static int look(struct source_file *file, const struct aio_read *read)
{
	int error = file_guard_check(&file->guard, file->file->fd);

	if (error == 0 && read->length == 0)
		error = -ENODATA;
	if (error == 0)
		file_guard_note(
		    &file->guard, file->offset, read->data, read->length);
	return error;
}

static void deliver(struct source_file *file, int error)
{
	struct aio_read *read = file->in_flight;
	struct source_chunk chunk;

	if (error < 0)
		aio_reader_release(file->reader, read);
	chunk = chunk_of(read);
	file->in_flight = NULL;
	file->source.done(file->source.context, error, &chunk);
}

static void wait_closed(uv_handle_t *handle)
{
	free(container_of((uv_timer_t *)handle, struct append_wait, timer));
}

static void end_wait(struct source_file *file)
{
	if (file->wait)
		uv_close((uv_handle_t *)&file->wait->timer, wait_closed);
	file->wait = NULL;
}

static void on_wait(uv_timer_t *timer)
{
	struct append_wait *wait =
	    container_of(timer, struct append_wait, timer);
	struct source_file *file = wait->owner;
	int error = look(file, file->in_flight);

	if (error == -ESTALE && wait->delay_ms < APPEND_DELAY_MAX_MS) {
		wait->delay_ms *= 2;
		uv_timer_start(timer, on_wait, wait->delay_ms, 0);
		return;
	}
	end_wait(file);
	deliver(file, error);
}

/* True if the read in flight will have its result later. */
static bool wait_for_append(struct source_file *file)
{
	struct append_wait *wait = calloc(1, sizeof(*wait));

	if (!wait)
		return false;
	wait->owner = file;
	wait->delay_ms = 1;
	uv_timer_init(file->file->loop, &wait->timer);
	uv_timer_start(&wait->timer, on_wait, wait->delay_ms, 0);
	file->wait = wait;
	return true;
}

static void on_done(struct aio_read *read)
{
	struct source_file *file = read->context;
	int error = read->error;

	if (error == 0) {
		error = look(file, read);
		if (error == -ESTALE && wait_for_append(file))
			return;
	}
	deliver(file, error);
}

/*
 * Ends the read on a page boundary where the source goes on, so that reads
 * that follow each other stay aligned for direct I/O.
 */
static size_t align_end(
    const struct source *source, uint64_t offset, size_t length)
{
	uint64_t end = offset + length;
	size_t beyond = (size_t)(end % CHUNK_POOL_ALIGNMENT);

	return end < source->size && beyond < length ? length - beyond : length;
}

static int file_read(struct source *source, uint64_t offset, size_t length,
    struct source_chunk *ret_chunk)
{
	struct source_file *file = self(source);
	struct aio_read *read = &file->reads[0];
	int r;

	assert(!file->in_flight);
	if (read->buffer)
		read = &file->reads[1];
	file->offset = offset;
	r = aio_reader_read(file->reader, file->file, read, offset,
	    align_end(source, offset, length));
	if (r < 0)
		return r;
	file->in_flight = read;
	if (r == 0)
		return 0;
	r = look(file, read);
	if (r == -ESTALE && wait_for_append(file))
		return 0;
	file->in_flight = NULL;
	if (r < 0) {
		aio_reader_release(file->reader, read);
		return r;
	}
	*ret_chunk = chunk_of(read);
	return 1;
}

static void file_cancel(struct source *source)
{
	struct source_file *file = self(source);

	end_wait(file);
	if (file->in_flight)
		aio_reader_cancel(file->reader, file->in_flight);
	file->in_flight = NULL;
}

static void file_release(struct source *source, struct source_chunk *chunk)
{
	aio_reader_release(self(source)->reader, chunk->owner);
}

static void file_close(struct source *source)
{
	struct source_file *file = self(source);

	assert(!file->in_flight);
	aio_file_unref(file->file);
	free(file);
}

static const struct source_ops file_ops = {
	.read = file_read,
	.cancel = file_cancel,
	.release = file_release,
	.close = file_close,
};

struct source *source_file_new(struct aio_reader *reader, struct aio_file *file,
    const struct file_version *version)
{
	struct source_file *made = calloc(1, sizeof(*made));

	if (!made)
		return NULL;
	made->source.ops = &file_ops;
	made->source.size = version->size;
	file_guard_init(&made->guard, version, !file->close_blocks);
	made->reader = reader;
	made->file = aio_file_ref(file);
	for (int i = 0; i < 2; i++) {
		made->reads[i].done = on_done;
		made->reads[i].context = made;
	}
	return &made->source;
}
