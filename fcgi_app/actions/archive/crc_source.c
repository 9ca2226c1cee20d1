/* SPDX-License-Identifier: MIT */
/* Chunks are lent on as they are, and given back to where they come from. */
#include "config.h"
#include "fcgi_app/actions/archive/crc_source.h"

#include <libdeflate.h>
#include <stdbool.h>
#include <stdlib.h>

#include "common/container_of.h"
#include "common/stream/source.h"

struct crc_source {
	struct source source;
	struct source *bytes;
	struct crc_watch watch;
	uint64_t offset; /* of the read in flight */
	struct crc_state state;
	uint64_t noted; /* state.offset that the watch knows of */
	bool begun;     /* to be read */
};

static struct crc_source *self(struct source *source)
{
	return container_of(source, struct crc_source, source);
}

static int tell(struct crc_source *source)
{
	if (source->state.offset == source->noted)
		return 0;
	source->noted = source->state.offset;
	return source->watch.note(
	    source->watch.context, source->watch.member, &source->state);
}

/*
 * Sums the part of a chunk that follows what is summed, if it has one. Returns
 * 0; or -errno: the chunk is not to be lent.
 */
static int note(struct crc_source *source, uint64_t offset,
    const struct source_chunk *chunk)
{
	struct crc_state *state = &source->state;
	uint64_t end = offset + chunk->length;
	size_t skip;

	if (offset > state->offset || end <= state->offset)
		return 0;
	skip = (size_t)(state->offset - offset);
	state->crc = libdeflate_crc32(
	    state->crc, chunk->data + skip, chunk->length - skip);
	state->offset = end;
	return end == source->source.size ? tell(source) : 0;
}

static void give_back(
    struct crc_source *source, const struct source_chunk *chunk)
{
	struct source_chunk lent = *chunk;

	source->bytes->ops->release(source->bytes, &lent);
}

/* The result of a read that was in flight. */
static void on_done(void *context, int error, const struct source_chunk *chunk)
{
	struct crc_source *source = context;

	if (error == 0) {
		error = note(source, source->offset, chunk);
		if (error < 0)
			give_back(source, chunk);
	}
	source->source.done(source->source.context, error, chunk);
}

/* An earlier state counts only if the first read is not from the start. */
static void begin(struct crc_source *source, uint64_t offset)
{
	if (!source->begun && offset == 0) {
		source->state.offset = source->noted = 0;
		source->state.crc = 0;
	}
	source->begun = true;
}

static int crc_read(struct source *as_source, uint64_t offset, size_t length,
    struct source_chunk *ret_chunk)
{
	struct crc_source *source = self(as_source);
	int r, error;

	begin(source, offset);
	source->offset = offset;
	r = source->bytes->ops->read(source->bytes, offset, length, ret_chunk);
	if (r <= 0)
		return r;
	error = note(source, offset, ret_chunk);
	if (error < 0)
		give_back(source, ret_chunk);
	return error < 0 ? error : r;
}

static void crc_cancel(struct source *source)
{
	struct source *bytes = self(source)->bytes;

	bytes->ops->cancel(bytes);
}

static void crc_read_ahead(
    struct source *source, unsigned int chunks, uint64_t end)
{
	struct source *bytes = self(source)->bytes;

	if (bytes->ops->read_ahead)
		bytes->ops->read_ahead(bytes, chunks, end);
}

static void crc_release(struct source *source, struct source_chunk *chunk)
{
	struct source *bytes = self(source)->bytes;

	bytes->ops->release(bytes, chunk);
}

static void crc_close(struct source *as_source)
{
	struct crc_source *source = self(as_source);

	tell(source);
	source->bytes->ops->close(source->bytes);
	free(source);
}

static const struct source_ops crc_ops = {
	.read = crc_read,
	.cancel = crc_cancel,
	.read_ahead = crc_read_ahead,
	.release = crc_release,
	.close = crc_close,
};

struct source *crc_source_new(struct source *bytes,
    const struct crc_state *state, const struct crc_watch *watch)
{
	struct crc_source *source = calloc(1, sizeof(*source));

	if (!source)
		return NULL;
	source->source.ops = &crc_ops;
	source->source.size = bytes->size;
	source->bytes = bytes;
	source->state = *state;
	source->noted = state->offset;
	source->watch = *watch;
	bytes->done = on_done;
	bytes->context = source;
	return &source->source;
}
