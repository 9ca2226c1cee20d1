/* SPDX-License-Identifier: MIT */
/* A source of bytes that somebody writes bit by bit. */
#ifndef COMMON_STREAM_SOURCE_QUEUE_H
#define COMMON_STREAM_SOURCE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

struct source;
struct source_queue;

/* The one who writes; all are called from the loop, with `context`. */
struct source_queue_writer {
	/*
	 * NULL, or called when bytes are wanted and none wait: it may write
	 * some in there, or later.
	 */
	void (*drained)(void *context);
	/*
	 * NULL, or called once, when the source is closed: nothing that is
	 * written would be read any more, and the queue must not be used.
	 */
	void (*closed)(void *context);
	void *context;
};

/*
 * Returns a queue of at most `limit` bytes, or NULL if out of memory. Its
 * source, source_queue_source(), has an unknown size and is read from its start
 * on, once; closing it frees the queue.
 */
struct source_queue *source_queue_new(
    size_t limit, const struct source_queue_writer *writer);

struct source *source_queue_source(struct source_queue *queue);

/* Returns how many bytes could be written now. */
size_t source_queue_room(const struct source_queue *queue);

/* Returns whether a read waits: `drained` was called, and nothing was written.
 */
bool source_queue_is_wanted(const struct source_queue *queue);

/*
 * Copies `length` bytes to the end, all or none. Returns 0; -ENOBUFS: there is
 * not so much room; -ENOMEM; -EINVAL: the queue was ended before. A read that
 * waits gets its result from inside this call.
 */
int source_queue_write(
    struct source_queue *queue, const void *data, size_t length);

/*
 * All is written: what waits can still be read, then comes `error`, a negative
 * errno, or for 0 the end of the source. A read that waits gets its result from
 * inside this call. Only the first call counts.
 */
void source_queue_end(struct source_queue *queue, int error);

#endif
