/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "tests/unit/support/real_file.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "tests/unit/support/unit.h"

#define PAGE 4096
/* Of a millisecond each: a minute, for disks that others keep busy. */
#define WAIT_TRIES 60000

unsigned char real_file_byte(uint64_t offset)
{
	return (
	    unsigned char)(offset * 31 + (offset >> 8) * 7 + (offset >> 16));
}

int real_file_make(const char *folder, size_t size)
{
	unsigned char *bytes = malloc(size + 1);
	char name[256];
	int fd;

	snprintf(name, sizeof(name), "%s/real_file.XXXXXX", folder);
	fd = mkstemp(name);
	assert_true(fd >= 0);
	unlink(name);
	assert_non_null(bytes);
	for (size_t i = 0; i < size; i++)
		bytes[i] = real_file_byte(i);
	assert_int_equal(write(fd, bytes, size), size);
	free(bytes);
	return fd;
}

static size_t page_count(int fd)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	return ((size_t)st.st_size + PAGE - 1) / PAGE;
}

bool real_file_page_is_cached(int fd, size_t page)
{
	unsigned char cached = 0;
	void *map =
	    mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, (off_t)(page * PAGE));

	assert_true(map != MAP_FAILED);
	assert_int_equal(mincore(map, PAGE, &cached), 0);
	munmap(map, PAGE);
	return cached & 1;
}

void real_file_wait_cached(int fd, size_t page)
{
	int tries = WAIT_TRIES;

	while (!real_file_page_is_cached(fd, page) && --tries > 0)
		usleep(1000);
	assert_true(tries > 0);
}

static bool is_cached(int fd)
{
	size_t count = page_count(fd);

	for (size_t i = 0; i < count; i++)
		if (real_file_page_is_cached(fd, i))
			return true;
	return false;
}

bool real_file_is_in_memory(int fd)
{
	struct statfs fs;

	assert_int_equal(fstatfs(fd, &fs), 0);
	return fs.f_type == TMPFS_MAGIC;
}

/* Returns when no page of the file is being read any more. */
static void wait_for_reads(int fd)
{
	char bytes[16 * PAGE];
	off_t offset = 0;
	ssize_t n;

	while ((n = pread(fd, bytes, sizeof(bytes), offset)) > 0)
		offset += n;
	assert_int_equal(n, 0);
}

void real_file_make_cold(int fd)
{
	int tries = WAIT_TRIES;

	assert_int_equal(fsync(fd), 0);
	if (real_file_is_in_memory(fd))
		return;
	/*
	 * The kernel can't drop a page that it is still reading, and mincore(2)
	 * does not see it: it would turn up in a file that seemed cold.
	 */
	wait_for_reads(fd);
	posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	while (is_cached(fd) && --tries > 0) {
		usleep(1000);
		posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	}
	assert_true(tries > 0);
}
