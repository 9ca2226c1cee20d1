/* SPDX-License-Identifier: MIT */
/*
 * The pump knows two facts: whether the writer is ready (`writable`) and how
 * far the next chunk is (`next`). A chunk is sent when both are true:
 *
 *	            writable          not writable
 *	NONE        read              wait for the writer
 *	READING     wait for source   wait for both (read-ahead)
 *	READY       send              hold, wait for the writer
 *
 * The writer's watch costs a system call to switch, so it stays on while
 * chunks come at once, and goes off only while a writable stream waits for
 * its source: a level-triggered poll would spin.
 *
 * A chunk that was read ahead and can't leave is held on the group's list. It
 * is taken back when the pool runs short, or when the client does not take it
 * for long; the stream then goes without read-ahead for a while.
 */
#include "config.h"
#include "common/stream.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "common/chunk_pool.h"
#include "common/writer.h"

/* Chunks that a client must take in time before it is read ahead for again. */
#define HOLD_OFF_CHUNKS 16

/* --- the group ---------------------------------------------------------- */

static void give_up_next(struct stream *stream);

void stream_group_init(struct stream_group *group, size_t chunk_size)
{
	memset(group, 0, sizeof(*group));
	TAILQ_INIT(&group->holders);
	group->chunk_size = chunk_size;
}

bool stream_group_reclaim(struct stream_group *group)
{
	struct stream *stream = TAILQ_FIRST(&group->holders);

	if (!stream)
		return false;
	give_up_next(stream);
	return true;
}

bool stream_group_sweep(struct stream_group *group)
{
	struct stream *stream = TAILQ_FIRST(&group->holders);

	while (stream) {
		struct stream *after = TAILQ_NEXT(stream, link);

		if (stream->sweeps++ > 0)
			give_up_next(stream);
		stream = after;
	}
	return !TAILQ_EMPTY(&group->holders);
}

static void hold(struct stream *stream)
{
	struct stream_group *group = stream->group;

	/* Somebody who could send needs the buffer more. */
	if (group->pool && chunk_pool_is_short(group->pool)) {
		give_up_next(stream);
		return;
	}
	if (TAILQ_EMPTY(&group->holders) && group->on_hold)
		group->on_hold(group->context);
	stream->holding = true;
	stream->sweeps = 0;
	TAILQ_INSERT_TAIL(&group->holders, stream, link);
}

static void unhold(struct stream *stream)
{
	if (stream->holding)
		TAILQ_REMOVE(&stream->group->holders, stream, link);
	stream->holding = false;
}

/* --- the next chunk ----------------------------------------------------- */

/* Lets go of the next chunk, read or not: it is not needed yet. */
static void forget_next(struct stream *stream)
{
	struct source *source = stream->source;

	unhold(stream);
	switch (stream->next) {
	case STREAM_NEXT_NONE:
		break;
	case STREAM_NEXT_READING:
		source->ops->cancel(source);
		break;
	case STREAM_NEXT_READY:
		source->ops->release(source, &stream->chunk);
		break;
	}
	stream->next = STREAM_NEXT_NONE;
}

