/* SPDX-License-Identifier: MIT */
/*
 * Each op in flight holds a buffer of the pool, so --buffer-memory bounds the
 * list of a file, which is searched from end to end.
 */
#include "config.h"
#include "common/reader/aio_op.h"

#include <errno.h>
#include <stdlib.h>

#include "common/file/aio_file.h"
#include "common/min.h"
#include "common/reader/aio_read.h"

struct aio_op *aio_op_new(struct aio_reader *reader, struct chunk_pool *pool,
    struct aio_file *file, struct aio_read *read)
{
	struct aio_op *op = calloc(1, sizeof(*op));

	if (!op)
		return NULL;
	op->reader = reader;
	op->pool = pool;
	op->file = aio_file_ref(file);
	op->read = read;
	TAILQ_INIT(&op->followers);
	read->op = op;
	return op;
}

static void drop_buffer(struct aio_op *op)
{
	if (op->buffer)
		chunk_pool_put(op->pool, op->buffer);
	op->buffer = NULL;
}

void aio_op_free(struct aio_op *op)
{
	if (op->read)
		op->read->op = NULL;
	drop_buffer(op);
	aio_shared_unref(op->shared);
	aio_file_unref(op->file);
	free(op);
}

bool aio_op_is_wanted(const struct aio_op *op)
{
	return op->read || !TAILQ_EMPTY(&op->followers);
}

void aio_op_detach(struct aio_op *op)
{
	op->read->op = NULL;
	op->read = NULL;
}

/* --- leaders and followers ------------------------------------------------ */

static bool covers(const struct aio_op *op, uint64_t offset)
{
	return offset >= op->offset && offset - op->offset < op->length;
}

struct aio_op *aio_op_covering(const struct aio_file *file, uint64_t offset)
{
	struct aio_op *op;

	TAILQ_FOREACH(op, &file->flights, flight) {
		if (covers(op, offset))
			return op;
	}
	return NULL;
}

struct aio_op *aio_op_bringing(const struct aio_file *file, uint64_t offset)
{
	struct aio_op *op;

	TAILQ_FOREACH(op, &file->flights, flight) {
		if (offset >= op->offset && offset < op->ahead)
			return op;
	}
	return NULL;
}

void aio_op_lead(struct aio_op *op)
{
	TAILQ_INSERT_TAIL(&op->file->flights, op, flight);
	op->is_in_flight = true;
}

void aio_op_follow(struct aio_op *op, struct aio_op *leader)
{
	op->state = AIO_OP_FOLLOWING;
	op->leader = leader;
	TAILQ_INSERT_TAIL(&leader->followers, op, link);
	drop_buffer(op);
}

void aio_op_unfollow(struct aio_op *op)
{
	TAILQ_REMOVE(&op->leader->followers, op, link);
	op->leader = NULL;
}

/*
 * Makes what is in the buffer, `length` bytes with those that were skipped,
 * shareable; the op has a reference. Returns NULL, with nothing changed, if
 * there is no memory: the followers then read for themselves.
 */
static struct aio_shared *share(struct aio_op *op, size_t length)
{
	struct aio_shared *shared = malloc(sizeof(*shared));

	if (!shared)
		return NULL;
	shared->pool = op->pool;
	shared->memory = op->buffer;
	shared->start = op->offset - op->skip;
	shared->end = shared->start + length;
	shared->references = 1;
	op->shared = shared;
	op->buffer = NULL;
	return shared;
}

void aio_shared_unref(struct aio_shared *shared)
{
	if (!shared || --shared->references > 0)
		return;
	chunk_pool_put(shared->pool, shared->memory);
	free(shared);
}

void aio_op_end_flight(
    struct aio_op *leader, ssize_t result, struct aio_op_list *ready)
{
	struct aio_shared *shared = NULL;
	struct aio_op *op;

	if (leader->is_in_flight)
		TAILQ_REMOVE(&leader->file->flights, leader, flight);
	leader->is_in_flight = false;
	if (result > 0 && !TAILQ_EMPTY(&leader->followers))
		shared = share(leader, (size_t)result);
	while ((op = TAILQ_FIRST(&leader->followers)) != NULL) {
		aio_op_unfollow(op);
		if (shared && op->offset >= shared->start &&
		    op->offset < shared->end) {
			op->shared = shared;
			shared->references++;
		} else if (result != -ECANCELED && covers(leader, op->offset)) {
			/*
			 * It got an error or too little. To follow the next
			 * one that asks could go on like this for ever.
			 */
			op->is_alone = true;
		}
		op->state = AIO_OP_READY;
		TAILQ_INSERT_TAIL(ready, op, link);
	}
}

/* --- the result ----------------------------------------------------------- */

/* Lends the op's part of `memory`, which is the file's `start` to `end`. */
static void lend(const struct aio_op *op, struct aio_read *read, void *memory,
    uint64_t start, uint64_t end)
{
	if (end <= op->offset)
		return;
	read->length = (size_t)u64_min(op->length, end - op->offset);
	read->data = (unsigned char *)memory + (op->offset - start);
	read->buffer = memory;
}

void aio_op_deliver(struct aio_op *op, ssize_t result)
{
	uint64_t start = op->offset - op->skip;
	struct aio_shared *shared = op->shared;
	struct aio_read *read = op->read;

	if (!read) {
		aio_op_free(op);
		return;
	}
	read->error = 0;
	read->length = 0;
	/* The reference, or the buffer, goes to the asker. */
	if (shared) {
		lend(op, read, shared->memory, shared->start, shared->end);
		read->shared = shared;
		op->shared = NULL;
	} else if (result < 0) {
		read->error = (int)result;
	} else {
		lend(op, read, op->buffer, start, start + (size_t)result);
		if (read->buffer)
			op->buffer = NULL;
	}
	/* First: the asker may begin its next read with the same aio_read. */
	aio_op_free(op);
	read->done(read);
}
