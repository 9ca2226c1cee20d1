/* SPDX-License-Identifier: MIT */
/* All of a small file in memory, read without blocking. */
#ifndef FCGI_APP_ACTIONS_CONCAT_SMALL_FILE_H
#define FCGI_APP_ACTIONS_CONCAT_SMALL_FILE_H

#include <stddef.h>
#include <uv.h>

struct file_open_result;
struct small_file;

/*
 * Gets 0 and the file's bytes, which are lent for the time of the call; or
 * -errno; -EFBIG: there are more than was allowed.
 */
typedef void small_file_fn(
    void *context, int error, const char *text, size_t length);

/*
 * Reads up to `most` bytes in the thread pool of `loop`; `done` is called from
 * the loop, not from inside this call. Takes the descriptor of `result`, a
 * regular file, over. Returns NULL if out of memory; it stays the caller's.
 */
struct small_file *small_file_read(uv_loop_t *loop,
    const struct file_open_result *result, size_t most, small_file_fn *done,
    void *context);

/* `done` will not be called; the descriptor is closed soon. */
void small_file_cancel(struct small_file *text);

#endif
