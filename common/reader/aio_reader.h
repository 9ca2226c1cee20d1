/* SPDX-License-Identifier: MIT */
/* Reads of files that never block the event loop. */
#ifndef COMMON_READER_AIO_READER_H
#define COMMON_READER_AIO_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "common/reader/read_policy.h"

struct aio_file;
struct aio_op;
struct aio_read;
struct aio_reader;
struct aio_shared;
struct chunk_pool;
struct kernel_aio_calls;

/* Called on the loop when a read that was in flight has its result. */
typedef void aio_read_done_fn(struct aio_read *read);

/*
 * Kernel AIO turned out not to work (`error`, -errno) and reads go to the
 * thread pool; called at most once.
 */
typedef void aio_reader_degraded_fn(void *context, int error);

/*
 * A read, embedded in whoever asks for it and zeroed. `done` is set before
 * the first use; `context` is the asker's.
 */
struct aio_read {
	aio_read_done_fn *done;
	void *context;
	/*
	 * The result: `length` bytes at `data`, fewer than asked for where
	 * that was convenient, 0 only at the end of the file; or `error`, a
	 * negative errno, and no data.
	 */
	const unsigned char *data;
	size_t length;
	int error;
	/* The reader's own. */
	struct aio_op *op;
	void *buffer;
	struct aio_shared *shared;
};

struct aio_reader_options {
	uv_loop_t *loop;
	struct chunk_pool *pool;
	/* Reads in flight in the kernel. */
	unsigned int depth;
	/* Reads in the thread pool at one time. */
	unsigned int pool_jobs;
	enum page_cache_mode page_cache;
	/* NULL: libaio. */
	const struct kernel_aio_calls *calls;
	/* May be NULL. */
	aio_reader_degraded_fn *degraded;
	void *context;
};

/* How many reads each tier has served, for tests and counters. */
struct aio_reader_counts {
	uint64_t cached;   /* from the page cache, without waiting */
	uint64_t direct;   /* by io_submit(2) */
	uint64_t threaded; /* by pread(2) in the thread pool */
	uint64_t submits;  /* calls of io_submit(2) */
	uint64_t joined;   /* waited for the bytes of another read */
	uint64_t windows;  /* brought into the page cache, ahead of reads */
};

/* A reader on `options->loop`. 0 or -errno. */
int aio_reader_new(
    const struct aio_reader_options *options, struct aio_reader **ret_reader);

/*
 * Stops the reader; no read may have an owner any more. It goes when the
 * kernel and the threads have given back what was detached: the loop, and the
 * pool, must stay until then. NULL is allowed.
 */
void aio_reader_close(struct aio_reader *reader);

/* Slots the kernel granted: `depth`, fewer (fs.aio-max-nr), or 0. */
unsigned int aio_reader_slots(const struct aio_reader *reader);

/* What aio_reader_new() met when it asked for slots: 0 or -errno. */
int aio_reader_setup_error(const struct aio_reader *reader);

/*
 * To be called now and then in a long turn of the loop: what was asked for is
 * on its way to the disk if that has little to do.
 */
void aio_reader_kick(struct aio_reader *reader);

/* Whether there are buffers for bytes that nobody waits for yet. */
bool aio_reader_has_spare(const struct aio_reader *reader);

/* What it has done so far. */
struct aio_reader_counts aio_reader_counts(const struct aio_reader *reader);

/*
 * Reads up to `length` bytes at `offset` into a buffer of the pool; more than
 * a buffer holds is cut. 1: done, the result stands in `read`; 0: in flight,
 * `read->done` will be called, never from inside this call; negative: -errno.
 * Where the bytes come from:
 *
 *  1. a read of them that is in flight: its buffer is shared;
 *  2. the page cache, if they are there (preadv2(2), RWF_NOWAIT), unless the
 *     file has holes;
 *  3. else kernel AIO on an O_DIRECT descriptor (io_submit(2)), submitted in
 *     one batch at the end of the loop's turn;
 *  4. where there is no direct I/O, or where read_policy_way() wants them in
 *     the page cache: pread(2) in the loop's thread pool. That also brings in
 *     some MiB of what follows.
 *
 * An empty pool, a full kernel or thread pool is waited for, first come first
 * served. One read of `read` at a time.
 */
int aio_reader_read(struct aio_reader *reader, struct aio_file *file,
    struct aio_read *read, uint64_t offset, size_t length);

/* Gives the result's buffer back; harmless without one. */
void aio_reader_release(struct aio_reader *reader, struct aio_read *read);

/*
 * Forgets a read in flight: `done` will not be called. What the kernel or a
 * thread still writes to stays theirs until they are done. Also releases a
 * result.
 */
void aio_reader_cancel(struct aio_reader *reader, struct aio_read *read);

#endif
