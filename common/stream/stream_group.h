/* SPDX-License-Identifier: MIT */
/* The streams of a loop: whose turn it is, and who holds memory. */
#ifndef COMMON_STREAM_STREAM_GROUP_H
#define COMMON_STREAM_STREAM_GROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>

struct chunk_pool;
struct stream;

/* Something happened; see struct stream_group. */
typedef void stream_group_fn(void *context);

/* One for each loop. Embedded by value. */
struct stream_group {
	/*
	 * Streams with nothing left to send but the end of the response. These
	 * leave together at the end of a turn: a send wakes up the front, and
	 * one that is awake takes the others for free.
	 */
	TAILQ_HEAD(, stream) ending;
	/* Streams that can send, those first whose response has not begun. */
	TAILQ_HEAD(, stream) fresh;
	TAILQ_HEAD(, stream) runnable;
	/* Work done in this turn of the loop, in bytes. */
	size_t done;
	/*
	 * Streams that hold a chunk which was read ahead and can't leave yet,
	 * oldest first.
	 */
	TAILQ_HEAD(, stream) holders;
	/* Most bytes in one read. */
	size_t chunk_size;
	/* Where chunks come from: while it is short none is held. */
	const struct chunk_pool *pool;
	/*
	 * The first stream waits: time for stream_group_run() soon. NULL: it
	 * will come anyway.
	 */
	stream_group_fn *on_runnable;
	/* A stream has had its turn, and asked for what it needs; or NULL. */
	stream_group_fn *on_turn;
	/* Time for stream_group_sweep() now and then; may be NULL. */
	stream_group_fn *on_hold;
	void *context;
};

/* Reads are of at most `chunk_size` bytes; the rest is the caller's to set. */
void stream_group_init(struct stream_group *group, size_t chunk_size);

/*
 * To be called once in a turn of the loop: lets the streams that can send do
 * so, in turns of one chunk each, until about 512 KiB have been sent. A
 * stream that is alone sends several chunks; with many each gets its share;
 * and new requests, whose first turns count as well, wait no longer than this
 * takes. True: some can go on.
 */
bool stream_group_run(struct stream_group *group);

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

/* --- for the streams ------------------------------------------------------ */

/* Queues a stream whose response can end. */
void stream_group_add_ending(struct stream *stream);

/* Queues a stream for its turn; once is enough. */
void stream_group_add_runnable(struct stream *stream);

/* A new stream: it has its first turn at once, or soon if that is too much. */
void stream_group_start(struct stream *stream);

/* It holds a chunk; or it has to give it up at once, as others are waiting. */
void stream_group_add_holder(struct stream *stream);

/* It holds nothing any more; harmless if it did not. */
void stream_group_remove_holder(struct stream *stream);

/* Takes it off all lists. */
void stream_group_remove(struct stream *stream);

#endif
