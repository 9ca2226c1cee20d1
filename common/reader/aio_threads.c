/* SPDX-License-Identifier: MIT */
/*
 * posix_fadvise(POSIX_FADV_WILLNEED) does not wait for the disk, but it does
 * take its time: 0.2 ms for a MiB. So it is done here.
 */
#include "config.h"
#include "common/reader/aio_threads.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/container_of.h"
#include "common/file/aio_file.h"
#include "common/min.h"
#include "common/reader/page_cache.h"

/* Jobs that only bring bytes in; the others are for readers that wait. */
#define WINDOWS_MAX 4

struct window_job {
	uv_work_t work;
	struct aio_threads *threads;
	struct aio_file *file;
	uint64_t start;
	uint64_t end;
	bool in_memory;
};

static void start(struct aio_threads *threads);

static struct aio_threads *self(struct read_tier *tier)
{
	return container_of(tier, struct aio_threads, tier);
}

static bool is_quiet(struct read_tier *tier)
{
	return self(tier)->jobs == 0;
}

/* --- reads ---------------------------------------------------------------- */

/*
 * If there is nothing but a hole where the op reads (lseek(2)), fills its
 * buffer with zeros and returns true.
 */
static bool read_hole(struct aio_op *op)
{
	uint64_t size = op->file->size;
	off_t data;

	if (op->offset >= size)
		return false;
	data = lseek(op->file->fd, (off_t)op->offset, SEEK_DATA);
	if (data < 0 ? errno != ENXIO
		     : (uint64_t)data < op->offset + op->length)
		return false;
	op->result = (ssize_t)u64_min(op->length, size - op->offset);
	memset(op->buffer, 0, (size_t)op->result);
	return true;
}

static void thread_read(uv_work_t *work)
{
	struct aio_op *op = container_of(work, struct aio_op, work);

	if (op->has_holes && read_hole(op))
		return;
	if (op->ahead > op->offset)
		page_cache_bring(op->file->fd, op->offset, op->ahead);
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
	struct aio_threads *threads = self(op->tier);

	(void)status;
	threads->jobs--;
	start(threads);
	threads->tier.client->done(op, op->result);
	if (is_quiet(&threads->tier))
		threads->tier.client->quiet(threads->tier.reader);
}

static void start(struct aio_threads *threads)
{
	struct aio_op *op;

	while (threads->jobs < threads->limit &&
	    (op = TAILQ_FIRST(&threads->queue)) != NULL) {
		TAILQ_REMOVE(&threads->queue, op, link);
		op->state = AIO_OP_RUNNING;
		threads->jobs++;
		threads->tier.reads++;
		uv_queue_work(
		    threads->loop, &op->work, thread_read, thread_done);
	}
}

static void queue_read(struct read_tier *tier, struct aio_op *op)
{
	struct aio_threads *threads = self(tier);

	op->state = AIO_OP_QUEUED;
	op->tier = tier;
	/* A tier that refused it may have aligned it. */
	op->skip = 0;
	TAILQ_INSERT_TAIL(&threads->queue, op, link);
	start(threads);
}

static bool take_back(struct read_tier *tier, struct aio_op *op)
{
	if (op->state == AIO_OP_RUNNING)
		return false;
	TAILQ_REMOVE(&self(tier)->queue, op, link);
	return true;
}

/* --- windows -------------------------------------------------------------- */

static void window_bring(uv_work_t *work)
{
	struct window_job *job = container_of(work, struct window_job, work);

	job->in_memory =
	    page_cache_seems_to_hold(job->file->fd, job->start, job->end);
	if (!job->in_memory)
		page_cache_bring(job->file->fd, job->start, job->end);
}

static void window_done(uv_work_t *work, int status)
{
	struct window_job *job = container_of(work, struct window_job, work);
	struct aio_threads *threads = job->threads;

	(void)status;
	file_windows_found(&job->file->windows, job->in_memory);
	aio_file_unref(job->file);
	free(job);
	threads->windows--;
	threads->jobs--;
	start(threads);
	if (is_quiet(&threads->tier))
		threads->tier.client->quiet(threads->tier.reader);
}

bool aio_threads_bring(
    struct aio_threads *threads, struct aio_file *file, uint64_t window)
{
	struct window_job *job;

	if (threads->windows == WINDOWS_MAX || threads->jobs == threads->limit)
		return false;
	job = calloc(1, sizeof(*job));
	if (!job)
		return false;
	job->threads = threads;
	job->file = aio_file_ref(file);
	job->start = window * FILE_WINDOW_SIZE;
	job->end = file_windows_end(job->start, file->size);
	threads->windows++;
	threads->jobs++;
	threads->brought++;
	uv_queue_work(threads->loop, &job->work, window_bring, window_done);
	return true;
}

/* --- beginning and end ---------------------------------------------------- */

static void close_threads(struct read_tier *tier)
{
	/* The pool is the loop's: nothing is to be closed. */
	tier->client->closed(tier->reader);
}

static const struct read_tier_ops tier_ops = {
	.read = queue_read,
	.take_back = take_back,
	.is_quiet = is_quiet,
	.close = close_threads,
};

void aio_threads_init(
    struct aio_threads *threads, uv_loop_t *loop, unsigned int limit)
{
	threads->tier.ops = &tier_ops;
	threads->loop = loop;
	threads->limit = limit;
	TAILQ_INIT(&threads->queue);
}
