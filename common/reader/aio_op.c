/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "common/reader/aio_op.h"

#include <stdlib.h>

#include "common/file/aio_file.h"
#include "common/reader/aio_reader.h"

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

void aio_op_free(struct aio_op *op)
{
	if (op->read)
		op->read->op = NULL;
	aio_op_drop_buffer(op);
	aio_shared_unref(op->shared);
	aio_file_unref(op->file);
	free(op);
}

void aio_op_detach(struct aio_op *op)
{
	op->read->op = NULL;
	op->read = NULL;
}

void aio_op_drop_buffer(struct aio_op *op)
{
	if (op->buffer)
		chunk_pool_put(op->pool, op->buffer);
	op->buffer = NULL;
}

bool aio_op_is_wanted(const struct aio_op *op)
{
	return op->read || !TAILQ_EMPTY(&op->followers);
}

struct aio_shared *aio_op_share(struct aio_op *op, size_t length)
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

/* Lends the bytes that are behind `memory`, which is at `start` of the file. */
static void lend(const struct aio_op *op, struct aio_read *read, void *memory,
    uint64_t start, uint64_t end)
{
	if (end <= op->offset)
		return;
	read->length = op->length;
	if (end - op->offset < op->length)
		read->length = (size_t)(end - op->offset);
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
	aio_op_free(op);
	read->done(read);
}
