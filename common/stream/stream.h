/* SPDX-License-Identifier: MIT */
/* The pump: moves bytes from a source to a writer at the writer's pace. */
#ifndef COMMON_STREAM_STREAM_H
#define COMMON_STREAM_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/stream/source.h"
#include "common/stream/stream_group.h"

struct stream_pace;
struct writer;

/* Chunks that are read ahead for a client that drains fast. */
#define STREAM_AHEAD_MAX 4

/*
 * The stream ended: 0 when all bytes and the end of the response have left,
 * or -errno. Neither source nor writer is used after it; both stay the
 * caller's.
 */
typedef void stream_end_fn(void *context, int error);

enum stream_next {
	STREAM_NEXT_NONE,    /* not asked for */
	STREAM_NEXT_READING, /* the source is at it */
	STREAM_NEXT_READY,   /* `chunk` is lent */
};

/* Embedded by value; all but the first two fields is the pump's own. */
struct stream {
	/* Up to here the writer has taken the source's bytes. */
	uint64_t position;
	/* Set before it is started: the start leaves now, not with a chunk. */
	bool start_first;

	uint64_t end;
	bool is_active; /* it was started, and has not ended */
	struct source *source;
	struct writer *writer;
	struct stream_seat seat;
	struct stream_pace *pace; /* NULL: as fast as the writer */
	stream_end_fn *on_end;
	void *context;
	/* What goes in front of the first byte; NULL once it is put. */
	const void *start;
	size_t start_length;

	/* The two facts of the table in stream.c: the writer … */
	bool is_writable; /* it has room for a chunk */
	bool is_watched;  /* it was asked to say when it is ready */
	bool ready_twice; /* "ready" came again while the turn is waited for */
	/* … and the next chunk. */
	enum stream_next next;
	struct source_chunk chunk;

	/* Read-ahead. */
	unsigned int ahead;    /* chunks before the one that is sent has left */
	unsigned int hold_off; /* chunks to go without */
	bool keeps_up; /* the client took a chunk, and has room for the next */
};

/*
 * A stream from `source` (NULL if there is nothing but a start) to `writer`,
 * both of which stay the caller's.
 */
void stream_init(struct stream *stream, struct stream_group *group,
    struct source *source, struct writer *writer);

/*
 * Has it begin with `length` bytes at `start`, the head, which must stay where
 * they are until they are put: with the first chunk, or at the end.
 */
void stream_set_start(struct stream *stream, const void *start, size_t length);

/*
 * Has its bytes, without the start, leave at this pace. The stream takes it
 * over, and frees it when it ends or is cancelled; to be called just before it
 * is started. Between two pieces the stream holds no memory, and the writer is
 * not watched; nothing is read ahead.
 */
void stream_set_pace(struct stream *stream, struct stream_pace *pace);

/*
 * Sends the start, then `length` bytes of the source from `offset` on, and ends
 * the response. `length` may be 0; of a source of unknown size it is all that
 * would fit after `offset`, and the source ends it. `on_end(context, error)`
 * is called once, if it fails perhaps from inside this call.
 *
 * Back-pressure: a chunk is read only when the writer has room, of the size
 * that it will take, and what the writer does not take is given up and read
 * again. Only for a source that lets wait, and a client that does not, the next
 * one to STREAM_AHEAD_MAX chunks are read while one is sent. The first chunk,
 * if it is at hand, is sent in this call unless there is much to do, the
 * others, and the end, by stream_group_run().
 */
void stream_start(struct stream *stream, uint64_t offset, uint64_t length,
    stream_end_fn *on_end, void *context);

/* Returns whether the writer was given nothing of the start, or after it. */
bool stream_is_untouched(const struct stream *stream);

/*
 * Stops at once: reads are cancelled, chunks given back, `on_end` is not
 * called. Harmless on a zeroed stream and on one that ended.
 */
void stream_cancel(struct stream *stream);

#endif
