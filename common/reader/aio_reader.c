/* SPDX-License-Identifier: MIT */
/*
 * The way of a read: aio_reader_read() looks in the page cache (aio_cache_read)
 * and is done if the bytes are there. If not, the read becomes an aio_op, which
 * follows another one that reads the same bytes, or goes to a tier:
 *
 *   start → route → choose_tier → the tier's read → tier_done → aio_op_deliver
 *
 * Results are delivered from handles of the loop only, never from inside
 * aio_reader_read(). The page cache is no read_tier, because it answers at
 * once and needs no op.
 *
 * A buffered io_submit() is never used: on a file that is not cached it does
 * the reading inside the call and blocks the loop.
 *
 * In reading order:
 *   aio_read.h    what the asker has of a read
 *   aio_op        a read that has to wait; leaders, and their followers
 *   read_tier.h   what a tier takes, and what it calls
 *   aio_direct    the tier of kernel AIO, on top of kernel_aio
 *   aio_threads   the tier of the thread pool
 *   aio_cache     what may come into the page cache, on top of page_cache
 *
 * The words:
 *   asker         the owner of an aio_read, a source for instance
 *   buffer        a chunk of the pool; there may be none to spare
 *   in flight     from when an op goes to a tier until it has its result
 *   leader        an op in flight; a follower waits for its bytes
 *   way           past the page cache, or through it
 *   bring in      have the kernel read bytes into the page cache
 *   window        2 MiB of a file, brought in as one (file_windows.h)
 *   cold, warm    not in the page cache, or in it
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
#include "common/min.h"
#include "common/reader/aio_cache.h"
#include "common/reader/aio_direct.h"
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
	bool is_closing;
	unsigned int open_tiers;
	struct aio_op_list ready;
	uv_idle_t idle; /* active while `ready` has something */
};

static void on_idle(uv_idle_t *idle);

/* --- to a tier ------------------------------------------------------------ */

static void read_in_thread(struct aio_op *op)
{
	struct aio_reader *reader = op->reader;
	struct read_tier *threads = &reader->threads.tier;

	aio_cache_plan(&reader->cache, op);
	threads->ops->read(threads, op);
}

static void choose_tier(struct aio_op *op)
{
	struct aio_reader *reader = op->reader;
	struct read_tier *direct = &reader->direct.tier;
	struct aio_file *file = op->file;

	/* Without slots nothing has to be found out about the file. */
	if (reader->direct.aio.slots == 0 &&
	    file->direct == AIO_FILE_DIRECT_UNKNOWN)
		aio_file_without_direct(file);
	if (file->direct == AIO_FILE_DIRECT_NONE ||
	    aio_cache_way(&reader->cache, file) == READ_WAY_CACHE)
		read_in_thread(op);
	else
		direct->ops->read(direct, op);
}

/* For bytes that are not in memory; but somebody may be reading them. */
static void route(struct aio_op *op)
{
	struct aio_op *leader = NULL;

	if (!op->is_alone)
		leader = aio_op_covering(op->file, op->offset);
	/* Its bytes will be in memory when that one is done. */
	if (!op->is_alone && !leader)
		leader = aio_op_bringing(op->file, op->offset);
	if (leader) {
		op->reader->joined++;
		aio_op_follow(op, leader);
	} else {
		aio_op_lead(op);
		choose_tier(op);
	}
}

/* --- back from a tier ----------------------------------------------------- */

/* Those that follow it become ready. */
static void end_flight(struct aio_op *op, ssize_t result)
{
	struct aio_reader *reader = op->reader;

	aio_op_end_flight(op, result, &reader->ready);
	if (!TAILQ_EMPTY(&reader->ready))
		uv_idle_start(&reader->idle, on_idle);
}

static void tier_done(struct aio_op *op, ssize_t result)
{
	end_flight(op, result);
	aio_op_deliver(op, result);
}

static void idle_closed(uv_handle_t *handle)
{
	struct aio_reader *reader = handle->data;
	struct read_tier *threads = &reader->threads.tier;
	struct read_tier *direct = &reader->direct.tier;

	threads->ops->close(threads);
	direct->ops->close(direct);
}

