/* SPDX-License-Identifier: MIT */
/*
 * A read that can't be served at once becomes an aio_op; aio_op.h tells its
 * states. Results are delivered from handles of the loop only, never from
 * inside aio_reader_read().
 *
 * Nobody reads what somebody else is reading already: such an op follows the
 * other one (aio_flight.h). And what several want is brought into the page
 * cache, ahead of them and in the thread pool (read_policy.h, file_windows.h).
 *
 * A buffered io_submit() is never used: on a file that is not cached it does
 * the reading inside the call and blocks the loop.
 */
#include "config.h"
#include "common/reader/aio_reader.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "common/chunk_pool.h"
#include "common/container_of.h"
#include "common/file/aio_file.h"
#include "common/reader/aio_cache.h"
#include "common/reader/aio_direct.h"
#include "common/reader/aio_flight.h"
#include "common/reader/aio_op.h"
#include "common/reader/aio_threads.h"

/* Ops taken up in one turn of the loop. */
#define READY_MAX 64

struct aio_reader {
	struct aio_reader_options options;
	struct aio_direct direct;
	struct aio_threads threads;
	struct aio_cache cache;
	uint64_t joined;
	int setup_error;
	bool closing;
	struct aio_op_list ready;
	uv_idle_t idle; /* active while `ready` has something */
};

static void read_uncached(struct aio_op *op);
static void on_idle(uv_idle_t *idle);
static void close_if_quiet(struct aio_reader *reader);

/* --- the end of a read ---------------------------------------------------- */

/* Those that follow it have their turn. */
static void end_flight(struct aio_op *op, ssize_t result)
{
	struct aio_reader *reader = op->reader;

	aio_flight_end(op, result, &reader->ready);
	if (!TAILQ_EMPTY(&reader->ready))
		uv_idle_start(&reader->idle, on_idle);
}

static void land(struct aio_op *op, ssize_t result)
{
	end_flight(op, result);
	aio_op_deliver(op, result);
}

/* --- tier 3: the thread pool -------------------------------------------- */

static void queue_thread(struct aio_op *op)
{
	struct aio_reader *reader = op->reader;

	aio_cache_plan(&reader->cache, op);
	aio_threads_read(&reader->threads, op);
}

static void thread_done(struct aio_op *op)
{
	land(op, op->result);
}

static void threads_quiet(struct aio_threads *threads)
{
	close_if_quiet(container_of(threads, struct aio_reader, threads));
}

static const struct aio_threads_ops thread_ops = {
	.done = thread_done,
	.quiet = threads_quiet,
};

/* --- tier 2: kernel AIO on an O_DIRECT descriptor ------------------------ */

static void direct_quiet(struct aio_direct *direct)
{
	close_if_quiet(container_of(direct, struct aio_reader, direct));
}

static void direct_closed(struct aio_direct *direct)
{
	free(container_of(direct, struct aio_reader, direct));
}

static const struct aio_direct_ops direct_ops = {
	.opened = read_uncached,
	.done = land,
	.refused = queue_thread,
	.quiet = direct_quiet,
	.closed = direct_closed,
};

/* --- the way of an op --------------------------------------------------- */

/* Which tier? */
static void read_uncached(struct aio_op *op)
{
	struct aio_file *file = op->file;

	if (op->reader->direct.aio.slots == 0 &&
	    file->direct == AIO_FILE_DIRECT_UNKNOWN)
		aio_file_without_direct(file);
	if (aio_cache_way(&op->reader->cache, file) == READ_WAY_CACHE) {
		queue_thread(op);
		return;
	}
	switch (file->direct) {
	case AIO_FILE_DIRECT_UNKNOWN:
	case AIO_FILE_DIRECT_OPENING:
		aio_direct_wait(&op->reader->direct, op);
		break;
	case AIO_FILE_DIRECT_READY:
		aio_direct_read(&op->reader->direct, op);
		break;
	case AIO_FILE_DIRECT_NONE:
		queue_thread(op);
		break;
	}
}

/* The bytes are not in memory; but somebody may be reading them. */
static void route(struct aio_op *op)
{
	struct aio_op *leader = NULL;

	if (!op->alone)
		leader = aio_flight_covering(op->file, op->offset);
	if (!op->alone && !leader)
		leader = aio_flight_bringing(op->file, op->offset);
	if (leader) {
		op->reader->joined++;
		aio_flight_follow(op, leader);
	} else {
		aio_flight_begin(op);
		read_uncached(op);
	}
}

/* --- ops that got something from others ----------------------------------- */

static void wait_for_buffer(struct aio_op *op);

/* An op that waited for its buffer starts where a new read does. */
static void take_up(struct aio_op *op)
{
	ssize_t n = -EAGAIN;

	if (op->shared) {
		aio_op_deliver(op, 0);
		return;
	}
	if (!op->buffer) {
		wait_for_buffer(op);
		return;
	}
	if (!op->alone)
		n = aio_cache_read(&op->reader->cache, op->file, op->buffer,
		    op->length, op->offset);
	if (n == -EAGAIN)
		route(op);
	else
		aio_op_deliver(op, n);
}

/*
 * A buffer for the first op, if it needs one and there is one. To ask for it
 * may make somebody give up reads, this one among them: false then.
 */
static bool find_buffer(struct aio_reader *reader)
{
	struct aio_op *op = TAILQ_FIRST(&reader->ready);
	void *buffer;

	if (op->shared || op->buffer)
		return true;
	buffer = chunk_pool_get(reader->options.pool);
	if (TAILQ_FIRST(&reader->ready) == op) {
		op->buffer = buffer;
		return true;
	}
	if (buffer)
		chunk_pool_put(reader->options.pool, buffer);
	return false;
}

