/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "fcgi_app/command/digest_file.h"

#include <errno.h>
#include <fcntl.h>
#include <libdeflate.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#include "common/file/file_identity.h"
#include "common/min.h"
#include "fcgi_app/command/progress.h"
#include "fcgi_app/policy/digest_record.h"

#define BUFFER_SIZE (1 << 20)
/* No attribute has this name: see digest_file_may_store(). */
#define PROBE_ATTRIBUTE DIGEST_RECORD_ATTRIBUTE ".probe"
/* Longer than a tick of any kernel's clock. */
#define TICK_NS 20000000

/* --- opening -------------------------------------------------------------- */

static int judge(const struct digest_file *file)
{
	if (S_ISDIR(file->stat.st_mode))
		return -EISDIR;
	return S_ISREG(file->stat.st_mode) ? 0 : -ENXIO;
}

int digest_file_open(const char *name, int flags, struct digest_file *ret_file)
{
	/* O_NONBLOCK: a named pipe or a device must not hold us up. */
	int fd =
	    open(name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | flags);
	struct digest_file file = { .name = name, .fd = fd };
	int r;

	if (fd < 0)
		return -errno;
	r = fstat(fd, &file.stat) < 0 ? -errno : judge(&file);
	if (r < 0)
		close(fd);
	else
		*ret_file = file;
	return r;
}

void digest_file_close(struct digest_file *file)
{
	close(file->fd);
}

/* --- the attribute -------------------------------------------------------- */

static enum digest_stored stored(const struct digest_file *file,
    const char *attribute,
    int (*parse)(const char *, size_t, struct digest_record *),
    struct digest_record *ret_record)
{
	char text[DIGEST_RECORD_MAX];
	ssize_t n = fgetxattr(file->fd, attribute, text, sizeof(text));

	if (n < 0)
		return errno == ERANGE ? DIGEST_STORED_FOREIGN
				       : DIGEST_STORED_NONE;
	if (parse(text, (size_t)n, ret_record) < 0)
		return DIGEST_STORED_FOREIGN;
	return digest_record_is_of(ret_record, (uint64_t)file->stat.st_size,
		   &file->stat.st_mtim)
	    ? DIGEST_STORED_VALID
	    : DIGEST_STORED_OUTDATED;
}

enum digest_stored digest_file_stored(
    const struct digest_file *file, struct digest_record *ret_record)
{
	return stored(
	    file, DIGEST_RECORD_ATTRIBUTE, digest_record_parse, ret_record);
}

enum digest_stored digest_file_stored_crc32(
    const struct digest_file *file, struct digest_record *ret_record)
{
	return stored(file, DIGEST_RECORD_CRC32_ATTRIBUTE,
	    digest_record_parse_crc32, ret_record);
}

/* To remove what is not there fails for want of rights first. */
int digest_file_may_store(const struct digest_file *file)
{
	if (fremovexattr(file->fd, PROBE_ATTRIBUTE) == 0 || errno == ENODATA)
		return 0;
	return -errno;
}

/* `length`: of the text, or -errno of making it. */
static int set(const struct digest_file *file, const char *attribute,
    const char *text, int length)
{
	if (length < 0)
		return length;
	if (fsetxattr(file->fd, attribute, text, (size_t)length, 0) < 0)
		return -errno;
	return 0;
}

int digest_file_store(
    const struct digest_file *file, const struct digest_record *record)
{
	char text[DIGEST_RECORD_MAX];
	int r = set(file, DIGEST_RECORD_CRC32_ATTRIBUTE, text,
	    digest_record_format_crc32(record, text, sizeof(text)));

	if (r < 0)
		return r;
	return set(file, DIGEST_RECORD_ATTRIBUTE, text,
	    digest_record_format(record, text, sizeof(text)));
}

static int remove_one(const struct digest_file *file, const char *attribute)
{
	return fremovexattr(file->fd, attribute) < 0 ? -errno : 0;
}

int digest_file_remove(const struct digest_file *file)
{
	int crc32 = remove_one(file, DIGEST_RECORD_CRC32_ATTRIBUTE);
	int sha256 = remove_one(file, DIGEST_RECORD_ATTRIBUTE);

	/* One may be there without the other. */
	if (sha256 == -ENODATA)
		return crc32;
	if (sha256 == 0 && crc32 == -ENODATA)
		return 0;
	return sha256 < 0 ? sha256 : crc32;
}

/* --- the digest ----------------------------------------------------------- */

