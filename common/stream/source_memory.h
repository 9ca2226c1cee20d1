/* SPDX-License-Identifier: MIT */
/* A source of bytes that are in memory already. */
#ifndef COMMON_STREAM_SOURCE_MEMORY_H
#define COMMON_STREAM_SOURCE_MEMORY_H

#include <stddef.h>

struct source;

/*
 * Returns a source of the `length` bytes at `data`, or NULL if out of memory.
 * They must stay as they are until it is closed; then `release(context)` is
 * called, unless it is NULL. On failure it is not called.
 */
struct source *source_memory_new(const void *data, size_t length,
    void (*release)(void *context), void *context);

#endif
