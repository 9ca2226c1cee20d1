/* SPDX-License-Identifier: MIT */
/* The pump: moves bytes from a source to a writer at the writer's pace. */
#ifndef COMMON_STREAM_H
#define COMMON_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "common/source.h"

struct chunk_pool;
struct stream;
struct writer;

/* A stream began to hold a chunk. */
typedef void stream_hold_fn(void *context);

/*
 * Streams that share a pool, one group for each loop. Embedded by value. It
 * lists, oldest first, the streams that hold a chunk which was read ahead and
 * can't leave yet.
 */
struct stream_group {
	TAILQ_HEAD(, stream) holders;
	/* Most bytes in one read. */
	size_t chunk_size;
	/* Where chunks come from: while it is short none is held. */
	const struct chunk_pool *pool;
	/* The first holder came: time for stream_group_sweep(). */
	stream_hold_fn *on_hold;
	void *context;
};

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

/* Embedded by value; everything but `position` is the pump's own. */
struct stream {
	/* Up to here the writer has taken the source's bytes. */
	uint64_t position;

	uint64_t end;
	struct stream_group *group;
	struct source *source;
	struct writer *writer;
	stream_end_fn *on_end;
	void *context;
	/* What goes in front of the first byte; NULL once it is put. */
	const void *start;
	size_t start_length;
	enum stream_next next;
	struct source_chunk chunk;
	bool active;
	bool writable; /* the writer is ready and was given nothing since */
	bool wanting;  /* the writer was asked to say when it is ready */
	bool waited;   /* the last chunk did not come at once */
	bool took;     /* the client has taken something, and wants more */
	bool holding;  /* on the group's list */
	unsigned int sweeps;   /* of the group, since it is */
	unsigned int hold_off; /* chunks to go without read-ahead */
	TAILQ_ENTRY(stream) link;
};

/* Reads are of at most `chunk_size` bytes; the rest is the caller's to set. */
void stream_group_init(struct stream_group *group, size_t chunk_size);

/*
 * Makes the stream that has held a chunk for its client the longest give it
 * back; the chunk is read again when the client can take it. False: there is
 * none. For chunk_pool_on_short().
 */
bool stream_group_reclaim(struct stream_group *group);

/*
 * To be called now and then: takes back the chunks of clients that have not
 * taken them since the call before the last. False: nothing is held.
 */
bool stream_group_sweep(struct stream_group *group);

/*
 * A stream from `source` (NULL if there is nothing but a start) to `writer`,
 * both of which stay the caller's.
 */
void stream_init(struct stream *stream, struct stream_group *group,
    struct source *source, struct writer *writer);

/*
 * It shall begin with `length` bytes at `start`, the head, which must stay
 * where they are until they are put: with the first chunk, or at the end.
 */
void stream_set_start(struct stream *stream, const void *start, size_t length);

/*
 * Sends the start, then `length` bytes of the source from `offset` on, and ends
 * the response. `length` may be 0. `on_end(context, error)` is called once,
 * perhaps from inside this call.
 *
 * Back-pressure: a chunk is read only when the writer is ready, of the size
 * that it will take, at most one is sent in a turn of the loop, and what the
 * writer does not take is given up and read again. Only for a source that
 * lets wait, and a client that does not, the next chunk is read while one is
 * sent.
 */
void stream_start(struct stream *stream, uint64_t offset, uint64_t length,
    stream_end_fn *on_end, void *context);

/* In `on_end`: whether the writer was given nothing, not even the start. */
bool stream_is_untouched(const struct stream *stream);

/*
 * Stops at once: reads are cancelled, chunks given back, `on_end` is not
 * called. Harmless on a zeroed stream and on one that ended.
 */
void stream_cancel(struct stream *stream);

#endif