/* Closes when the kernel and the threads have given everything back. */
static void close_if_quiet(struct aio_reader *reader)
{
	struct read_tier *threads = &reader->threads.tier;
	struct read_tier *direct = &reader->direct.tier;

	if (!reader->is_closing || !threads->ops->is_quiet(threads) ||
	    !direct->ops->is_quiet(direct))
		return;
	/* A tier may report twice that it is quiet. */
	reader->is_closing = false;
	reader->idle.data = reader;
	uv_close((uv_handle_t *)&reader->idle, idle_closed);
}

static void tier_closed(struct aio_reader *reader)
{
	if (--reader->open_tiers == 0)
		free(reader);
}

static const struct read_tier_client tier_client = {
	.done = tier_done,
	.again = choose_tier,
	/* What another tier refuses a thread can read. */
	.refused = read_in_thread,
	.quiet = close_if_quiet,
	.closed = tier_closed,
};

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
	/* Its leader had an error or less: only the disk can tell. */
	if (!op->is_alone)
		n = aio_cache_read(&op->reader->cache, op->file, op->buffer,
		    op->length, op->offset);
	if (n == -EAGAIN)
		route(op);
	else
		aio_op_deliver(op, n);
}

/*
 * Finds a buffer for the first op that is ready, if it needs one and there is
 * one. To ask for it may make others give up reads, this one among them:
 * returns false then.
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

	/* The rest waits for the next turn: other handles come first. */
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

/* Joins the pool's waiting list. */
static void wait_for_buffer(struct aio_op *op)
{
	/* None is lent that could come back: there is no memory. */
	if (chunk_pool_borrowed(op->pool) == 0) {
		aio_op_deliver(op, -ENOMEM);
		return;
	}
	op->state = AIO_OP_BUFFER;
	op->waiter.ready = on_buffer;
	chunk_pool_wait(op->pool, &op->waiter);
}

/* --- the interface -------------------------------------------------------- */

/*
 * Starts an op that has nothing yet but perhaps a buffer. Returns 0, or -ENOMEM
 * with the op freed.
 */
static int start(struct aio_op *op, struct aio_op *leader)
{
	if (leader) {
		op->reader->joined++;
		aio_op_follow(op, leader);
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
	struct aio_op *leader = aio_op_covering(file, offset);
	/* A follower needs none, and no look: the bytes are not in memory. */
	void *buffer = leader ? NULL : chunk_pool_get(pool);
	struct aio_op *op;
	ssize_t n = -EAGAIN;

	assert(!read->op && !read->buffer);
	length = size_min(length, chunk_pool_buffer_size(pool));
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

/*
 * Takes an op out of where it waits. Returns false if it can't be stopped any
 * more.
 */
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
		aio_op_unfollow(op);
		break;
	case AIO_OP_OPENING:
	case AIO_OP_QUEUED:
	case AIO_OP_RUNNING:
		return op->tier->ops->take_back(op->tier, op);
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
	/* Those that follow it see for themselves, one for all. */
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
	counts.direct = reader->direct.tier.reads;
	counts.submits = reader->direct.aio.submits;
	counts.threaded = reader->threads.tier.reads;
	counts.windows = reader->threads.brought;
	return counts;
}

/* --- beginning and end ---------------------------------------------------- */

void aio_reader_close(struct aio_reader *reader)
{
	if (!reader)
		return;
	reader->is_closing = true;
	close_if_quiet(reader);
}

static void direct_degraded(struct aio_reader *reader, int error)
{
	if (reader->options.degraded)
		reader->options.degraded(reader->options.context, error);
}

static void add_tier(struct aio_reader *reader, struct read_tier *tier)
{
	tier->client = &tier_client;
	tier->reader = reader;
	reader->open_tiers++;
}

static void open_tiers(struct aio_reader *reader)
{
	const struct aio_reader_options *options = &reader->options;
	const struct aio_direct_options direct = {
		.loop = options->loop,
		.depth = options->depth,
		.buffer_size = chunk_pool_buffer_size(options->pool),
		.calls = options->calls,
		.degraded = direct_degraded,
	};

	add_tier(reader, &reader->threads.tier);
	aio_threads_init(&reader->threads, options->loop, options->pool_jobs);
	add_tier(reader, &reader->direct.tier);
	reader->setup_error = aio_direct_open(&reader->direct, &direct);
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
	uv_idle_init(options->loop, &reader->idle);
	open_tiers(reader);
	*ret_reader = reader;
	return 0;
}
