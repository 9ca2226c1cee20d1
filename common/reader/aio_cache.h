/* SPDX-License-Identifier: MIT */
/*
 * The page cache as the reader uses it: what may be looked up there, and what
 * is to be brought in. For the reader's eyes only.
 */
#ifndef COMMON_READER_AIO_CACHE_H
#define COMMON_READER_AIO_CACHE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/reader/read_policy.h"

struct aio_file;
struct aio_op;
struct aio_threads;

/* Embedded by value; the first three are the reader's to set. */
struct aio_cache {
	enum page_cache_mode mode;
	uint64_t chunk; /* bytes in a buffer */
	struct aio_threads *threads;
	uint64_t hits;
};

/* How bytes of the file that are not in memory are to be read. */
enum read_way aio_cache_way(
    const struct aio_cache *cache, const struct aio_file *file);

/*
 * As page_cache_read(), if the policy lets it look there; else -EAGAIN. When
 * bytes of a file that is being brought in are there, it sees to it that those
 * behind them come as well.
 */
ssize_t aio_cache_read(struct aio_cache *cache, struct aio_file *file,
    void *buffer, size_t length, uint64_t offset);

/* Sets what the op is to do in the thread pool besides reading. */
void aio_cache_plan(const struct aio_cache *cache, struct aio_op *op);

#endif