/* The change time can't be set back, as that of modification can. */
static bool is_unchanged(const struct digest_file *file)
{
	const struct file_identity before = file_identity_of_stat(&file->stat);
	struct file_identity now;
	struct stat st;

	if (fstat(file->fd, &st) < 0)
		return false;
	now = file_identity_of_stat(&st);
	return file_identity_is_same_version(&now, &before);
}

/*
 * A file that was written to just now may be written to again within the same
 * tick of the clock, and would look as if it was not.
 */
static void wait_for_next_tick(const struct timespec *mtime)
{
	const struct timespec tick = { .tv_nsec = TICK_NS };
	struct timespec now;
	int64_t age;

	clock_gettime(CLOCK_REALTIME, &now);
	if (mtime->tv_sec < now.tv_sec - 1 || mtime->tv_sec > now.tv_sec)
		return;
	age = (int64_t)(now.tv_sec - mtime->tv_sec) * 1000000000 + now.tv_nsec -
	    mtime->tv_nsec;
	if (age < TICK_NS)
		nanosleep(&tick, NULL);
}

/*
 * Returns true if the page at `offset` is in the page cache. mincore(2) starts
 * no read, as preadv2(2) would; the kernel answers truly only to a process that
 * may write to the file, and "yes" to others.
 */
static bool is_cached(const struct digest_file *file, off_t offset)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	unsigned char resident = 1;
	void *mapped = mmap(NULL, page, PROT_READ, MAP_SHARED, file->fd,
	    offset - offset % (off_t)page);

	if (mapped == MAP_FAILED)
		return true;
	mincore(mapped, page, &resident);
	munmap(mapped, page);
	return resident & 1;
}

/* A file that others use is in the page cache, and must stay there. */
static bool is_in_use(const struct digest_file *file)
{
	off_t size = file->stat.st_size;

	return size > 0 &&
	    (is_cached(file, 0) || is_cached(file, size / 2) ||
		is_cached(file, size - 1));
}

static ssize_t read_some(int fd, void *buffer, size_t length, uint64_t at)
{
	ssize_t n;

	do
		n = pread(fd, buffer, length, (off_t)at);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

/* A page that the last call cut in two is tried again. */
static void drop_read(int fd, uint64_t at)
{
	uint64_t start = at > 2 * BUFFER_SIZE ? at - 2 * BUFFER_SIZE : 0;

	posix_fadvise(
	    fd, (off_t)start, (off_t)(at - start), POSIX_FADV_DONTNEED);
}

/* What is made of the bytes as they are read. */
struct sums {
	crypto_hash_sha256_state sha256;
	uint32_t crc32;
};

/* Reads up to the known size. Returns 0, or -ESTALE if it ends before. */
static int read_all(const struct digest_file *file, void *buffer,
    struct sums *sums, struct progress *progress)
{
	uint64_t size = (uint64_t)file->stat.st_size;
	bool keep = is_in_use(file);
	uint64_t at = 0;

	posix_fadvise(file->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	while (at < size) {
		size_t most = (size_t)u64_min(size - at, BUFFER_SIZE);
		ssize_t n = read_some(file->fd, buffer, most, at);

		if (n <= 0)
			return n < 0 ? (int)n : -ESTALE;
		crypto_hash_sha256_update(
		    &sums->sha256, buffer, (unsigned long long)n);
		sums->crc32 = libdeflate_crc32(sums->crc32, buffer, (size_t)n);
		at += (uint64_t)n;
		if (!keep)
			drop_read(file->fd, at);
		progress_update(progress, at);
	}
	return 0;
}

int digest_file_compute(const struct digest_file *file,
    struct progress *progress, struct digest_record *ret_record)
{
	struct digest_record record = {
		.size = (uint64_t)file->stat.st_size,
		.mtime = file->stat.st_mtim,
	};
	struct sums sums = { .crc32 = 0 };
	void *buffer = malloc(BUFFER_SIZE);
	int r;

	if (!buffer)
		return -ENOMEM;
	wait_for_next_tick(&record.mtime);
	progress_begin(progress, file->name, record.size);
	crypto_hash_sha256_init(&sums.sha256);
	r = read_all(file, buffer, &sums, progress);
	free(buffer);
	progress_clear(progress);
	if (r == 0 && !is_unchanged(file))
		r = -ESTALE;
	if (r < 0)
		return r;
	crypto_hash_sha256_final(&sums.sha256, record.sha256);
	record.crc32 = sums.crc32;
	*ret_record = record;
	return 0;
}
