/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "common/reader/aio_cache.h"

#include <errno.h>
#include <stdbool.h>

#include "common/file/aio_file.h"
#include "common/reader/aio_op.h"
#include "common/reader/aio_threads.h"
#include "common/reader/page_cache.h"

enum read_way aio_cache_way(
    const struct aio_cache *cache, const struct aio_file *file)
{
	const struct read_facts facts = {
		.mode = cache->mode,
		.uses = file->uses,
		.size = file->size,
		.chunk = cache->chunk,
	};

	return read_policy_way(&facts);
}

static bool is_sparse(
    const struct aio_cache *cache, const struct aio_file *file)
{
	return read_policy_is_sparse(file->size, file->blocks, cache->chunk);
}

/* Whether what follows a read of `length` bytes will be wanted as well. */
static bool goes_on(
    const struct aio_cache *cache, const struct aio_file *file, size_t length)
{
	uint64_t least = cache->chunk < FILE_WINDOWS_READ_MIN
	    ? cache->chunk
	    : FILE_WINDOWS_READ_MIN;

	/* Without direct I/O the kernel reads ahead by itself. */
	return file->size > cache->chunk && length >= least &&
	    file->direct != AIO_FILE_DIRECT_NONE;
}

/*
 * The first pages of what is just being brought in are not worth a chunk: a
 * thread waits for all of it.
 */
static bool is_too_little(
    const struct aio_file *file, size_t length, uint64_t offset, size_t n)
{
	return n < length && n < FILE_WINDOWS_READ_MIN &&
	    offset + n < file->size;
}

/* --- looking there -------------------------------------------------------- */

/*
 * Even that leaves a page behind where it finds none (page_cache.c), and many
 * readers who find each other's add up to the file.
 */
static bool may_look(const struct aio_cache *cache, const struct aio_file *file)
{
	if (is_sparse(cache, file))
		return false;
	return cache->mode != PAGE_CACHE_NEVER ||
	    file->direct == AIO_FILE_DIRECT_NONE;
}

/* The bytes up to `end` were there: brings in what comes behind them. */
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
	if (!may_look(cache, file))
		return -EAGAIN;
	/* Others bring bytes in all the time: it is worth to look. */
	file->brought_in = brings;
	if (brings)
		file->cold_reads = 0;
	n = page_cache_read(file, buffer, length, offset);
	if (n <= 0)
		return n;
	if (brings && is_too_little(file, length, offset, (size_t)n))
		return -EAGAIN;
	cache->hits++;
	if (brings && goes_on(cache, file, length))
		keep_ahead(cache, file, offset + (uint64_t)n);
	return n;
}

/* --- bringing it in ------------------------------------------------------- */

/* How far a read of bytes that are not there is to bring in more. */
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

	op->holes = is_sparse(cache, file);
	if (!op->holes && aio_cache_way(cache, file) == READ_WAY_CACHE &&
	    goes_on(cache, file, op->length))
		op->ahead = ahead_of(file, op->offset);
}
