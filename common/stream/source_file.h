/* SPDX-License-Identifier: MIT */
/* A source that reads a regular file through the aio_reader. */
#ifndef COMMON_STREAM_SOURCE_FILE_H
#define COMMON_STREAM_SOURCE_FILE_H

struct aio_file;
struct file_version;
struct aio_reader;
struct source;

/*
 * Returns a source of the first `version->size` bytes of `file`, as they are in
 * that version, or NULL if out of memory. It takes a reference of its own to
 * the file and copies the version. No byte is lent before file_guard_check()
 * has found the file unchanged after the read; else the reading ends with
 * -ENODATA or, after 63 ms in which it may prove to be an append, -ESTALE.
 */
struct source *source_file_new(struct aio_reader *reader, struct aio_file *file,
    const struct file_version *version);

#endif
