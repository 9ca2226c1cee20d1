/* SPDX-License-Identifier: MIT */
/*
 * The pump knows two facts: whether the writer has room for a chunk
 * (`is_writable`) and how far the next chunk is (`next`). A chunk is sent when
 * the writer has room and the chunk is there:
 *
 *	            writable          not writable
 *	NONE        read              wait for the writer
 *	READING     wait for source   wait for both (read-ahead)
 *	READY       send              hold, wait for the writer
 *
 * What can be done at once waits for the stream's turn (stream_group.h): an
 * event only changes a fact.
 *
 * The writer's watch costs system calls to switch. It is switched on when the
 * writer has no room, and stays on as long as chunks come at once; it goes off
 * where a level-triggered poll would spin: while a stream that can write waits
 * for its source, or for its turn for so long that it is told again.
 *
 * A stream with a pace reads no more than may leave. When nothing may, a timer
 * ends the pause; meanwhile the writer can write and is not watched, and there
 * is no next chunk.
 *
 * Read-ahead grows by one chunk each time the client had to wait for the
 * source, and ends when the source has its bytes at hand. A chunk that was read
 * ahead and can't leave is held on the group's list. It is taken back when the
 * pool runs short, or when the client does not take it for long; the stream
 * then goes without read-ahead for a while.
 */
#include "config.h"
#include "common/stream/stream.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/types.h>

#include "common/container_of.h"
#include "common/min.h"
#include "common/stream/stream_pace.h"
#include "common/stream/writer.h"

/* Chunks that a client must take in time before it is read ahead for again. */
#define HOLD_OFF_CHUNKS 16

static struct stream *of_seat(struct stream_seat *seat)
{
	return container_of(seat, struct stream, seat);
}

/* --- read-ahead --------------------------------------------------------- */

/* The pump reads one chunk ahead itself, the source the others. */
static void set_ahead(struct stream *stream, unsigned int chunks)
{
	const struct source_ops *ops = stream->source->ops;

	if (stream->ahead == chunks)
		return;
	stream->ahead = chunks;
	if (ops->read_ahead)
		ops->read_ahead(
		    stream->source, chunks > 0 ? chunks - 1 : 0, stream->end);
}

/* The client had to wait for the source. */
static void grow_ahead(struct stream *stream)
{
	if (stream->keeps_up && stream->hold_off == 0 &&
	    !stream->source->forgets && !stream->pace &&
	    stream->ahead < STREAM_AHEAD_MAX)
		set_ahead(stream, stream->ahead + 1);
}

/* --- the next chunk ----------------------------------------------------- */

