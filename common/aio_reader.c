/* SPDX-License-Identifier: MIT */
/*
 * A read that can't be served at once becomes an aio_op; aio_op.h tells its
 * states. Results are delivered from handles of the loop only, never from
 * inside aio_reader_read().
 *
 * A buffered io_submit() is never used: on a file that is not cached it does
 * the reading inside the call and blocks the loop.
 */
#include "config.h"
#include "common/aio_reader.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/aio_file.h"
#include "common/aio_op.h"
#include "common/chunk_pool.h"
#include "common/container_of.h"
#include "common/kernel_aio.h"
#include "common/page_cache.h"

struct aio_reader {
	struct aio_reader_options options;
	struct aio_reader_counts counts;
	struct kernel_aio aio;
	int setup_error;
	unsigned int jobs; /* in the thread pool now */
	bool closing;
	struct aio_op_list ready;
	struct aio_op_list threads;
	uv_idle_t idle; /* active while `ready` has something */
};

static void route(struct aio_op *op);
static void start_threads(struct aio_reader *reader);
static void close_if_quiet(struct aio_reader *reader);

/* --- tier 1: the page cache ---------------------------------------------- */

static ssize_t read_cached(struct aio_reader *reader, struct aio_file *file,
    void *buffer, size_t length, uint64_t offset)
{
	ssize_t n = page_cache_read(file, buffer, length, offset);

	if (n > 0)
		reader->counts.cached++;
	return n;
}

/* --- tier 3: the thread pool -------------------------------------------- */

static void thread_read(uv_work_t *work)
{
	struct aio_op *op = container_of(work, struct aio_op, work);

	do
		op->result = pread(
		    op->file->fd, op->buffer, op->length, (off_t)op->offset);
	while (op->result < 0 && errno == EINTR);
	if (op->result < 0)
		op->result = -errno;
}

static void thread_done(uv_work_t *work, int status)
{
	struct aio_op *op = container_of(work, struct aio_op, work);
	struct aio_reader *reader = op->reader;

	(void)status;
	reader->jobs--;
	start_threads(reader);
	aio_op_deliver(op, op->result);
	close_if_quiet(reader);
}

static void start_threads(struct aio_reader *reader)
{
	struct aio_op *op;

	while (reader->jobs < reader->options.pool_jobs &&
	    (op = TAILQ_FIRST(&reader->threads)) != NULL) {
		TAILQ_REMOVE(&reader->threads, op, link);
		op->state = AIO_OP_THREAD;
		reader->jobs++;
		reader->counts.threaded++;
		uv_queue_work(
		    reader->options.loop, &op->work, thread_read, thread_done);
	}
}

static void queue_thread(struct aio_op *op)
{
	op->state = AIO_OP_QUEUED;
	op->skip = 0;
	TAILQ_INSERT_TAIL(&op->reader->threads, op, link);
	start_threads(op->reader);
}

/* --- tier 2: kernel AIO on an O_DIRECT descriptor ------------------------ */

/* Widens the read to the file's alignment and to what the buffer holds. */
static void queue_direct(struct aio_op *op)
{
	size_t size = chunk_pool_buffer_size(op->reader->options.pool);
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
	kernel_aio_read(&op->reader->aio, &op->direct, &span);
}

static void direct_done(struct kernel_aio_read *read, long long result)
{
	struct aio_op *op = container_of(read, struct aio_op, direct);
	struct aio_reader *reader = op->reader;

	/* A file system that can't after all reports it only here. */
	if (op->read && (result == -EINVAL || result == -EOPNOTSUPP)) {
		aio_file_without_direct(op->file);
		queue_thread(op);
	} else if (op->read &&
	    (result == -EAGAIN ||
		(result > 0 && result <= (long long)op->skip))) {
		/* Short of what was asked for is not the end of the file. */
		queue_thread(op);
	} else {
		reader->counts.direct++;
		aio_op_deliver(op, (ssize_t)result);
	}
	close_if_quiet(reader);
}

