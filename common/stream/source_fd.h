/* SPDX-License-Identifier: MIT */
/* A source of what comes from a pipe, a FIFO or a socket. */
#ifndef COMMON_STREAM_SOURCE_FD_H
#define COMMON_STREAM_SOURCE_FD_H

#include <stddef.h>
#include <uv.h>

struct source;

/* The longest chunk, in bytes. */
#define SOURCE_FD_CHUNK_MAX (1u << 20)

/*
 * Makes a source of unknown size that reads `fd`, any descriptor that can be
 * polled, from where it stands to its end, in chunks of at most `chunk_size`
 * bytes (1 to SOURCE_FD_CHUNK_MAX). It is to be read from offset 0 on, once.
 * While it waits, for bytes or for its reader, it holds no memory but the end
 * of a chunk that was not taken whole.
 *
 * A connection that is reset is -EREMOTEIO, so that it is not taken for that of
 * the client. A FIFO that nobody has opened for writing yet is waited for. The
 * source takes `fd` over, makes it non-blocking (so for all who share its
 * description, fcntl(2)), and closes it when it is closed itself.
 *
 * Returns 0; or -errno, and `fd` stays the caller's: -EPERM: it can't be
 * polled, as a regular file; -EBADF; -EEXIST: `loop` polls it already; -EINVAL:
 * chunk_size; -ENOMEM.
 */
int source_fd_new(
    uv_loop_t *loop, int fd, size_t chunk_size, struct source **ret_source);

#endif
