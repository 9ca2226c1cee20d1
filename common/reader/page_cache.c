/* SPDX-License-Identifier: MIT */
/*
 * RWF_NOWAIT does not wait for the disk, but on a miss it makes the kernel
 * start to read what was asked for into the page cache, beside the direct read
 * that follows. So there are three rules:
 *
 *   - A file that is to be brought in anyway is read at once.
 *   - Of any other one a page is looked at first, unless the last reads found
 *     all their bytes.
 *   - A file that is cold is looked at ever more rarely.
 *
 * What each of them earns is in docs/PERFORMANCE.md, "What did not, or not
 * enough".
 *
 * That the kernel reads no more than was asked for is page_cache_advise()'s
 * doing. cachestat(2) would tell without a trace, but only the file's owner.
 */
#include "config.h"
#include "common/reader/page_cache.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/uio.h>

#include "common/file/aio_file.h"
#include "common/min.h"

#define PROBE_SIZE 4096
/*
 * The kernel cuts longer advice to what the device takes at once, or to its
 * read-ahead, which is 128 KiB unless it was set.
 */
#define ADVICE_SIZE (128u << 10)
/* A file that stays cold is looked at once in so many reads. */
#define COLD_STEP_MAX 16
/*
 * After so many reads in a row that were cached, only one in so many begins
 * with a look. Without this rule a chunk takes 2.0 preadv2() instead of 1.1.
 */
#define TRUST_READS 8

/* Returns how many of the bytes are cached and were read, or -errno. */
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
	file->warm_reads = 0;
	if (file->cold_step == 0)
		file->cold_step = 1;
	else if (file->cold_step < COLD_STEP_MAX)
		file->cold_step *= 2;
	file->cold_reads = file->cold_step;
}

/* Returns what this thread has had read from disks, in blocks. */
static long blocks_read(void)
{
	struct rusage usage;

	return getrusage(RUSAGE_THREAD, &usage) == 0 ? usage.ru_inblock : 0;
}

/*
 * Returns what read_nowait() does, but -EAGAIN for bytes that came only because
 * of this read: a disk can be so quick, or our thread have to wait so long in
 * the middle of it, that they are there although they were not.
 */
static ssize_t look(
    struct aio_file *file, void *buffer, size_t length, uint64_t offset)
{
	long before = blocks_read();
	ssize_t n = read_nowait(file, buffer, length, offset);

	return n > 0 && blocks_read() != before ? -EAGAIN : n;
}

/* Looks at a page, and reads the rest only if that was there. */
static ssize_t look_and_read(
    struct aio_file *file, void *buffer, size_t length, uint64_t offset)
{
	size_t page = size_min(length, PROBE_SIZE);
	ssize_t n = look(file, buffer, page, offset);
	ssize_t more = 0;

	if (n == (ssize_t)page && length > page)
		more = read_nowait(
		    file, (char *)buffer + page, length - page, offset + page);
	return more > 0 ? n + more : n;
}

static bool is_trusted(const struct aio_file *file)
{
	return file->brought_in ||
	    (file->warm_reads >= TRUST_READS &&
		file->warm_reads % TRUST_READS != 0);
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
	if (is_trusted(file))
		n = read_nowait(file, buffer, length, offset);
	else
		n = look_and_read(file, buffer, length, offset);
	if (n > 0) {
		bool has_all =
		    (size_t)n == length || offset + (size_t)n >= file->size;

		file->cold_step = 0;
		/* A part may be just the page that a look brought in. */
		file->warm_reads = has_all ? file->warm_reads + 1 : 0;
	} else if (n == -EAGAIN) {
		found_cold(file);
	}
	return n;
}

void page_cache_bring(int fd, uint64_t start, uint64_t end)
{
	for (; start < end; start += ADVICE_SIZE)
		posix_fadvise(fd, (off_t)start,
		    (off_t)u64_min(end - start, ADVICE_SIZE),
		    POSIX_FADV_WILLNEED);
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
