/* SPDX-License-Identifier: MIT */
/* The streams of a loop: whose turn it is, and who holds memory. */
#ifndef COMMON_STREAM_STREAM_GROUP_H
#define COMMON_STREAM_STREAM_GROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>

struct chunk_pool;
struct stream_group;
struct stream_seat;

/* Something happened; see struct stream_group. */
typedef void stream_group_fn(void *context);

struct stream_seat_ops {
	/* Its turn: sends a chunk, or asks for it. Returns the bytes sent. */
	size_t (*turn)(struct stream_seat *seat);
	/* Nothing is left to send: ends the response. */
	void (*end)(struct stream_seat *seat);
	/* Gives the chunk back that it holds. */
	void (*give_up)(struct stream_seat *seat);
};

/* A stream's place in its group, embedded in it. */
struct stream_seat {
	/* Set before it is used; the rest, zeroed then, is the group's. */
	const struct stream_seat_ops *ops;
	struct stream_group *group;
	bool is_runnable;
	bool is_fresh; /* it is runnable, and its response has not begun */
	bool is_ending;
	bool is_holding;
	unsigned int sweeps; /* of the group, since it holds */
	TAILQ_ENTRY(stream_seat) run_link;
	TAILQ_ENTRY(stream_seat) hold_link;
};

/* One for each loop. Embedded by value. */
struct stream_group {
	/*
	 * Streams with nothing left to send but the end of the response. These
	 * leave together at the end of a turn: a send wakes up the front, and
	 * one that is awake takes the others for free.
	 */
	TAILQ_HEAD(, stream_seat) ending;
	/* Streams that can send, those first whose response has not begun. */
	TAILQ_HEAD(, stream_seat) fresh;
	TAILQ_HEAD(, stream_seat) runnable;
	/* Work done in this turn of the loop, in bytes. */
	size_t done;
	/*
	 * Streams that hold a chunk which was read ahead and can't leave yet,
	 * oldest first.
	 */
	TAILQ_HEAD(, stream_seat) holders;
	/* Most bytes in one read. */
	size_t chunk_size;
	/* Where chunks come from: while it is short none is held. */
	const struct chunk_pool *pool;
	/*
	 * The first stream waits: time for stream_group_run() soon. NULL: that
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
 * takes. Returns whether some can go on.
 */
bool stream_group_run(struct stream_group *group);

/*
 * Makes the stream that has held a chunk for its client the longest give it
 * back; the chunk is read again when the client can take it. Returns false if
 * none is held. For chunk_pool_on_short().
 */
bool stream_group_reclaim(struct stream_group *group);

/*
 * To be called now and then: takes back the chunks of clients that have not
 * taken them since the call before the last. Returns whether any is still held.
 */
bool stream_group_sweep(struct stream_group *group);

/* --- for the streams ------------------------------------------------------ */

/* Queues a stream whose response can end. */
void stream_group_add_ending(struct stream_seat *seat);

/*
 * Queues a stream for its turn; once is enough. `is_fresh`: its response has
 * not begun, so it goes before those whose response has.
 */
void stream_group_add_runnable(struct stream_seat *seat, bool is_fresh);

/* A new stream: it has its first turn at once, or soon if that is too much. */
void stream_group_start(struct stream_seat *seat, bool is_fresh);

/* It holds a chunk; or it has to give it up at once, as others are waiting. */
void stream_group_add_holder(struct stream_seat *seat);

/* It holds nothing any more; harmless if it did not. */
void stream_group_remove_holder(struct stream_seat *seat);

/* Takes it off all lists. */
void stream_group_remove(struct stream_seat *seat);

#endif