static void on_idle(uv_idle_t *idle)
{
	struct aio_reader *reader = container_of(idle, struct aio_reader, idle);
	struct aio_op *op;

	/* The rest has its turn next time. */
	for (int i = 0; i < READY_MAX && !TAILQ_EMPTY(&reader->ready); i++) {
		if (!find_buffer(reader))
			continue;
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

/* Joins the pool's waiting list. */
static void wait_for_buffer(struct aio_op *op)
{
	/* No buffer and none lent: there is no memory, and none will come. */
	if (chunk_pool_borrowed(op->pool) == 0) {
		aio_op_deliver(op, -ENOMEM);
		return;
	}
	op->state = AIO_OP_BUFFER;
	op->waiter.ready = on_buffer;
	chunk_pool_wait(op->pool, &op->waiter);
}

/*
 * Starts an op that has nothing yet but perhaps a buffer. 0 or -ENOMEM, and
 * the op is gone.
 */
static int start(struct aio_op *op, struct aio_op *leader)
{
	if (leader) {
		op->reader->joined++;
		aio_flight_follow(op, leader);
	} else if (op->buffer) {
		route(op);
	} else if (chunk_pool_borrowed(op->pool) > 0) {
		wait_for_buffer(op);
	} else {
		aio_op_free(op);
		return -ENOMEM;
	}
	return 0;
}

int aio_reader_read(struct aio_reader *reader, struct aio_file *file,
    struct aio_read *read, uint64_t offset, size_t length)
{
	struct chunk_pool *pool = reader->options.pool;
	struct aio_op *leader = aio_flight_covering(file, offset);
	void *buffer = leader ? NULL : chunk_pool_get(pool);
	struct aio_op *op;
	ssize_t n = -EAGAIN;

	assert(!read->op && !read->buffer);
	if (length > chunk_pool_buffer_size(pool))
		length = chunk_pool_buffer_size(pool);
	read->error = 0;
	if (buffer)
		n = aio_cache_read(
		    &reader->cache, file, buffer, length, offset);
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
	return start(op, leader);
}

void aio_reader_release(struct aio_reader *reader, struct aio_read *read)
{
	if (read->shared)
		aio_shared_unref(read->shared);
	else if (read->buffer)
		chunk_pool_put(reader->options.pool, read->buffer);
	read->shared = NULL;
	read->buffer = NULL;
	read->data = NULL;
	read->length = 0;
}

/* Takes an op out of where it waits; false: it can't be stopped any more. */
static bool stop(struct aio_reader *reader, struct aio_op *op)
{
	switch (op->state) {
	case AIO_OP_BUFFER:
		chunk_pool_unwait(op->pool, &op->waiter);
		break;
	case AIO_OP_READY:
		TAILQ_REMOVE(&reader->ready, op, link);
		break;
	case AIO_OP_FOLLOWING:
		aio_flight_unfollow(op);
		break;
	case AIO_OP_OPENING:
		TAILQ_REMOVE(&op->file->waiting, op, link);
		break;
	case AIO_OP_DIRECT:
		return aio_direct_unqueue(&reader->direct, op);
	case AIO_OP_QUEUED:
		aio_threads_unqueue(&reader->threads, op);
		break;
	case AIO_OP_THREAD:
		return false;
	}
	return true;
}

void aio_reader_cancel(struct aio_reader *reader, struct aio_read *read)
{
	struct aio_op *op = read->op;

	aio_reader_release(reader, read);
	if (!op)
		return;
	if (!stop(reader, op)) {
		aio_op_detach(op);
		return;
	}
	/* Those that follow it have to see for themselves. */
	end_flight(op, -ECANCELED);
	aio_op_free(op);
}

unsigned int aio_reader_slots(const struct aio_reader *reader)
{
	return reader->direct.aio.slots;
}

int aio_reader_setup_error(const struct aio_reader *reader)
{
	return reader->setup_error;
}

void aio_reader_kick(struct aio_reader *reader)
{
	kernel_aio_kick(&reader->direct.aio);
}

bool aio_reader_has_spare(const struct aio_reader *reader)
{
	return chunk_pool_is_ample(reader->options.pool);
}

struct aio_reader_counts aio_reader_counts(const struct aio_reader *reader)
{
	struct aio_reader_counts counts = { .joined = reader->joined };

	counts.cached = reader->cache.hits;
	counts.direct = reader->direct.reads;
	counts.submits = reader->direct.aio.submits;
	counts.threaded = reader->threads.reads;
	counts.windows = reader->threads.brought;
	return counts;
}

/* --- beginning and end -------------------------------------------------- */

static void idle_closed(uv_handle_t *handle)
{
	struct aio_reader *reader = handle->data;

	aio_direct_close(&reader->direct);
}

/* Closes when the kernel and the threads have given everything back. */
static void close_if_quiet(struct aio_reader *reader)
{
	if (!reader->closing || reader->direct.aio.in_flight > 0 ||
	    reader->threads.jobs > 0)
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
	struct aio_reader *reader = calloc(1, sizeof(*reader));

	if (!reader)
		return -ENOMEM;
	reader->options = *options;
	TAILQ_INIT(&reader->ready);
	reader->cache.mode = options->page_cache;
	reader->cache.chunk = chunk_pool_buffer_size(options->pool);
	reader->cache.threads = &reader->threads;
	aio_threads_init(
	    &reader->threads, options->loop, options->pool_jobs, &thread_ops);
	uv_idle_init(options->loop, &reader->idle);
	reader->setup_error =
	    aio_direct_open(&reader->direct, &reader->options, &direct_ops);
	*ret_reader = reader;
	return 0;
}