static void direct_refused(struct kernel_aio_read *read, int error)
{
	struct aio_op *op = container_of(read, struct aio_op, direct);
	struct aio_reader_options *options = &op->reader->options;

	if (options->degraded)
		options->degraded(options->context, error);
	options->degraded = NULL;
	queue_thread(op);
}

static void direct_closed(struct kernel_aio *aio)
{
	free(container_of(aio, struct aio_reader, aio));
}

static const struct kernel_aio_ops direct_ops = {
	.done = direct_done,
	.refused = direct_refused,
	.closed = direct_closed,
};

/* --- the way of an op --------------------------------------------------- */

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
		route(op);
	}
	aio_file_unref(file);
}

static void wait_for_direct(struct aio_op *op)
{
	struct aio_file *file = op->file;

	op->state = AIO_OP_OPENING;
	TAILQ_INSERT_TAIL(&file->waiting, op, link);
	if (file->direct == AIO_FILE_DIRECT_OPENING)
		return;
	file->direct = AIO_FILE_DIRECT_OPENING;
	aio_file_ref(file);
	uv_queue_work(
	    op->reader->options.loop, &file->work, direct_open, direct_opened);
}

/* The bytes are not cached: which tier reads them? */
static void route(struct aio_op *op)
{
	if (op->reader->aio.slots == 0 &&
	    op->file->direct == AIO_FILE_DIRECT_UNKNOWN)
		aio_file_without_direct(op->file);
	switch (op->file->direct) {
	case AIO_FILE_DIRECT_UNKNOWN:
	case AIO_FILE_DIRECT_OPENING:
		wait_for_direct(op);
		break;
	case AIO_FILE_DIRECT_READY:
		queue_direct(op);
		break;
	case AIO_FILE_DIRECT_NONE:
		queue_thread(op);
		break;
	}
}

/* An op that waited for its buffer starts where a new read does. */
static void take_up(struct aio_op *op)
{
	ssize_t n = read_cached(
	    op->reader, op->file, op->buffer, op->length, op->offset);

	if (n == -EAGAIN)
		route(op);
	else
		aio_op_deliver(op, n);
}

static void on_idle(uv_idle_t *idle)
{
	struct aio_reader *reader = container_of(idle, struct aio_reader, idle);
	struct aio_op *op;
	size_t count = 0;

	/* Those that become ready meanwhile have their turn next time. */
	TAILQ_FOREACH(op, &reader->ready, link)
		count++;
	for (; count > 0 && !TAILQ_EMPTY(&reader->ready); count--) {
		op = TAILQ_FIRST(&reader->ready);
		TAILQ_REMOVE(&reader->ready, op, link);
		take_up(op);
	}
	if (TAILQ_EMPTY(&reader->ready))
		uv_idle_stop(idle);
}

static void on_buffer(struct chunk_waiter *waiter, void *buffer)
{
	struct aio_op *op = container_of(waiter, struct aio_op, waiter);
	struct aio_reader *reader = op->reader;

	op->buffer = buffer;
	op->state = AIO_OP_READY;
	TAILQ_INSERT_TAIL(&reader->ready, op, link);
	uv_idle_start(&reader->idle, on_idle);
}

/* --- the interface ------------------------------------------------------ */

static int wait_for_buffer(struct aio_op *op)
{
	struct chunk_pool *pool = op->reader->options.pool;

	/* No buffer and none lent: there is no memory, and none will come. */
	if (chunk_pool_borrowed(pool) == 0) {
		aio_op_free(op);
		return -ENOMEM;
	}
	op->state = AIO_OP_BUFFER;
	op->waiter.ready = on_buffer;
	chunk_pool_wait(pool, &op->waiter);
	return 0;
}

int aio_reader_read(struct aio_reader *reader, struct aio_file *file,
    struct aio_read *read, uint64_t offset, size_t length)
{
	struct chunk_pool *pool = reader->options.pool;
	void *buffer = chunk_pool_get(pool);
	struct aio_op *op;
	ssize_t n = -EAGAIN;

