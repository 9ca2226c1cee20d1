/* SPDX-License-Identifier: MIT */
/* A file whose digests are made, and the attributes that they are stored in. */
#ifndef FCGI_APP_COMMAND_DIGEST_FILE_H
#define FCGI_APP_COMMAND_DIGEST_FILE_H

#include <sys/stat.h>

struct digest_record;
struct progress;

struct digest_file {
	const char *name; /* the caller's */
	int fd;
	struct stat stat; /* as it was opened */
};

/* What is stored with a file. */
enum digest_stored {
	DIGEST_STORED_NONE,
	DIGEST_STORED_FOREIGN,  /* not in our form */
	DIGEST_STORED_OUTDATED, /* of what the file was before it changed */
	DIGEST_STORED_VALID,
};

/*
 * Opens a file for reading. `flags` (open(2)): 0, or O_NOFOLLOW. 0, -EISDIR,
 * -ENXIO for what else is no regular file, or another -errno. What was opened
 * is to be closed.
 */
int digest_file_open(const char *name, int flags, struct digest_file *ret_file);

/* Closes it. */
void digest_file_close(struct digest_file *file);

/*
 * Each reads what is stored, the SHA-256 or the CRC-32; `ret_record` is set for
 * OUTDATED and VALID only.
 */
enum digest_stored digest_file_stored(
    const struct digest_file *file, struct digest_record *ret_record);

enum digest_stored digest_file_stored_crc32(
    const struct digest_file *file, struct digest_record *ret_record);

/*
 * Tests, without changing anything, whether a digest can be stored, so that
 * none is computed for nothing. Returns 0, -EOPNOTSUPP if the file system has
 * no user attributes, or another -errno.
 */
int digest_file_may_store(const struct digest_file *file);

/*
 * Reads the file and makes its record. 0; -ESTALE: it was changed meanwhile;
 * or another -errno. The page cache is left as it was, as far as
 * posix_fadvise(2) can do that.
 */
int digest_file_compute(const struct digest_file *file,
    struct progress *progress, struct digest_record *ret_record);

/*
 * Stores a record, each digest whole or not at all (setxattr(2)). 0 or -errno.
 */
int digest_file_store(
    const struct digest_file *file, const struct digest_record *record);

/* Removes what is stored, in whatever form. 0, -ENODATA for nothing, -errno. */
int digest_file_remove(const struct digest_file *file);

#endif
