/* SPDX-License-Identifier: MIT */
/* A source that reads a regular file through the aio_reader. */
#ifndef COMMON_SOURCE_FILE_H
#define COMMON_SOURCE_FILE_H

#include <stdint.h>

struct aio_file;
struct aio_reader;
struct source;

/*
 * The first `size` bytes of `file`, of which it takes a reference of its own.
 * A file that turns out to be shorter ends the reading with -ENODATA. NULL:
 * out of memory.
 */
struct source *source_file_new(
    struct aio_reader *reader, struct aio_file *file, uint64_t size);

#endif
