/* SPDX-License-Identifier: MIT */
/*
 * One read is in flight at a time, but a chunk may still be lent while the
 * next is read: so there are two aio_reads, used in turn.
 */
#include "config.h"
#include "common/source_file.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "common/aio_file.h"
#include "common/aio_reader.h"
#include "common/chunk_pool.h"
#include "common/container_of.h"
#include "common/source.h"

struct source_file {
	struct source source;
	struct aio_reader *reader;
	struct aio_file *file;
	struct aio_read reads[2];
	struct aio_read *in_flight;
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

static void on_done(struct aio_read *read)
{
	struct source_file *file = read->context;
	struct source_chunk chunk = chunk_of(read);
	int error = read->error;

	file->in_flight = NULL;
	if (error == 0 && chunk.length == 0)
		error = -ENODATA;
	file->source.done(file->source.context, error, &chunk);
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
	r = aio_reader_read(file->reader, file->file, read, offset,
	    align_end(source, offset, length));
	if (r == 0)
		file->in_flight = read;
	else if (r > 0)
		*ret_chunk = chunk_of(read);
	return r;
}

static void file_cancel(struct source *source)
{
	struct source_file *file = self(source);

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

struct source *source_file_new(
    struct aio_reader *reader, struct aio_file *file, uint64_t size)
{
	struct source_file *made = calloc(1, sizeof(*made));

	if (!made)
		return NULL;
	made->source.ops = &file_ops;
	made->source.size = size;
	made->reader = reader;
	made->file = aio_file_ref(file);
	for (int i = 0; i < 2; i++) {
		made->reads[i].done = on_done;
		made->reads[i].context = made;
	}
	return &made->source;
}
