/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "common/aio_op.h"

#include <stdlib.h>

#include "common/aio_file.h"
#include "common/aio_reader.h"

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
	read->op = op;
	return op;
}

void aio_op_free(struct aio_op *op)
{
	if (op->read)
		op->read->op = NULL;
	if (op->buffer)
		chunk_pool_put(op->pool, op->buffer);
	aio_file_unref(op->file);
	free(op);
}

void aio_op_detach(struct aio_op *op)
{
	op->read->op = NULL;
	op->read = NULL;
}

void aio_op_deliver(struct aio_op *op, ssize_t result)
{
	struct aio_read *read = op->read;

	if (!read) {
		aio_op_free(op);
		return;
	}
	read->error = result < 0 ? (int)result : 0;
	read->length = 0;
	if (result > (ssize_t)op->skip) {
		read->length = (size_t)result - op->skip;
		if (read->length > op->length)
			read->length = op->length;
		read->data = (unsigned char *)op->buffer + op->skip;
		read->buffer = op->buffer;
		op->buffer = NULL;
	}
	aio_op_free(op);
	read->done(read);
}
