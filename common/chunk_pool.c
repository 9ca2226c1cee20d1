/* SPDX-License-Identifier: MIT */
/*
 * The pool counts two things: `owned` buffers (allocated, never more than
 * `limit`) and `borrowed` ones. The difference lies on a stack, so that the
 * buffer used last, which is still in the processor's cache, goes out first.
 *
 * As long as somebody waits, a returned buffer goes to the first waiter and
 * never to a newcomer: chunk_pool_get() answers NULL while the list is not
 * empty.
 */
#include "config.h"
#include "common/chunk_pool.h"

#include <assert.h>
#include <stdlib.h>

/* A free buffer holds the stack's link in its own first bytes. */
struct free_buffer {
	struct free_buffer *next;
};

struct chunk_pool {
	size_t buffer_size;
	size_t limit;
	size_t owned;
	size_t borrowed;
	struct free_buffer *free;
	TAILQ_HEAD(, chunk_waiter) waiters;
	chunk_short_fn *on_short;
	void *context;
};

struct chunk_pool *chunk_pool_new(size_t buffer_size, size_t budget)
{
	struct chunk_pool *pool = calloc(1, sizeof(*pool));

	assert(buffer_size && buffer_size % CHUNK_POOL_ALIGNMENT == 0);
	if (!pool)
		return NULL;
	pool->buffer_size = buffer_size;
	pool->limit = budget / buffer_size;
	if (pool->limit == 0)
		pool->limit = 1;
	TAILQ_INIT(&pool->waiters);
	return pool;
}

void chunk_pool_free(struct chunk_pool *pool)
{
	if (!pool)
		return;
	assert(pool->borrowed == 0);
	assert(TAILQ_EMPTY(&pool->waiters));
	chunk_pool_trim(pool, 0);
	free(pool);
}

void chunk_pool_on_short(
    struct chunk_pool *pool, chunk_short_fn *fn, void *context)
{
	pool->on_short = fn;
	pool->context = context;
}

static void *take_free(struct chunk_pool *pool)
{
	struct free_buffer *buffer = pool->free;

	if (buffer)
		pool->free = buffer->next;
	return buffer;
}

static void *allocate(struct chunk_pool *pool)
{
	void *buffer;

	if (pool->owned == pool->limit)
		return NULL;
	buffer = aligned_alloc(CHUNK_POOL_ALIGNMENT, pool->buffer_size);
	if (buffer)
		pool->owned++;
	return buffer;
}

void *chunk_pool_get(struct chunk_pool *pool)
{
	bool others_wait = !TAILQ_EMPTY(&pool->waiters);
	void *buffer = NULL;

	if (!others_wait)
		buffer = take_free(pool);
	if (!others_wait && !buffer)
		buffer = allocate(pool);
	/* What is given back may be shared, and then frees no buffer. */
	while (!buffer && pool->on_short && pool->on_short(pool->context)) {
		/* It went to the first of these. */
		if (others_wait)
			break;
		buffer = take_free(pool);
	}
	if (buffer)
		pool->borrowed++;
	return buffer;
}

void chunk_pool_put(struct chunk_pool *pool, void *buffer)
{
	struct chunk_waiter *waiter = TAILQ_FIRST(&pool->waiters);
	struct free_buffer *free_buffer = buffer;

	assert(pool->borrowed > 0);
	if (waiter) {
		/* It stays borrowed: only its owner changes. */
		chunk_pool_unwait(pool, waiter);
		waiter->ready(waiter, buffer);
		return;
	}
	free_buffer->next = pool->free;
	pool->free = free_buffer;
	pool->borrowed--;
}

void chunk_pool_wait(struct chunk_pool *pool, struct chunk_waiter *waiter)
{
	assert(!waiter->is_waiting && waiter->ready);
	waiter->is_waiting = true;
	TAILQ_INSERT_TAIL(&pool->waiters, waiter, link);
}

void chunk_pool_unwait(struct chunk_pool *pool, struct chunk_waiter *waiter)
{
	if (!waiter->is_waiting)
		return;
	waiter->is_waiting = false;
	TAILQ_REMOVE(&pool->waiters, waiter, link);
}

void chunk_pool_trim(struct chunk_pool *pool, size_t keep)
{
	while (pool->owned - pool->borrowed > keep) {
		free(take_free(pool));
		pool->owned--;
	}
}

bool chunk_pool_is_short(const struct chunk_pool *pool)
{
	return !TAILQ_EMPTY(&pool->waiters);
}

bool chunk_pool_is_ample(const struct chunk_pool *pool)
{
	return pool->borrowed < pool->limit / 2;
}

size_t chunk_pool_buffer_size(const struct chunk_pool *pool)
{
	return pool->buffer_size;
}

size_t chunk_pool_borrowed(const struct chunk_pool *pool)
{
	return pool->borrowed;
}