/* The same, because the client is too slow for read-ahead. */
static void give_up_next(struct stream *stream)
{
	forget_next(stream);
	stream->hold_off = HOLD_OFF_CHUNKS;
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Asks the source for the bytes at `offset`; -errno if it fails at once. */
static int read_next(struct stream *stream, uint64_t offset)
{
	struct source *source = stream->source;
	uint64_t length = stream->end - offset;
	int r;

	length = smaller(length, stream->group->chunk_size);
	length = smaller(length, stream->writer->ops->room(stream->writer));
	r = source->ops->read(source, offset, (size_t)length, &stream->chunk);
	if (r < 0)
		return r;
	stream->next = r > 0 ? STREAM_NEXT_READY : STREAM_NEXT_READING;
	return 0;
}

/* --- the writer --------------------------------------------------------- */

static void want(struct stream *stream, bool on)
{
	if (stream->wanting == on)
		return;
	stream->wanting = on;
	stream->writer->ops->want(stream->writer, on);
}

static void finish(struct stream *stream, int error)
{
	stream_cancel(stream);
	stream->on_end(stream->context, error);
}

/* What goes in front goes with the first bytes: until then it can change. */
static int put_start(struct stream *stream)
{
	const void *start = stream->start;

	if (!start)
		return 0;
	stream->start = NULL;
	return stream->writer->ops->put(
	    stream->writer, start, stream->start_length);
}

/* All bytes are with the writer: close the response, wait till it has left. */
static void end_response(struct stream *stream)
{
	int r = put_start(stream);

	if (r == 0)
		r = stream->writer->ops->end(stream->writer);
	if (r == -EAGAIN)
		want(stream, true);
	else
		finish(stream, r);
}

/* --- the pump ----------------------------------------------------------- */

static bool may_read_ahead(struct stream *stream)
{
	if (stream->hold_off > 0) {
		stream->hold_off--;
		return false;
	}
	return stream->waited && stream->took;
}

/*
 * Sends the chunk that is ready; the turn ends with it. False: the stream has
 * nothing more to send, and may be gone.
 */
static bool send_chunk(struct stream *stream)
{
	struct source_chunk chunk = stream->chunk;
	uint64_t behind = stream->position + chunk.length;
	size_t taken = 0;
	int ahead = 0;
	int r;

	stream->next = STREAM_NEXT_NONE;
	if (behind < stream->end && may_read_ahead(stream))
		ahead = read_next(stream, behind);
	stream->waited = false;
	r = put_start(stream);
	if (r == 0)
		r = stream->writer->ops->offer(
		    stream->writer, chunk.data, chunk.length, &taken);
	stream->source->ops->release(stream->source, &chunk);
	stream->position += taken;
	stream->writable = false;
	/* A failed read ahead speaks up when it is asked for again. */
	if (r == 0 && (taken < chunk.length || ahead < 0))
		give_up_next(stream);
	if (r < 0) {
		finish(stream, r);
		return false;
	}
	if (stream->position == stream->end) {
		end_response(stream);
		return false;
	}
	if (stream->next == STREAM_NEXT_READY)
		hold(stream);
	return true;
}

/* The stream's turn: does the one thing that both facts allow. */
static void pump(struct stream *stream)
{
	int r;

	if (stream->writable && stream->next == STREAM_NEXT_NONE) {
		r = read_next(stream, stream->position);
		if (r < 0) {
			finish(stream, r);
			return;
		}
	}
	if (stream->writable && stream->next == STREAM_NEXT_READY) {
		unhold(stream);
		if (!send_chunk(stream))
			return;
	}
	want(stream, !stream->writable);
}

static void on_ready(void *context)
{
	struct stream *stream = context;

	stream->writable = true;
	stream->took = true;
	if (stream->position == stream->end)
		end_response(stream);
	else
		pump(stream);
}

static void on_read(void *context, int error, const struct source_chunk *chunk)
{
	struct stream *stream = context;

	assert(stream->next == STREAM_NEXT_READING);
	if (error < 0) {
		stream->next = STREAM_NEXT_NONE;
		finish(stream, error);
		return;
	}
	stream->chunk = *chunk;
	stream->next = STREAM_NEXT_READY;
	stream->waited = true;
	if (stream->writable)
		pump(stream);
	else
		hold(stream);
}

void stream_init(struct stream *stream, struct stream_group *group,
    struct source *source, struct writer *writer)
{
	memset(stream, 0, sizeof(*stream));
	stream->group = group;
	stream->source = source;
	stream->writer = writer;
}

void stream_set_start(struct stream *stream, const void *start, size_t length)
{
	stream->start = start;
	stream->start_length = length;
}

bool stream_is_untouched(const struct stream *stream)
{
	return stream->start != NULL;
}

void stream_start(struct stream *stream, uint64_t offset, uint64_t length,
    stream_end_fn *on_end, void *context)
{
	assert(length == 0 ||
	    (offset < stream->source->size &&
		length <= stream->source->size - offset));
	stream->position = offset;
	stream->end = offset + length;
	stream->on_end = on_end;
	stream->context = context;
	stream->active = true;
	/* A socket is ready unless it said otherwise: try before polling. */
	stream->writable = true;
	stream->writer->ready = on_ready;
	stream->writer->context = stream;
	if (stream->source) {
		stream->source->done = on_read;
		stream->source->context = stream;
	}
	if (length == 0)
		end_response(stream);
	else
		pump(stream);
}

void stream_cancel(struct stream *stream)
{
	if (!stream->active)
		return;
	stream->active = false;
	forget_next(stream);
	want(stream, false);
	stream->writer->ready = NULL;
}
