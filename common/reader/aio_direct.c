/* SPDX-License-Identifier: MIT */
/*
 * A file gets its O_DIRECT descriptor when it is first read so. What waits for
 * it is in the file's list; the reader may be gone when it is there.
 */
#include "config.h"
#include "common/reader/aio_direct.h"

#include <errno.h>

#include "common/container_of.h"
#include "common/file/aio_file.h"
#include "common/min.h"
#include "common/reader/aio_op.h"

static struct aio_direct *self(struct read_tier *tier)
{
	return container_of(tier, struct aio_direct, tier);
}

/* --- the descriptor ------------------------------------------------------- */

static void open_file(uv_work_t *work)
{
	struct aio_file *file = container_of(work, struct aio_file, work);

	if (aio_file_open_direct(file) < 0)
		file->offset_alignment = 0;
}

static void file_opened(uv_work_t *work, int status)
{
	struct aio_file *file = container_of(work, struct aio_file, work);
	struct aio_op *op;

	(void)status;
	if (file->offset_alignment)
		file->direct = AIO_FILE_DIRECT_READY;
	else
		aio_file_without_direct(file);
	/* The file may have got more users meanwhile, and another way. */
	while ((op = TAILQ_FIRST(&file->waiting)) != NULL) {
		TAILQ_REMOVE(&file->waiting, op, link);
		op->tier->client->again(op);
	}
	aio_file_unref(file);
}

static void wait_for_file(struct aio_direct *direct, struct aio_op *op)
{
	struct aio_file *file = op->file;

	op->state = AIO_OP_OPENING;
	TAILQ_INSERT_TAIL(&file->waiting, op, link);
	if (file->direct == AIO_FILE_DIRECT_OPENING)
		return;
	file->direct = AIO_FILE_DIRECT_OPENING;
	aio_file_ref(file);
	uv_queue_work(
	    direct->options.loop, &file->work, open_file, file_opened);
}

/* --- reads ---------------------------------------------------------------- */

/* Queues what the op asks for, widened to the file's alignment. */
static void queue_read(struct aio_direct *direct, struct aio_op *op)
{
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
	/* The asker gets a few bytes less, and asks for them next time. */
	span.length = (size_t)u64_min(length, direct->options.buffer_size);
	op->state = AIO_OP_QUEUED;
	kernel_aio_read(&direct->aio, &op->direct, &span);
}

static void read_direct(struct read_tier *tier, struct aio_op *op)
{
	op->tier = tier;
	if (op->file->direct == AIO_FILE_DIRECT_READY)
		queue_read(self(tier), op);
	else
		wait_for_file(self(tier), op);
}

static bool take_back(struct read_tier *tier, struct aio_op *op)
{
	if (op->state == AIO_OP_OPENING)
		TAILQ_REMOVE(&op->file->waiting, op, link);
	else if (op->direct.in_kernel)
		return false;
	else
		kernel_aio_unqueue(&self(tier)->aio, &op->direct);
	return true;
}

static void read_done(struct kernel_aio_read *read, long long result)
{
	struct aio_op *op = container_of(read, struct aio_op, direct);
	struct aio_direct *direct = self(op->tier);
	const struct read_tier_client *client = direct->tier.client;
	bool is_refused = false;

	if (aio_op_is_wanted(op)) {
		/* A file system that can't after all reports it only here. */
		bool can_not = result == -EINVAL || result == -EOPNOTSUPP;
		/* Short of what was asked for is not the end of the file. */
		bool is_short = result > 0 && result <= (long long)op->skip;

		if (can_not)
			aio_file_without_direct(op->file);
		is_refused = can_not || is_short || result == -EAGAIN;
	}
	if (is_refused) {
		client->refused(op);
	} else {
		direct->tier.reads++;
		client->done(op, (ssize_t)result);
	}
	if (direct->aio.in_flight == 0)
		client->quiet(direct->tier.reader);
}

static void read_refused(struct kernel_aio_read *read, int error)
{
	struct aio_op *op = container_of(read, struct aio_op, direct);
	struct aio_direct *direct = self(op->tier);

	if (!direct->is_degraded)
		direct->options.degraded(direct->tier.reader, error);
	direct->is_degraded = true;
	direct->tier.client->refused(op);
}

/* --- beginning and end ---------------------------------------------------- */

static bool is_quiet(struct read_tier *tier)
{
	return self(tier)->aio.in_flight == 0;
}

static void close_direct(struct read_tier *tier)
{
	kernel_aio_close(&self(tier)->aio);
}

static void aio_closed(struct kernel_aio *aio)
{
	struct aio_direct *direct = container_of(aio, struct aio_direct, aio);

	direct->tier.client->closed(direct->tier.reader);
}

static const struct kernel_aio_ops aio_ops = {
	.done = read_done,
	.refused = read_refused,
	.closed = aio_closed,
};

static const struct read_tier_ops tier_ops = {
	.read = read_direct,
	.take_back = take_back,
	.is_quiet = is_quiet,
	.close = close_direct,
};

int aio_direct_open(
    struct aio_direct *direct, const struct aio_direct_options *options)
{
	const struct kernel_aio_calls *calls = options->calls;

	direct->options = *options;
	direct->tier.ops = &tier_ops;
	return kernel_aio_open(&direct->aio, options->loop, options->depth,
	    calls ? calls : &kernel_aio_libaio, &aio_ops);
}
