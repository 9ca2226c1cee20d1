/* SPDX-License-Identifier: MIT */
/* The tier of pread(2) in the loop's thread pool. Internal to aio_reader. */
#ifndef COMMON_READER_AIO_THREADS_H
#define COMMON_READER_AIO_THREADS_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "common/reader/aio_op.h"
#include "common/reader/read_tier.h"

/*
 * Embedded by value. Before a read, all up to `op->ahead` is brought into the
 * page cache; where the file has a hole (`op->has_holes`) the zeros are not
 * read.
 */
struct aio_threads {
	struct read_tier tier;
	uv_loop_t *loop;
	unsigned int limit; /* of jobs at one time */
	unsigned int jobs;
	unsigned int windows; /* of these, that only bring bytes in */
	uint64_t brought;     /* windows asked for so far */
	struct aio_op_list queue;
};

/* Runs at most `limit` jobs at a time. The tier's client and reader are set. */
void aio_threads_init(
    struct aio_threads *threads, uv_loop_t *loop, unsigned int limit);

/*
 * Has a window of the file brought into the page cache, unless it is there;
 * the outcome is noted in `file->windows`. Returns false if no thread is free
 * or there is no memory: windows are not queued.
 */
bool aio_threads_bring(
    struct aio_threads *threads, struct aio_file *file, uint64_t window);

#endif
