/* SPDX-License-Identifier: MIT */
/* A source of bytes that are in memory already. */
#ifndef COMMON_STREAM_SOURCE_MEMORY_H
#define COMMON_STREAM_SOURCE_MEMORY_H

#include <stddef.h>

struct source;

/*
 * Lends `length` bytes at `data`, which must stay as they are until the source
 * is closed; then `release(context)` is called, unless it is NULL. On failure
 * (NULL: out of memory) it is not called.
 */
struct source *source_memory_new(const void *data, size_t length,
    void (*release)(void *context), void *context);

#endif
