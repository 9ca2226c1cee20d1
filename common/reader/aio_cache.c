/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "common/reader/aio_cache.h"

#include <errno.h>
#include <stdbool.h>

#include "common/file/aio_file.h"
#include "common/min.h"
#include "common/reader/aio_op.h"
#include "common/reader/aio_threads.h"
#include "common/reader/page_cache.h"

enum read_way aio_cache_way(
    const struct aio_cache *cache, const struct aio_file *file)
{
	switch (cache->mode) {
	case PAGE_CACHE_ALWAYS:
		return READ_WAY_CACHE;
	case PAGE_CACHE_NEVER:
		return READ_WAY_DIRECT;
	case PAGE_CACHE_AUTO:
		break;
	}
	if (file->uses > 1)
		return READ_WAY_CACHE;
	/* A size of 0 is not known. */
	if (file->size > 0 && file->size <= cache->chunk)
		return READ_WAY_CACHE;
	return READ_WAY_DIRECT;
}

/*
 * Returns true if the file has holes. To read a hole, even with RWF_NOWAIT,
 * makes the kernel fill pages with zeros at once, so that is not for the loop.
 * A file that is read in one go is not worth the care.
 */
static bool is_sparse(
    const struct aio_cache *cache, const struct aio_file *file)
{
	/* Rounded down: the last block need not be full. */
	return file->size > cache->chunk && file->blocks < file->size / 512;
}

/* Returns true if what follows a read of `length` bytes is wanted as well. */
static bool goes_on(
    const struct aio_cache *cache, const struct aio_file *file, size_t length)
{
	/* Without direct I/O the kernel reads ahead by itself. */
	return file->size > cache->chunk &&
	    length >= u64_min(cache->chunk, FILE_WINDOWS_READ_MIN) &&
	    file->direct != AIO_FILE_DIRECT_NONE;
}

/* --- looking there -------------------------------------------------------- */

/* Brings in the windows that follow `end`, up to which all was there. */
static void keep_ahead(
    const struct aio_cache *cache, struct aio_file *file, uint64_t end)
{
	uint64_t window = end / FILE_WINDOW_SIZE;

	for (int i = 0; i <= FILE_WINDOWS_AHEAD; i++, window++) {
		if (window * FILE_WINDOW_SIZE >= file->size ||
		    !file_windows_ask(&file->windows, window))
			continue;
		if (!aio_threads_bring(cache->threads, file, window))
			file_windows_forget(&file->windows, window);
	}
}

ssize_t aio_cache_read(struct aio_cache *cache, struct aio_file *file,
    void *buffer, size_t length, uint64_t offset)
{
	bool brings = aio_cache_way(cache, file) == READ_WAY_CACHE;
	ssize_t n;

	page_cache_advise(file);
	if (is_sparse(cache, file))
		return -EAGAIN;
	/*
	 * A look that finds nothing leaves a page there (page_cache.c), and
	 * with many readers these would add up to the file.
	 */
	if (cache->mode == PAGE_CACHE_NEVER &&
	    file->direct != AIO_FILE_DIRECT_NONE)
		return -EAGAIN;
	/* Others bring bytes in all the time: look, however cold it was. */
	file->brought_in = brings;
	if (brings)
		file->cold_reads = 0;
	n = page_cache_read(file, buffer, length, offset);
	if (n <= 0)
		return n;
	/*
	 * The first pages of what is just being brought in are not worth a
	 * chunk: a thread waits for all of it.
	 */
	if (brings && (size_t)n < length &&
	    n < (ssize_t)FILE_WINDOWS_READ_MIN &&
	    offset + (size_t)n < file->size)
		return -EAGAIN;
	cache->hits++;
	if (brings && goes_on(cache, file, length))
		keep_ahead(cache, file, offset + (uint64_t)n);
	return n;
}

/* --- bringing it in ------------------------------------------------------- */

/*
 * Returns the end of the bytes that a read of some that are missing brings in:
 * its window, and the next one if nobody has asked for that yet.
 */
static uint64_t ahead_of(struct aio_file *file, uint64_t offset)
{
	uint64_t end = file_windows_end(offset, file->size);
	uint64_t window = offset / FILE_WINDOW_SIZE;

	file_windows_missed(&file->windows);
	file_windows_ask(&file->windows, window);
	if (end < file->size && file_windows_ask(&file->windows, window + 1))
		end = file_windows_end(end, file->size);
	return end;
}

void aio_cache_plan(const struct aio_cache *cache, struct aio_op *op)
{
	struct aio_file *file = op->file;

	op->has_holes = is_sparse(cache, file);
	if (!op->has_holes && aio_cache_way(cache, file) == READ_WAY_CACHE &&
	    goes_on(cache, file, op->length))
		op->ahead = ahead_of(file, op->offset);
}
