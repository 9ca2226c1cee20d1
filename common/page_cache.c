/* SPDX-License-Identifier: MIT */
/*
 * RWF_NOWAIT does not wait for the disk, but on a miss it makes the kernel
 * start to read what was asked for into the page cache, beside the direct
 * read that follows. So a file that is not known to be cached is probed with
 * one page first, and a cold one is not even probed at every read. (That the
 * kernel reads no more than was asked for is aio_file_new()'s doing.)
 * cachestat(2) would tell without a trace, but only the owner of the file.
 */
#include "config.h"
#include "common/page_cache.h"

#include <errno.h>
#include <sys/uio.h>

#include "common/aio_file.h"

#define PROBE_SIZE 4096
/* A file that stays cold is looked at once in so many reads. */
#define COLD_STEP_MAX 16

/* What is cached of the bytes, -EAGAIN for none, or an error. */
static ssize_t read_nowait(
    struct aio_file *file, void *buffer, size_t length, uint64_t offset)
{
	struct iovec iov = { buffer, length };
	ssize_t n = preadv2(file->fd, &iov, 1, (off_t)offset, RWF_NOWAIT);

	if (n > 0)
		return n;
	/* Linux 5.9 and 5.10 can answer 0 before the end of the file. */
	if (n == 0 || errno == EAGAIN)
		return -EAGAIN;
	if (errno != EOPNOTSUPP && errno != ENOSYS)
		return -errno;
	file->no_cached_tier = true;
	return -EAGAIN;
}

static void found_cold(struct aio_file *file)
{
	unsigned int step = file->cold_step * 2;

	if (step == 0)
		step = 1;
	file->warm = false;
	file->cold_step = step < COLD_STEP_MAX ? step : COLD_STEP_MAX;
	file->cold_reads = file->cold_step;
}

static ssize_t probe_and_read(
    struct aio_file *file, void *buffer, size_t length, uint64_t offset)
{
	size_t probe = length < PROBE_SIZE ? length : PROBE_SIZE;
	ssize_t first = read_nowait(file, buffer, probe, offset);
	ssize_t more = 0;

	if (first == (ssize_t)probe && length > probe)
		more = read_nowait(file, (char *)buffer + probe, length - probe,
		    offset + probe);
	return more > 0 ? first + more : first;
}

ssize_t page_cache_read(
    struct aio_file *file, void *buffer, size_t length, uint64_t offset)
{
	ssize_t n;

	if (file->no_cached_tier)
		return -EAGAIN;
	if (file->cold_reads > 0) {
		file->cold_reads--;
		return -EAGAIN;
	}
	if (file->warm)
		n = read_nowait(file, buffer, length, offset);
	else
		n = probe_and_read(file, buffer, length, offset);
	if (n > 0) {
		file->warm = true;
		file->cold_step = 0;
	} else if (n == -EAGAIN) {
		found_cold(file);
	}
	return n;
}
