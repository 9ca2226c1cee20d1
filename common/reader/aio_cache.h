/* SPDX-License-Identifier: MIT */
/*
 * The page cache as the reader uses it: which bytes may come into it, where it
 * is looked at, and what is brought in ahead. Internal to aio_reader.
 */
#ifndef COMMON_READER_AIO_CACHE_H
#define COMMON_READER_AIO_CACHE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/reader/page_cache.h"

struct aio_file;
struct aio_op;
struct aio_threads;

/* How bytes that are not in memory are to be read. */
enum read_way {
	READ_WAY_DIRECT, /* past the page cache */
	READ_WAY_CACHE,  /* through it, so that others find them there */
};

/* Embedded by value; the first three are the reader's to set. */
struct aio_cache {
	enum page_cache_mode mode;
	uint64_t chunk; /* bytes in a buffer: the most that one read takes */
	struct aio_threads *threads;
	uint64_t hits;
};

/*
 * Returns how bytes of the file that are not in memory are to be read. A large
 * file that one client reads once would only push out what others need. One
 * that is wanted again would be read from the disk each time. A small one is
 * cheaper to read than to open for direct I/O, and pushes out little.
 */
enum read_way aio_cache_way(
    const struct aio_cache *cache, const struct aio_file *file);

/*
 * Returns what page_cache_read() does, if the file may be looked up there;
 * else -EAGAIN. When bytes of a file that is being brought in are found, it
 * sees to it that those after them come as well.
 */
ssize_t aio_cache_read(struct aio_cache *cache, struct aio_file *file,
    void *buffer, size_t length, uint64_t offset);

/* Sets what the op is to do in the thread pool besides reading. */
void aio_cache_plan(const struct aio_cache *cache, struct aio_op *op);

#endif
