/* SPDX-License-Identifier: MIT */
/* Notices that a file is no longer what it was when its reading began. */
#ifndef COMMON_FILE_FILE_GUARD_H
#define COMMON_FILE_FILE_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "common/file/file_version.h"

/* How many of the last bytes read are remembered. */
#define FILE_GUARD_TAIL 256

/* Embedded by value; for its own functions only. */
struct file_guard {
	struct file_version version;
	bool is_local;
	struct timespec seen; /* the last time of modification */
	uint64_t tail_end;    /* offset in the file */
	size_t tail_length;
	unsigned char tail[FILE_GUARD_TAIL];
};

/*
 * Takes the file for what `version` says. `is_local`: its file system is known
 * to be a disk or memory, so that asking which of them does not block.
 */
void file_guard_init(struct file_guard *guard,
    const struct file_version *version, bool is_local);

/* Remembers the last of `length` bytes at `offset`, which were read. */
void file_guard_note(struct file_guard *guard, uint64_t offset,
    const unsigned char *data, size_t length);

/*
 * Returns 0 if the first bytes of the file, as many as its version has, are
 * still those of this version; -ENODATA if the file became shorter; -ESTALE if
 * it was changed; or another -errno. To be called after a read and before its
 * bytes are used. Does not block: statx(2) with AT_STATX_DONT_SYNC asks no file
 * server, and preadv2(2) with RWF_NOWAIT reads what is in the page cache.
 *
 * The same size with another time of modification is a change, by touch(1) too.
 * A file that grew may be a log, and passes if the last bytes that were read
 * are still there: they are looked at whenever the time of modification has
 * moved. Another mode, owner or name is no change (ctime). But for a moment a
 * file that is appended to has a new time and not yet its new size, and -ESTALE
 * then is wrong.
 *
 * What can't be told: a file that was made longer and has other bytes, but
 * where the last ones were read it has the same, or these are not in the page
 * cache, or its file system has no RWF_NOWAIT and is not in memory; a write
 * that was under way when the version was taken; one through a mapping
 * (mmap(2)) to a page that is dirty already; one whose writer sets the time
 * back (touch(1)) before the next check; and, before Linux 6.13, one within the
 * same tick of the clock, of 10 ms or less, as the one before.
 */
int file_guard_check(struct file_guard *guard, int fd);

#endif
