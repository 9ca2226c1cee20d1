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
#include "common/reader/page_cache.h"

/* Jobs of only bringing bytes in; the others are for those who wait. */
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

static void end_job(struct aio_threads *threads)
{
	threads->jobs--;
	start(threads);
}

/* --- reads ---------------------------------------------------------------- */

/* True if there is nothing but a hole where the op reads (lseek(2)). */
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
	op->result = (ssize_t)op->length;
	if (size - op->offset < op->length)
		op->result = (ssize_t)(size - op->offset);
	memset(op->buffer, 0, (size_t)op->result);
	return true;
}

static void thread_read(uv_work_t *work)
{
	struct aio_op *op = container_of(work, struct aio_op, work);

	if (op->holes && read_hole(op))
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
	struct aio_threads *threads = op->threads;

	(void)status;
	end_job(threads);
	threads->ops->done(op);
	if (threads->jobs == 0)
		threads->ops->quiet(threads);
}

static void start(struct aio_threads *threads)
{
	struct aio_op *op;

	while (threads->jobs < threads->limit &&
	    (op = TAILQ_FIRST(&threads->queue)) != NULL) {
		TAILQ_REMOVE(&threads->queue, op, link);
		op->state = AIO_OP_THREAD;
		threads->jobs++;
		threads->reads++;
		uv_queue_work(
		    threads->loop, &op->work, thread_read, thread_done);
	}
}

void aio_threads_read(struct aio_threads *threads, struct aio_op *op)
{
	op->state = AIO_OP_QUEUED;
	op->threads = threads;
	op->skip = 0;
	TAILQ_INSERT_TAIL(&threads->queue, op, link);
	start(threads);
}

void aio_threads_unqueue(struct aio_threads *threads, struct aio_op *op)
{
	TAILQ_REMOVE(&threads->queue, op, link);
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
	end_job(threads);
	if (threads->jobs == 0)
		threads->ops->quiet(threads);
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

void aio_threads_init(struct aio_threads *threads, uv_loop_t *loop,
    unsigned int limit, const struct aio_threads_ops *ops)
{
	memset(threads, 0, sizeof(*threads));
	threads->loop = loop;
	threads->ops = ops;
	threads->limit = limit;
	TAILQ_INIT(&threads->queue);
}
