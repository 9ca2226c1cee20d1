/* SPDX-License-Identifier: MIT */
/*
 * Bytes lie in blocks that never move, so that what is lent stays where it is
 * while more is written. A block goes when its bytes were taken, or a read
 * begins after it: until then the reader may want its bytes again.
 */
#include "config.h"
#include "common/stream/source_queue.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "common/container_of.h"
#include "common/min.h"
#include "common/stream/source.h"

/* The least a block holds: many small writes share one. */
#define BLOCK_MIN 4096

struct block {
	TAILQ_ENTRY(block) link;
	size_t start; /* the first byte that is still wanted */
	size_t length;
	size_t capacity;
	unsigned char data[];
};

struct source_queue {
	struct source source;
	struct source_queue_writer writer;
	TAILQ_HEAD(block_list, block) blocks;
	size_t limit;
	size_t waiting;  /* bytes in all blocks */
	uint64_t offset; /* of the first of them */
	int error;       /* what comes at the end */
	bool ended;
	bool lent;
	bool in_flight; /* a read waits for bytes */
	size_t wanted;  /* by it */
};

static struct source_queue *self(struct source *source)
{
	return container_of(source, struct source_queue, source);
}

/* --- blocks --------------------------------------------------------------- */

static void drop_first_block(struct source_queue *queue)
{
	struct block *block = TAILQ_FIRST(&queue->blocks);

	TAILQ_REMOVE(&queue->blocks, block, link);
	free(block);
}

static void drop_before(struct source_queue *queue, uint64_t offset)
{
	assert(offset >= queue->offset &&
	    offset - queue->offset <= queue->waiting);
	while (queue->offset < offset) {
		struct block *block = TAILQ_FIRST(&queue->blocks);
		size_t n = (size_t)u64_min(
		    block->length - block->start, offset - queue->offset);

		block->start += n;
		queue->offset += n;
		queue->waiting -= n;
		if (block->start == block->length)
			drop_first_block(queue);
	}
}

/*
 * Returns the last block, if `length` bytes fit into it, or a new one; NULL if
 * out of memory.
 */
static struct block *block_for(struct source_queue *queue, size_t length)
{
	struct block *block = TAILQ_LAST(&queue->blocks, block_list);
	size_t capacity = length > BLOCK_MIN ? length : BLOCK_MIN;

	if (block && block->capacity - block->length >= length)
		return block;
	block = malloc(sizeof(*block) + capacity);
	if (!block)
		return NULL;
	block->start = block->length = 0;
	block->capacity = capacity;
	TAILQ_INSERT_TAIL(&queue->blocks, block, link);
	return block;
}

/* --- the source ----------------------------------------------------------- */

/* Lends what is next. Returns 1, 0 if it has to be waited for, or -errno. */
static int lend(
    struct source_queue *queue, size_t length, struct source_chunk *ret_chunk)
{
	const struct block *block = TAILQ_FIRST(&queue->blocks);

	if (!block) {
		if (!queue->ended)
			return 0;
		*ret_chunk = (struct source_chunk){ 0 };
		return queue->error < 0 ? queue->error : 1;
	}
	*ret_chunk = (struct source_chunk){
		.data = block->data + block->start,
		.length = size_min(length, block->length - block->start),
		.fetched = true,
	};
	return 1;
}

static int queue_read(struct source *source, uint64_t offset, size_t length,
    struct source_chunk *ret_chunk)
{
	struct source_queue *queue = self(source);
	int r;

	assert(!queue->in_flight && !queue->lent);
	drop_before(queue, offset);
	if (queue->waiting == 0 && !queue->ended && queue->writer.drained)
		queue->writer.drained(queue->writer.context);
	r = lend(queue, length, ret_chunk);
	queue->in_flight = r == 0;
	queue->lent = r > 0;
	queue->wanted = length;
	return r;
}

static void answer_read(struct source_queue *queue)
{
	struct source_chunk chunk;
	int r;

	if (!queue->in_flight)
		return;
	r = lend(queue, queue->wanted, &chunk);
	if (r == 0)
		return;
	queue->in_flight = false;
	queue->lent = r > 0;
	queue->source.done(
	    queue->source.context, r < 0 ? r : 0, r < 0 ? NULL : &chunk);
}

static void queue_cancel(struct source *source)
{
	self(source)->in_flight = false;
}

static void queue_release(struct source *source, struct source_chunk *chunk)
{
	struct source_queue *queue = self(source);

	queue->lent = false;
	drop_before(queue, queue->offset + chunk->taken);
}

static void queue_close(struct source *source)
{
	struct source_queue *queue = self(source);

	assert(!queue->in_flight && !queue->lent);
	if (queue->writer.closed)
		queue->writer.closed(queue->writer.context);
	while (!TAILQ_EMPTY(&queue->blocks))
		drop_first_block(queue);
	free(queue);
}

static const struct source_ops queue_ops = {
	.read = queue_read,
	.cancel = queue_cancel,
	.release = queue_release,
	.close = queue_close,
};

struct source_queue *source_queue_new(
    size_t limit, const struct source_queue_writer *writer)
{
	struct source_queue *queue = calloc(1, sizeof(*queue));

	if (!queue)
		return NULL;
	queue->source.ops = &queue_ops;
	queue->source.size = SOURCE_SIZE_UNKNOWN;
	queue->source.forgets = true;
	queue->writer = *writer;
	queue->limit = limit;
	TAILQ_INIT(&queue->blocks);
	return queue;
}

struct source *source_queue_source(struct source_queue *queue)
{
	return &queue->source;
}

/* --- writing -------------------------------------------------------------- */

size_t source_queue_room(const struct source_queue *queue)
{
	return queue->ended ? 0 : queue->limit - queue->waiting;
}

bool source_queue_is_wanted(const struct source_queue *queue)
{
	return queue->in_flight;
}

int source_queue_write(
    struct source_queue *queue, const void *data, size_t length)
{
	struct block *block;

	if (queue->ended)
		return -EINVAL;
	if (length > source_queue_room(queue))
		return -ENOBUFS;
	if (length == 0)
		return 0;
	block = block_for(queue, length);
	if (!block)
		return -ENOMEM;
	memcpy(block->data + block->length, data, length);
	block->length += length;
	queue->waiting += length;
	answer_read(queue);
	return 0;
}

void source_queue_end(struct source_queue *queue, int error)
{
	if (queue->ended)
		return;
	queue->ended = true;
	queue->error = error;
	answer_read(queue);
}
