/* SPDX-License-Identifier: MIT */
/*
 * Reads of the same bytes share one. For the reader's eyes only.
 *
 * A read that is in flight, the leader, is on its file's list. Another one that
 * begins within it follows: it needs no buffer, and gets a share of the
 * leader's. Since a file of the table is one version of one file, so are the
 * bytes.
 */
#ifndef COMMON_READER_AIO_FLIGHT_H
#define COMMON_READER_AIO_FLIGHT_H

#include <stdint.h>

#include "common/reader/aio_op.h"

/* A read in flight that begins at or before `offset` and ends behind it. */
struct aio_op *aio_flight_covering(
    const struct aio_file *file, uint64_t offset);

/* One that brings the byte at `offset` into the page cache. */
struct aio_op *aio_flight_bringing(
    const struct aio_file *file, uint64_t offset);

/* Puts the op on its file's list. */
void aio_flight_begin(struct aio_op *op);

/* Gives the op's buffer back and lets it wait for `leader`. */
void aio_flight_follow(struct aio_op *op, struct aio_op *leader);

/* It no longer follows. */
void aio_flight_unfollow(struct aio_op *op);

/*
 * The leader is done, with `result` bytes in its buffer or -errno, or will
 * never be: takes it off its file's list, and moves its followers to `ready`.
 * Those for whom there is something have a share of it. To others whose bytes
 * it was to read it says to go alone: an error is everybody's own.
 */
void aio_flight_end(
    struct aio_op *leader, ssize_t result, struct aio_op_list *ready);

#endif
