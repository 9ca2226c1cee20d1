/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "common/file/file_identity.h"

#include <sys/stat.h>

struct file_identity file_identity_of_stat(const struct stat *st)
{
	return (struct file_identity){
		.device = st->st_dev,
		.inode = st->st_ino,
		.size = (uint64_t)st->st_size,
		.mtime = st->st_mtim,
		.ctime = st->st_ctim,
	};
}

bool file_identity_same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

struct timespec file_identity_time(const struct statx_timestamp *time)
{
	return (struct timespec){ time->tv_sec, time->tv_nsec };
}

bool file_identity_is_same_file(
    const struct file_identity *a, const struct file_identity *b)
{
	return a->inode == b->inode && a->device == b->device;
}

bool file_identity_is_same_version(
    const struct file_identity *a, const struct file_identity *b)
{
	return a->size == b->size &&
	    file_identity_same_time(&a->mtime, &b->mtime) &&
	    file_identity_same_time(&a->ctime, &b->ctime);
}

bool file_identity_equal(
    const struct file_identity *a, const struct file_identity *b)
{
	return file_identity_is_same_file(a, b) &&
	    file_identity_is_same_version(a, b);
}

/*
 * Multiplicative (Knuth), because inodes often follow each other. The versions
 * of a log that grows are told apart by mtime.
 */
uint64_t file_identity_hash(const struct file_identity *identity)
{
	uint64_t mixed = identity->inode * UINT64_C(0x9e3779b97f4a7c15) ^
	    identity->device * UINT64_C(0xc2b2ae3d27d4eb4f) ^
	    (uint64_t)identity->mtime.tv_nsec;

	return mixed * UINT64_C(0x9e3779b97f4a7c15) >> 32;
}

void file_identity_pack(
    const struct file_identity *identity, uint64_t ret[FILE_IDENTITY_WORDS])
{
	ret[0] = identity->device;
	ret[1] = identity->inode;
	ret[2] = identity->size;
	ret[3] = (uint64_t)identity->mtime.tv_sec;
	ret[4] = (uint64_t)identity->mtime.tv_nsec;
	ret[5] = (uint64_t)identity->ctime.tv_sec;
	ret[6] = (uint64_t)identity->ctime.tv_nsec;
}
