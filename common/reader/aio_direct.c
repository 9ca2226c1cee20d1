/* SPDX-License-Identifier: MIT */
/*
 * A file gets its O_DIRECT descriptor when it is first read so. What waits for
 * it is in the file's list; the reader may be gone when it is there.
 */
#include "config.h"
#include "common/reader/aio_direct.h"

#include <errno.h>

#include "common/chunk_pool.h"
#include "common/container_of.h"
#include "common/file/aio_file.h"
#include "common/reader/aio_op.h"
#include "common/reader/aio_reader.h"

static struct aio_direct *self(struct kernel_aio *aio)
{
	return container_of(aio, struct aio_direct, aio);
}

/* --- the descriptor ------------------------------------------------------- */

static void direct_open(uv_work_t *work)
{
	struct aio_file *file = container_of(work, struct aio_file, work);

	if (aio_file_open_direct(file) < 0)
		file->offset_alignment = 0;
}

static void direct_opened(uv_work_t *work, int status)
{
	struct aio_file *file = container_of(work, struct aio_file, work);
	struct aio_op *op;

	(void)status;
	if (file->offset_alignment)
		file->direct = AIO_FILE_DIRECT_READY;
	else
		aio_file_without_direct(file);
	while ((op = TAILQ_FIRST(&file->waiting)) != NULL) {
		TAILQ_REMOVE(&file->waiting, op, link);
		op->by_direct->ops->opened(op);
	}
	aio_file_unref(file);
}

void aio_direct_wait(struct aio_direct *direct, struct aio_op *op)
{
	struct aio_file *file = op->file;

	op->state = AIO_OP_OPENING;
	op->by_direct = direct;
	TAILQ_INSERT_TAIL(&file->waiting, op, link);
	if (file->direct == AIO_FILE_DIRECT_OPENING)
		return;
	file->direct = AIO_FILE_DIRECT_OPENING;
	aio_file_ref(file);
	uv_queue_work(
	    direct->options->loop, &file->work, direct_open, direct_opened);
}

/* --- reads ---------------------------------------------------------------- */

/* Widens the read to the file's alignment and to what the buffer holds. */
void aio_direct_read(struct aio_direct *direct, struct aio_op *op)
{
	size_t size = chunk_pool_buffer_size(direct->options->pool);
	uint64_t alignment = op->file->offset_alignment;
	uint64_t start = op->offset & ~(alignment - 1);
	uint64_t length;
	struct kernel_aio_span span = {
		.fd = op->file->direct_fd,
		.buffer = op->buffer,
		.offset = (long long)start,
	};

	op->skip = (size_t)(op->offset - start);
	length = (op->skip + op->length + alignment - 1) & ~(alignment - 1);
	if (length > size)
		length = size;
	span.length = (size_t)length;
	op->state = AIO_OP_DIRECT;
	op->by_direct = direct;
	kernel_aio_read(&direct->aio, &op->direct, &span);
}

bool aio_direct_unqueue(struct aio_direct *direct, struct aio_op *op)
{
	if (op->direct.in_kernel)
		return false;
	kernel_aio_unqueue(&direct->aio, &op->direct);
	return true;
}

static void direct_done(struct kernel_aio_read *read, long long result)
{
	struct aio_op *op = container_of(read, struct aio_op, direct);
	struct aio_direct *direct = op->by_direct;

	/* A file system that can't after all reports it only here. */
	if (aio_op_is_wanted(op) &&
	    (result == -EINVAL || result == -EOPNOTSUPP)) {
		aio_file_without_direct(op->file);
		direct->ops->refused(op);
	} else if (aio_op_is_wanted(op) &&
	    (result == -EAGAIN ||
		(result > 0 && result <= (long long)op->skip))) {
		/* Short of what was asked for is not the end of the file. */
		direct->ops->refused(op);
	} else {
		direct->reads++;
		direct->ops->done(op, (ssize_t)result);
	}
	if (direct->aio.in_flight == 0)
		direct->ops->quiet(direct);
}

static void direct_refused(struct kernel_aio_read *read, int error)
{
	struct aio_op *op = container_of(read, struct aio_op, direct);
	struct aio_direct *direct = op->by_direct;
	const struct aio_reader_options *options = direct->options;

	if (options->degraded && !direct->degraded)
		options->degraded(options->context, error);
	direct->degraded = true;
	direct->ops->refused(op);
}

static void direct_closed(struct kernel_aio *aio)
{
	struct aio_direct *direct = self(aio);

	direct->ops->closed(direct);
}

static const struct kernel_aio_ops direct_ops = {
	.done = direct_done,
	.refused = direct_refused,
	.closed = direct_closed,
};

/* --- beginning and end ---------------------------------------------------- */

int aio_direct_open(struct aio_direct *direct,
    const struct aio_reader_options *options, const struct aio_direct_ops *ops)
{
	const struct kernel_aio_calls *calls = options->calls;

	direct->options = options;
	direct->ops = ops;
	return kernel_aio_open(&direct->aio, options->loop, options->depth,
	    calls ? calls : &kernel_aio_libaio, &direct_ops);
}

void aio_direct_close(struct aio_direct *direct)
{
	kernel_aio_close(&direct->aio);
}
