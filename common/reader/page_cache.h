/* SPDX-License-Identifier: MIT */
/* Reading what the page cache holds, and having it filled. */
#ifndef COMMON_READER_PAGE_CACHE_H
#define COMMON_READER_PAGE_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct aio_file;

/* The operator's choice (--page-cache) of what may come into it. */
enum page_cache_mode {
	PAGE_CACHE_AUTO,   /* files that are wanted more than once */
	PAGE_CACHE_ALWAYS, /* all that is read */
	PAGE_CACHE_NEVER,  /* nothing: reads go past it */
};

/*
 * Copies up to `length` bytes at `offset` that are in the page cache, as far
 * as they are there without a gap, and does not wait for the disk (preadv2(2),
 * RWF_NOWAIT). Returns how many, or -errno. -EAGAIN: none are, or the file
 * system can't tell, or it is not worth looking because the file was found
 * cold.
 */
ssize_t page_cache_read(
    struct aio_file *file, void *buffer, size_t length, uint64_t offset);

/*
 * To be called before the first read of a file: keeps the kernel from reading
 * ahead after a look that finds nothing, or beside a hole
 * (posix_fadvise(2), POSIX_FADV_RANDOM). A small file may come in as a whole.
 */
void page_cache_advise(struct aio_file *file);

/*
 * Has the kernel read the bytes from `start` to `end` into the page cache, in
 * the background (posix_fadvise(2), POSIX_FADV_WILLNEED). Takes about 0.2 ms
 * for a MiB, and may wait: for the thread pool.
 */
void page_cache_bring(int fd, uint64_t start, uint64_t end);

/*
 * Returns true if the bytes from `start` to `end` seem to be in the page cache:
 * a few of them are looked at. May wait: for the thread pool.
 */
bool page_cache_seems_to_hold(int fd, uint64_t start, uint64_t end);

#endif
