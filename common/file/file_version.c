/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "common/file/file_version.h"

#include <sys/stat.h>

#include "common/file/file_identity.h"

struct file_version file_version_of_stat(const struct stat *st)
{
	return (struct file_version){
		.size = (uint64_t)st->st_size,
		.mtime = st->st_mtim,
	};
}

struct file_version file_version_of_identity(
    const struct file_identity *identity)
{
	return (struct file_version){
		.size = identity->size,
		.mtime = identity->mtime,
	};
}

bool file_version_equal(
    const struct file_version *a, const struct file_version *b)
{
	return a->size == b->size &&
	    file_identity_same_time(&a->mtime, &b->mtime);
}