/* Lets go of the next chunk, read or not: it is not needed yet. */
static void forget_next(struct stream *stream)
{
	struct source *source = stream->source;

	stream_group_remove_holder(&stream->seat);
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

/* The client is too slow for read-ahead. */
static void give_up_next(struct stream *stream)
{
	forget_next(stream);
	set_ahead(stream, 0);
	stream->hold_off = HOLD_OFF_CHUNKS;
}

/* Returns the length of the next read or offer; 0: it is not time for it. */
static size_t next_length(const struct stream *stream, uint64_t offset)
{
	uint64_t length = stream->end - offset;

	if (stream->pace)
		length =
		    u64_min(length, stream_pace_allow(stream->pace, length));
	length = u64_min(length, stream->seat.group->chunk_size);
	return (size_t)u64_min(
	    length, stream->writer->ops->room(stream->writer));
}

/* Asks the source for the bytes at `offset`. 0; -errno: it failed at once. */
static int read_next(struct stream *stream, uint64_t offset)
{
	struct source *source = stream->source;
	int r = source->ops->read(
	    source, offset, next_length(stream, offset), &stream->chunk);

	if (r < 0)
		return r;
	stream->next = r > 0 ? STREAM_NEXT_READY : STREAM_NEXT_READING;
	return 0;
}

/* --- the writer --------------------------------------------------------- */

static void want(struct stream *stream, bool on)
{
	if (stream->is_watched == on)
		return;
	stream->is_watched = on;
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

/* Closes the response and waits till it has left. */
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

/* While a chunk is sent; a failure speaks up when it is asked for again. */
static void read_ahead(struct stream *stream, const struct source_chunk *sent)
{
	uint64_t next = stream->position + sent->length;

	if (stream->hold_off > 0)
		stream->hold_off--;
	if (!sent->fetched)
		set_ahead(stream, 0);
	if (stream->ahead > 0 && next < stream->end)
		read_next(stream, next);
}

/* Returns how many bytes the writer took, or -errno. */
static ssize_t offer(struct stream *stream, const struct source_chunk *chunk)
{
	size_t taken = 0;
	int r = put_start(stream);

	if (r == 0)
		r = stream->writer->ops->offer(
		    stream->writer, chunk->data, chunk->length, &taken);
	return r < 0 ? r : (ssize_t)taken;
}

/* Returns whether the pace lets nothing leave now. */
static bool must_pause(const struct stream *stream)
{
	return stream->pace && stream->next == STREAM_NEXT_NONE &&
	    stream->position < stream->end &&
	    stream_pace_allow(stream->pace, stream->end - stream->position) ==
	    0;
}

/* Returns whether the writer can take what comes next. */
static bool has_room(const struct stream *stream)
{
	return stream->writer->ops->has_room(
	    stream->writer, next_length(stream, stream->position));
}

/*
 * The source has no more: only now is its size known. One that had said its
 * size is at fault, and what it gave must not look complete.
 */
static int take_end(struct stream *stream)
{
	if (stream->source->size != SOURCE_SIZE_UNKNOWN)
		return -ENODATA;
	stream->end = stream->position;
	return 0;
}

/* Sends the chunk that is ready. Returns the bytes that left, or -errno. */
static ssize_t send_chunk(struct stream *stream)
{
	/* A copy: `stream->chunk` may become the next one in read_ahead(). */
	struct source_chunk chunk = stream->chunk;
	ssize_t taken;

	stream_group_remove_holder(&stream->seat);
	stream->next = STREAM_NEXT_NONE;
	if (chunk.length == 0) {
		stream->source->ops->release(stream->source, &chunk);
		return take_end(stream);
	}
	read_ahead(stream, &chunk);
	taken = offer(stream, &chunk);
	chunk.taken = taken > 0 ? (size_t)taken : 0;
	stream->source->ops->release(stream->source, &chunk);
	if (taken < 0)
		return taken;
	stream->position += (size_t)taken;
	if (stream->pace)
		stream_pace_take(stream->pace, (size_t)taken);
	if ((size_t)taken < chunk.length) {
		/* The next chunk begins with what was not taken. */
		give_up_next(stream);
		stream->is_writable = false;
	} else if (stream->position < stream->end && !must_pause(stream)) {
		stream->is_writable = has_room(stream);
		stream->keeps_up |= stream->is_writable;
	}
	return taken;
}

static void settle(struct stream *stream);

/* The room may have gone: what was kept back has been flushed since. */
static void on_due(void *context)
{
	struct stream *stream = context;

	if (!must_pause(stream))
		stream->is_writable = has_room(stream);
	settle(stream);
}

/* Waits for what is missing, or for the next turn if nothing is. */
static void settle(struct stream *stream)
{
	if (must_pause(stream)) {
		want(stream, false);
		/* What waits for company leaves: more will not come at once. */
		stream->writer->ops->flush(stream->writer);
		stream_pace_pause(stream->pace, stream->end - stream->position,
		    on_due, stream);
	} else if (!stream->is_writable) {
		want(stream, true);
		if (stream->next == STREAM_NEXT_READY)
			stream_group_add_holder(&stream->seat);
	} else if (stream->next == STREAM_NEXT_READING) {
		/* The poll would spin: the writer has room all the time. */
		want(stream, false);
		stream->writer->ops->flush(stream->writer);
	} else {
		stream_group_add_runnable(
		    &stream->seat, stream_is_untouched(stream));
	}
}

static size_t seat_turn(struct stream_seat *seat)
{
	struct stream *stream = of_seat(seat);
	ssize_t sent = 0;
	int r = 0;

	stream->ready_twice = false;
	if (stream->next == STREAM_NEXT_NONE)
		r = read_next(stream, stream->position);
	if (r == 0 && stream->next == STREAM_NEXT_READY)
		sent = send_chunk(stream);
	if (r < 0 || sent < 0)
		finish(stream, r < 0 ? r : (int)sent);
	else if (stream->position == stream->end)
		stream_group_add_ending(&stream->seat);
	else
		settle(stream);
	return sent > 0 ? (size_t)sent : 0;
}

static void on_ready(void *context)
{
	struct stream *stream = context;

	if (stream->position == stream->end) {
		/* At once: a request may follow in what is just being read. */
		if (!stream->seat.is_ending)
			end_response(stream);
		return;
	}
	/* A level-triggered poll would go on telling until it is our turn. */
	if (stream->seat.is_runnable && stream->ready_twice)
		want(stream, false);
	stream->ready_twice = stream->seat.is_runnable;
	stream->is_writable = true;
	stream->keeps_up = true;
	settle(stream);
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
	if (stream->is_writable)
		grow_ahead(stream);
	settle(stream);
}

static void seat_end(struct stream_seat *seat)
{
	end_response(of_seat(seat));
}

static void seat_give_up(struct stream_seat *seat)
{
	give_up_next(of_seat(seat));
}

static const struct stream_seat_ops seat_ops = {
	.turn = seat_turn,
	.end = seat_end,
	.give_up = seat_give_up,
};

void stream_init(struct stream *stream, struct stream_group *group,
    struct source *source, struct writer *writer)
{
	memset(stream, 0, sizeof(*stream));
	stream->seat.ops = &seat_ops;
	stream->seat.group = group;
	stream->source = source;
	stream->writer = writer;
}

void stream_set_start(struct stream *stream, const void *start, size_t length)
{
	stream->start = start;
	stream->start_length = length;
}

void stream_set_pace(struct stream *stream, struct stream_pace *pace)
{
	stream->pace = pace;
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
	stream->is_active = true;
	/* A socket is ready unless it said otherwise: try before polling. */
	stream->is_writable = true;
	stream->writer->ready = on_ready;
	stream->writer->context = stream;
	if (stream->source) {
		stream->source->done = on_read;
		stream->source->context = stream;
	}
	if (stream->start_first && put_start(stream) == 0)
		stream->writer->ops->flush(stream->writer);
	if (length == 0)
		stream_group_add_ending(&stream->seat);
	else
		stream_group_start(&stream->seat, stream_is_untouched(stream));
}

void stream_cancel(struct stream *stream)
{
	if (!stream->is_active)
		return;
	stream->is_active = false;
	stream_group_remove(&stream->seat);
	forget_next(stream);
	if (stream->source)
		set_ahead(stream, 0);
	want(stream, false);
	stream->writer->ready = NULL;
	stream_pace_free(stream->pace);
	stream->pace = NULL;
}
