/* SPDX-License-Identifier: MIT */
/* Reading what the page cache holds, and nothing else. */
#ifndef COMMON_PAGE_CACHE_H
#define COMMON_PAGE_CACHE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct aio_file;

/*
 * Copies up to `length` bytes at `offset` that are in the page cache, as far
 * as they are there without a gap, and does not wait for the disk (preadv2(2),
 * RWF_NOWAIT). How many, or -errno. -EAGAIN: none are, or the file system
 * can't say, or it is not worth looking because the file was found cold.
 */
ssize_t page_cache_read(
    struct aio_file *file, void *buffer, size_t length, uint64_t offset);

#endif
