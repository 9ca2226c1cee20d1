/* SPDX-License-Identifier: MIT */
/* Reads in the thread pool of the loop. For the reader's eyes only. */
#ifndef COMMON_READER_AIO_THREADS_H
#define COMMON_READER_AIO_THREADS_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "common/reader/aio_op.h"

struct aio_threads;

struct aio_threads_ops {
	/* A read is done; the result stands in it. */
	void (*done)(struct aio_op *op);
	/* No thread is at work any more. */
	void (*quiet)(struct aio_threads *threads);
};

/* Embedded by value. */
struct aio_threads {
	uv_loop_t *loop;
	const struct aio_threads_ops *ops;
	unsigned int limit; /* of jobs at one time */
	unsigned int jobs;
	unsigned int windows; /* of these, that only bring bytes in */
	uint64_t reads;       /* started so far */
	uint64_t brought;     /* windows asked for so far */
	struct aio_op_list queue;
};

/* Runs at most `limit` jobs at a time. */
void aio_threads_init(struct aio_threads *threads, uv_loop_t *loop,
    unsigned int limit, const struct aio_threads_ops *ops);

/*
 * Queues a read with pread(2) of `op->length` bytes at `op->offset`; the state
 * is set here. Before that it has the kernel bring in all up to `op->ahead`.
 * Where the file has a hole (`op->holes`) it does not read the zeros.
 */
void aio_threads_read(struct aio_threads *threads, struct aio_op *op);

/* Takes a read that no thread has yet out of the queue. */
void aio_threads_unqueue(struct aio_threads *threads, struct aio_op *op);

/*
 * Has a window of the file brought into the page cache, unless it is there:
 * what is found out is noted in `file->windows`. It is not queued: false if no
 * thread is free, or no memory.
 */
bool aio_threads_bring(
    struct aio_threads *threads, struct aio_file *file, uint64_t window);

#endif
