/* SPDX-License-Identifier: MIT */
/* The pump: moves bytes from a source to a writer at the writer's pace. */
#ifndef COMMON_STREAM_H
#define COMMON_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "common/source.h"

struct stream;
struct writer;

/*
 * Streams that share a pool, one group for each loop. Embedded by value. It
 * lists, oldest first, the streams that hold a chunk which was read ahead and
 * can't leave yet.
 */
struct stream_group {
	TAILQ_HEAD(, stream) holders;
	/* Most bytes in one read. */
	size_t chunk_size;
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
	enum stream_next next;
	struct source_chunk chunk;
	bool active;
	bool writable; /* the writer is ready and was given nothing since */
	bool wanting;  /* the writer was asked to say when it is ready */
	bool waited;   /* the last chunk did not come at once */
	bool holding;  /* on the group's list */
	unsigned int sweeps;   /* of the group, since it is */
	unsigned int hold_off; /* chunks to go without read-ahead */
	TAILQ_ENTRY(stream) link;
};

/* Reads are of at most `chunk_size` bytes. */
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
 * Sends `length` bytes of `source` from `offset` on through `writer`, on top of
 * what it was given already (the head), and ends the response. `length` may be
 * 0. `on_end(context, error)` is called once, perhaps from inside this call.
 *
 * Back-pressure: a chunk is read only when the writer is ready, of the size
 * that it will take, at most one is sent in a turn of the loop, and what the
 * writer does not take is given up and read again. Only for a source that
 * lets wait, and a client that does not, the next chunk is read while one is
 * sent.
 */
void stream_start(struct stream *stream, uint64_t offset, uint64_t length,
    stream_end_fn *on_end, void *context);

/* Before stream_start(): what it works with. */
void stream_init(struct stream *stream, struct stream_group *group,
    struct source *source, struct writer *writer);

/*
 * Stops at once: reads are cancelled, chunks given back, `on_end` is not
 * called. Harmless on a zeroed stream and on one that ended.
 */
void stream_cancel(struct stream *stream);

#endif
