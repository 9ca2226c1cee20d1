/* SPDX-License-Identifier: MIT */
/* Aligned I/O buffers of one size under a hard memory budget. */
#ifndef COMMON_CHUNK_POOL_H
#define COMMON_CHUNK_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>

/* Enough for direct I/O on every block device in use (open(2), O_DIRECT). */
#define CHUNK_POOL_ALIGNMENT 4096

struct chunk_pool;
struct chunk_waiter;

/*
 * A buffer became free for `waiter`, which is off the list and owns `buffer`
 * from now on. Runs inside the chunk_pool_put() that gave the buffer back: it
 * may queue work, but not use the pool.
 */
typedef void chunk_ready_fn(struct chunk_waiter *waiter, void *buffer);

/*
 * The pool was found empty: give back a buffer that is held without need.
 * Returns false if there is no such buffer.
 */
typedef bool chunk_short_fn(void *context);

/* Embedded in an object that may have to wait. Zeroed: not waiting. */
struct chunk_waiter {
	TAILQ_ENTRY(chunk_waiter) link;
	chunk_ready_fn *ready;
	bool is_waiting;
};

/*
 * Returns a pool of buffers of `buffer_size` bytes (a multiple of the
 * alignment) that never owns more than `budget` bytes, or NULL if out of
 * memory. A budget below one buffer means one. Buffers are allocated when first
 * needed.
 */
struct chunk_pool *chunk_pool_new(size_t buffer_size, size_t budget);

/* Every buffer must be back and nobody waiting. NULL is allowed. */
void chunk_pool_free(struct chunk_pool *pool);

/*
 * Calls `fn(context)` when chunk_pool_get() finds the pool empty, until that
 * has given it a buffer or answers false.
 */
void chunk_pool_on_short(
    struct chunk_pool *pool, chunk_short_fn *fn, void *context);

/*
 * Borrows a buffer, contents undefined. Returns NULL if all are in use, others
 * waited first, or memory is short; then chunk_pool_wait().
 */
void *chunk_pool_get(struct chunk_pool *pool);

/* Gives a borrowed buffer back: to the first waiter, else to the pool. */
void chunk_pool_put(struct chunk_pool *pool, void *buffer);

/* Joins the end of the waiting list; `waiter->ready` must be set. */
void chunk_pool_wait(struct chunk_pool *pool, struct chunk_waiter *waiter);

/* Leaves the waiting list; harmless when not on it. */
void chunk_pool_unwait(struct chunk_pool *pool, struct chunk_waiter *waiter);

/* Returns free buffers to the system until at most `keep` are left. */
void chunk_pool_trim(struct chunk_pool *pool, size_t keep);

/* Returns whether anything waits for a buffer. */
bool chunk_pool_is_short(const struct chunk_pool *pool);

/* Returns whether less than half of the budget is lent out. */
bool chunk_pool_is_ample(const struct chunk_pool *pool);

/* Returns the bytes in one buffer. */
size_t chunk_pool_buffer_size(const struct chunk_pool *pool);

/* Returns how many buffers are lent out. */
size_t chunk_pool_borrowed(const struct chunk_pool *pool);

#endif
