/* SPDX-License-Identifier: MIT */
/* Which content a file has, as far as stat(2) tells. */
#ifndef COMMON_FILE_FILE_VERSION_H
#define COMMON_FILE_FILE_VERSION_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct file_identity;
struct stat;

/*
 * The size and the time of modification are all that goes with the bytes when a
 * file is copied (cp -p, rsync -t), and all that stays when it is linked, given
 * away or put under another name: equal versions are taken for equal content.
 */
struct file_version {
	uint64_t size;
	struct timespec mtime;
};

/* Returns the version of what `st` was filled in for. */
struct file_version file_version_of_stat(const struct stat *st);

/* Returns what of an identity is the content. */
struct file_version file_version_of_identity(
    const struct file_identity *identity);

/* Returns true if both are the same, to the nanosecond. */
bool file_version_equal(
    const struct file_version *a, const struct file_version *b);

#endif
