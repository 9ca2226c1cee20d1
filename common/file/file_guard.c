/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "common/file/file_guard.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "common/file/file_identity.h"
#include "common/min.h"

void file_guard_init(
    struct file_guard *guard, const struct file_version *version, bool is_local)
{
	*guard = (struct file_guard){
		.version = *version,
		.is_local = is_local,
		.seen = version->mtime,
	};
}

void file_guard_note(struct file_guard *guard, uint64_t offset,
    const unsigned char *data, size_t length)
{
	size_t n = size_min(length, FILE_GUARD_TAIL);

	memcpy(guard->tail, data + length - n, n);
	guard->tail_length = n;
	guard->tail_end = offset + length;
}

/* Where it is local, fstatfs(2) asks nobody. */
static bool is_in_memory(const struct file_guard *guard, int fd)
{
	struct statfs fs;

	return guard->is_local && fstatfs(fd, &fs) == 0 &&
	    (fs.f_type == TMPFS_MAGIC || fs.f_type == RAMFS_MAGIC);
}

/* Reads what stands where the last bytes were read, if that does not block. */
static ssize_t read_tail(const struct file_guard *guard, int fd, void *buffer)
{
	struct iovec iov = { buffer, guard->tail_length };
	off_t offset = (off_t)(guard->tail_end - guard->tail_length);
	ssize_t n = preadv2(fd, &iov, 1, offset, RWF_NOWAIT);

	if (n < 0 && errno == EOPNOTSUPP && is_in_memory(guard, fd))
		n = pread(fd, buffer, guard->tail_length, offset);
	return n;
}

/* Returns false if other bytes stand where the last ones were read. */
static bool has_tail(const struct file_guard *guard, int fd)
{
	unsigned char bytes[FILE_GUARD_TAIL];
	ssize_t n = read_tail(guard, fd, bytes);

	return n <= 0 || memcmp(bytes, guard->tail, (size_t)n) == 0;
}

int file_guard_check(struct file_guard *guard, int fd)
{
	struct timespec mtime;
	struct statx stx;

	if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC,
		STATX_SIZE | STATX_MTIME, &stx) < 0)
		return -errno;
	if (stx.stx_size < guard->version.size)
		return -ENODATA;
	mtime = file_identity_time(&stx.stx_mtime);
	if (file_identity_same_time(&mtime, &guard->seen))
		return 0;
	if (stx.stx_size == guard->version.size || !has_tail(guard, fd))
		return -ESTALE;
	guard->seen = mtime;
	return 0;
}
