/* SPDX-License-Identifier: MIT */
/* The files that are open, and what is remembered of those that were. */
#ifndef COMMON_FILE_FILE_TABLE_H
#define COMMON_FILE_FILE_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <uv.h>

struct aio_file;
struct file_table;

/* So many closed files are remembered, those used last. */
#define FILE_TABLE_REMEMBERED 4096

/* For the files of one loop. NULL: out of memory. */
struct file_table *file_table_new(uv_loop_t *loop);

/* Files may still be open; they are on their own then. NULL is allowed. */
void file_table_free(struct file_table *table);

/*
 * An aio_file for `fd`, with a reference for the caller; takes `fd` over. If
 * the same file is open in the same state (file_identity.h), it is that one,
 * and `fd` is closed: all its readers share its descriptors, what is known of
 * it and the reads in flight. `st` is fstat(2) of `fd`; `close_blocks` as for
 * aio_file_new(). NULL: out of memory; `fd` stays the caller's.
 *
 * The content alone (file_version.h) would not do: two files may have the same
 * size and time, and bytes of the one must not be sent for the other. The time
 * of change counts because a file that was written to, and had its time set
 * back, must not get bytes that were read before. That a mere chmod(1) parts
 * new readers from old ones costs a descriptor, and no client sees it.
 */
struct aio_file *file_table_open(
    struct file_table *table, int fd, const struct stat *st, bool close_blocks);

/* How many files are open, and how many closed ones are remembered. */
size_t file_table_open_count(const struct file_table *table);
size_t file_table_remembered(const struct file_table *table);

#endif
