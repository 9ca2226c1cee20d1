/* SPDX-License-Identifier: MIT */
/* Which file of this machine something is, and in which state. */
#ifndef COMMON_FILE_FILE_IDENTITY_H
#define COMMON_FILE_FILE_IDENTITY_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct stat;
struct statx_timestamp;

/* Numbers in a packed identity. */
#define FILE_IDENTITY_WORDS 7

/*
 * Device and inode are the file, as long as it exists; with size and times
 * they are a state of it. The time of change counts because the one of
 * modification can be set back (touch -d, rsync -t): what was read of a file is
 * still true of it only in the same state.
 *
 * This is for what a worker remembers and shares. It never leaves the machine,
 * and says nothing of what clients take for the same: chmod(1), ln(1) or a copy
 * make another identity of the same file_version.
 */
struct file_identity {
	uint64_t device;
	uint64_t inode;
	uint64_t size;
	struct timespec mtime;
	struct timespec ctime;
};

/* Returns the identity of what `st` was filled in for. */
struct file_identity file_identity_of_stat(const struct stat *st);

/* Returns true if both are the same version of the same file. */
bool file_identity_equal(
    const struct file_identity *a, const struct file_identity *b);

/* Returns true if both are the same file, in whatever version. */
bool file_identity_is_same_file(
    const struct file_identity *a, const struct file_identity *b);

/* Returns true if both are the same version, of what is known to be one file.
 */
bool file_identity_is_same_version(
    const struct file_identity *a, const struct file_identity *b);

/* Returns a number for hash tables: the same for equal identities. */
uint64_t file_identity_hash(const struct file_identity *identity);

/*
 * Writes the identity as numbers without gaps, for what hashes bytes: device,
 * inode, size, and the seconds and nanoseconds of mtime and ctime.
 */
void file_identity_pack(
    const struct file_identity *identity, uint64_t ret[FILE_IDENTITY_WORDS]);

/* Returns true if both are the same time, to the nanosecond. */
bool file_identity_same_time(
    const struct timespec *a, const struct timespec *b);

/* Returns a time of statx(2) in the form of stat(2). */
struct timespec file_identity_time(const struct statx_timestamp *time);

#endif
