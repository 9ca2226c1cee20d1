/* SPDX-License-Identifier: MIT */
/*
 * Reads a folder, entry by entry. Its functions block: they are for jobs of the
 * thread pool, one at a time.
 */
#ifndef COMMON_FILE_FOLDER_READER_H
#define COMMON_FILE_FOLDER_READER_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct file_open_target;
struct folder_reader;

/* A regular file or a folder, maybe by way of a symbolic link. */
struct folder_entry {
	const char *name; /* until the next call */
	bool is_folder;
	/* This process may not read it, or, if it is a folder, enter it. */
	bool is_unreadable;
	uint64_t size; /* bytes; 0 of a folder */
	time_t modified;
};

/*
 * A reader of the folder that was opened as `fd` at `target`, whose strings are
 * copied and whose root is referred to. Takes `fd` over. With `hidden`
 * also of names that begin with a dot, but never of "." and "..". Does not
 * block. NULL: out of memory; `fd` stays the caller's.
 */
struct folder_reader *folder_reader_new(
    int fd, const struct file_open_target *target, bool hidden);

/*
 * Reads the next entry. Returns 1 with the entry in *ret; 0 at the end; -EAGAIN
 * if one was passed over, so ask again; or another -errno, and no more can be
 * read.
 *
 * Passed over is what nobody could have: what is hidden, vanished meanwhile, is
 * neither a file nor a folder, or can't be looked at, unless that is for
 * EMFILE, ENFILE, ENOMEM or EIO; and a symbolic link that leads out of the
 * target's folder, or nowhere. Other links are what they lead to.
 */
int folder_reader_next(struct folder_reader *reader, struct folder_entry *ret);

/*
 * Returns true if an entry of this name is one of the folder's own; one that
 * begins with a dot is only if `hidden` ones are asked for.
 */
bool folder_reader_wants(const char *name, bool hidden);

/* NULL is allowed. */
void folder_reader_free(struct folder_reader *reader);

#endif
