/* SPDX-License-Identifier: MIT */
/*
 * RWF_NOWAIT does not wait for the disk, but on a miss it makes the kernel
 * start to read what was asked for into the page cache, beside the direct
 * read that follows. So a page is looked at first, unless the file is to be
 * brought in anyway and is known to be there, and a cold one is not even
 * looked at in every read. (That the kernel reads no more than was asked for is
 * page_cache_advise()'s doing.)
 * cachestat(2) would tell without a trace, but only the owner of the file.
 */
#include "config.h"
#include "common/reader/page_cache.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/uio.h>

#include "common/file/aio_file.h"

#define PROBE_SIZE 4096
/*
 * The kernel cuts longer advice to what the device takes at once, or to its
 * read-ahead, which is 128 KiB unless it was set.
 */
#define ADVICE_SIZE (128u << 10)
/* A file that stays cold is looked at once in so many reads. */
#define COLD_STEP_MAX 16
/* After so many reads in a row that were cached, one in so many is looked at
 * before. */
#define TRUST_READS 8

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
	file->warm_reads = 0;
	file->cold_step = step < COLD_STEP_MAX ? step : COLD_STEP_MAX;
	file->cold_reads = file->cold_step;
}

/* The last byte of the range that the file has, or 0: not known. */
static uint64_t last_of(
    const struct aio_file *file, size_t length, uint64_t offset)
{
	if (offset >= file->size)
		return 0;
	if (file->size - offset < length)
		return file->size - 1;
	return offset + length - 1;
}

/* What this thread has had read from disks, in blocks. */
static long blocks_read(void)
{
	struct rusage usage;

	return getrusage(RUSAGE_THREAD, &usage) == 0 ? usage.ru_inblock : 0;
}

/*
 * As read_nowait(), for a few bytes; but a disk can be so quick that they are
 * there although they were not.
 */
static ssize_t look(
    struct aio_file *file, void *buffer, size_t length, uint64_t offset)
{
	long before = blocks_read();
	ssize_t n = read_nowait(file, buffer, length, offset);

	return n > 0 && blocks_read() != before ? -EAGAIN : n;
}

/*
 * Looks at the end, and unless the read before found its bytes at the start,
 * and then reads.
 */
static ssize_t probe_and_read(
    struct aio_file *file, void *buffer, size_t length, uint64_t offset)
{
	size_t probe = length < PROBE_SIZE ? length : PROBE_SIZE;
	uint64_t last = last_of(file, length, offset);
	ssize_t n = 0;
	ssize_t more = 0;

	if (last >= offset + PROBE_SIZE)
		n = look(file, buffer, 1, last);
	if (n < 0)
		return n;
	if (file->warm_reads > 0 && n > 0)
		return read_nowait(file, buffer, length, offset);
	n = look(file, buffer, probe, offset);
	if (n == (ssize_t)probe && length > probe)
		more = read_nowait(file, (char *)buffer + probe, length - probe,
		    offset + probe);
	return more > 0 ? n + more : n;
}

/* Whether a read of `length` bytes is of the whole file. */
static bool is_all(const struct aio_file *file, size_t length)
{
	return file->size > 0 && file->size <= length;
}

/* Whether it does no harm, or next to none, should the bytes not be there. */
static bool may_trust(const struct aio_file *file, size_t length)
{
	if (file->brought_in)
		return file->warm_reads > 0 || is_all(file, length);
	return file->warm_reads >= TRUST_READS &&
	    file->warm_reads % TRUST_READS != 0;
}

void page_cache_advise(struct aio_file *file)
{
	if (file->advised ||
	    (file->size > 0 && file->size <= AIO_FILE_SMALL_SIZE))
		return;
	posix_fadvise(file->fd, 0, 0, POSIX_FADV_RANDOM);
	file->advised = true;
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
	if (may_trust(file, length))
		n = read_nowait(file, buffer, length, offset);
	else
		n = probe_and_read(file, buffer, length, offset);
	if (n > 0) {
		file->warm_reads++;
		file->cold_step = 0;
	} else if (n == -EAGAIN) {
		found_cold(file);
	}
	return n;
}

void page_cache_bring(int fd, uint64_t start, uint64_t end)
{
	for (; start < end; start += ADVICE_SIZE) {
		uint64_t length = end - start;

		if (length > ADVICE_SIZE)
			length = ADVICE_SIZE;
		posix_fadvise(
		    fd, (off_t)start, (off_t)length, POSIX_FADV_WILLNEED);
	}
}

static bool holds(int fd, uint64_t offset)
{
	char byte;
	struct iovec iov = { &byte, 1 };

	return preadv2(fd, &iov, 1, (off_t)offset, RWF_NOWAIT) == 1;
}

bool page_cache_seems_to_hold(int fd, uint64_t start, uint64_t end)
{
	return holds(fd, end - 1) && holds(fd, start + (end - start) / 2) &&
	    holds(fd, start);
}