	assert(!read->op && !read->buffer);
	if (length > chunk_pool_buffer_size(pool))
		length = chunk_pool_buffer_size(pool);
	read->error = 0;
	if (buffer)
		n = read_cached(reader, file, buffer, length, offset);
	if (n > 0) {
		read->data = read->buffer = buffer;
		read->length = (size_t)n;
		return 1;
	}
	op = n == -EAGAIN ? aio_op_new(reader, pool, file, read) : NULL;
	if (!op) {
		if (buffer)
			chunk_pool_put(pool, buffer);
		return n == -EAGAIN ? -ENOMEM : (int)n;
	}
	op->offset = offset;
	op->length = length;
	op->buffer = buffer;
	if (!buffer)
		return wait_for_buffer(op);
	route(op);
	return 0;
}

void aio_reader_release(struct aio_reader *reader, struct aio_read *read)
{
	if (read->buffer)
		chunk_pool_put(reader->options.pool, read->buffer);
	read->buffer = NULL;
	read->data = NULL;
	read->length = 0;
}

void aio_reader_cancel(struct aio_reader *reader, struct aio_read *read)
{
	struct aio_op *op = read->op;

	aio_reader_release(reader, read);
	if (!op)
		return;
	switch (op->state) {
	case AIO_OP_BUFFER:
		chunk_pool_unwait(reader->options.pool, &op->waiter);
		break;
	case AIO_OP_READY:
		TAILQ_REMOVE(&reader->ready, op, link);
		break;
	case AIO_OP_OPENING:
		TAILQ_REMOVE(&op->file->waiting, op, link);
		break;
	case AIO_OP_DIRECT:
		if (op->direct.in_kernel) {
			aio_op_detach(op);
			return;
		}
		kernel_aio_unqueue(&reader->aio, &op->direct);
		break;
	case AIO_OP_QUEUED:
		TAILQ_REMOVE(&reader->threads, op, link);
		break;
	case AIO_OP_THREAD:
		aio_op_detach(op);
		return;
	}
	aio_op_free(op);
}

unsigned int aio_reader_slots(const struct aio_reader *reader)
{
	return reader->aio.slots;
}

int aio_reader_setup_error(const struct aio_reader *reader)
{
	return reader->setup_error;
}

bool aio_reader_has_spare(const struct aio_reader *reader)
{
	return chunk_pool_is_ample(reader->options.pool);
}

struct aio_reader_counts aio_reader_counts(const struct aio_reader *reader)
{
	struct aio_reader_counts counts = reader->counts;

	counts.submits = reader->aio.submits;
	return counts;
}

/* --- beginning and end -------------------------------------------------- */

static void idle_closed(uv_handle_t *handle)
{
	struct aio_reader *reader = handle->data;

	kernel_aio_close(&reader->aio);
}

/* Closes when the kernel and the threads have given everything back. */
static void close_if_quiet(struct aio_reader *reader)
{
	if (!reader->closing || reader->aio.in_flight > 0 || reader->jobs > 0)
		return;
	reader->closing = false;
	reader->idle.data = reader;
	uv_close((uv_handle_t *)&reader->idle, idle_closed);
}

void aio_reader_close(struct aio_reader *reader)
{
	if (!reader)
		return;
	reader->closing = true;
	close_if_quiet(reader);
}

int aio_reader_new(
    const struct aio_reader_options *options, struct aio_reader **ret_reader)
{
	const struct kernel_aio_calls *calls = options->calls;
	struct aio_reader *reader = calloc(1, sizeof(*reader));

	if (!reader)
		return -ENOMEM;
	reader->options = *options;
	TAILQ_INIT(&reader->ready);
	TAILQ_INIT(&reader->threads);
	uv_idle_init(options->loop, &reader->idle);
	reader->setup_error = kernel_aio_open(&reader->aio, options->loop,
	    options->depth, calls ? calls : &kernel_aio_libaio, &direct_ops);
	*ret_reader = reader;
	return 0;
}
