/* SPDX-License-Identifier: MIT */
/* Reads of files that never block the event loop. */
#ifndef COMMON_READER_AIO_READER_H
#define COMMON_READER_AIO_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "common/reader/aio_read.h"
#include "common/reader/page_cache.h"

struct aio_file;
struct aio_reader;
struct chunk_pool;
struct kernel_aio_calls;

/*
 * Kernel AIO turned out not to work (`error`, -errno) and reads go to the
 * thread pool; called at most once.
 */
typedef void aio_reader_degraded_fn(void *context, int error);

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

/* Makes a reader on `options->loop`. Returns 0 or -ENOMEM. */
int aio_reader_new(
    const struct aio_reader_options *options, struct aio_reader **ret_reader);

/*
 * Closes the reader, none of whose reads may have an asker any more. It is
 * freed when the kernel and the threads have given back what was detached; loop
 * and pool must stay until then. NULL is allowed.
 */
void aio_reader_close(struct aio_reader *reader);

/* Returns the slots that the kernel granted: `depth`, fewer (fs.aio-max-nr), or
 * 0. */
unsigned int aio_reader_slots(const struct aio_reader *reader);

/* Returns 0, or the -errno with which the kernel refused slots. */
int aio_reader_setup_error(const struct aio_reader *reader);

/*
 * Submits what is queued if the disk has little to do. To be called now and
 * then in a long turn of the loop.
 */
void aio_reader_kick(struct aio_reader *reader);

/* Returns true if there are buffers for bytes that nobody waits for yet. */
bool aio_reader_has_spare(const struct aio_reader *reader);

/* Returns what it has done so far. */
struct aio_reader_counts aio_reader_counts(const struct aio_reader *reader);

/*
 * Reads up to `length` bytes at `offset` into a buffer of the pool; more than
 * a buffer holds is cut. Returns 1 if the result is in `read`; 0 if the read is
 * in flight: `read->done` will be called, never from inside this call; or
 * -errno. Where the bytes come from:
 *
 *  1. a read of them that is in flight: its buffer is shared;
 *  2. the page cache, if they are there (preadv2(2), RWF_NOWAIT), unless the
 *     file has holes;
 *  3. else kernel AIO on an O_DIRECT descriptor (io_submit(2)), submitted in
 *     one batch at the end of the loop's turn;
 *  4. where there is no direct I/O, or where aio_cache_way() wants them in
 *     the page cache: pread(2) in the loop's thread pool. That also brings in
 *     some MiB of what follows.
 *
 * An empty pool, a full kernel or thread pool is waited for, first come first
 * served. One read of `read` at a time.
 */
int aio_reader_read(struct aio_reader *reader, struct aio_file *file,
    struct aio_read *read, uint64_t offset, size_t length);

/* Gives the result's buffer back, if there is one. */
void aio_reader_release(struct aio_reader *reader, struct aio_read *read);

/*
 * Forgets a read in flight: `done` will not be called. What the kernel or a
 * thread still writes to stays theirs until they are done. Also releases a
 * result.
 */
void aio_reader_cancel(struct aio_reader *reader, struct aio_read *read);

#endif
