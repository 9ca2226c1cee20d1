/* SPDX-License-Identifier: MIT */
/*
 * Reads with kernel AIO on a file's O_DIRECT descriptor. For the reader's eyes
 * only.
 */
#ifndef COMMON_READER_AIO_DIRECT_H
#define COMMON_READER_AIO_DIRECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <uv.h>

#include "common/reader/kernel_aio.h"

struct aio_direct;
struct aio_op;
struct aio_reader_options;

/* All are called from handles of the loop. */
struct aio_direct_ops {
	/* The file's descriptor is there, or it is known to have none. */
	void (*opened)(struct aio_op *op);
	/* A read is done: bytes, those that were skipped included, or -errno.
	 */
	void (*done)(struct aio_op *op, ssize_t result);
	/* It is to be read in another way. */
	void (*refused)(struct aio_op *op);
	/* No read is in the kernel any more. */
	void (*quiet)(struct aio_direct *direct);
	/* After aio_direct_close(): `direct` may be freed. */
	void (*closed)(struct aio_direct *direct);
};

/* Embedded by value. */
struct aio_direct {
	struct kernel_aio aio;
	const struct aio_reader_options *options;
	const struct aio_direct_ops *ops;
	bool degraded;  /* the kernel refused a read, and somebody was told */
	uint64_t reads; /* done so far */
};

/*
 * Sets up kernel AIO by `options`, which stay the caller's. Errors are those
 * of kernel_aio_open(): it is to be closed all the same.
 */
int aio_direct_open(struct aio_direct *direct,
    const struct aio_reader_options *options, const struct aio_direct_ops *ops);

/* Nothing may be queued or in the kernel; `ops->closed` follows. */
void aio_direct_close(struct aio_direct *direct);

/*
 * The op waits for its file's O_DIRECT descriptor, which is opened in the
 * thread pool; the state is set here. `file->direct` is UNKNOWN or OPENING.
 */
void aio_direct_wait(struct aio_direct *direct, struct aio_op *op);

/*
 * Queues a read of what the op asks for, widened to the file's alignment; the
 * state is set here. `file->direct` is READY.
 */
void aio_direct_read(struct aio_direct *direct, struct aio_op *op);

/* Takes a read out of the queue; false: it is in the kernel. */
bool aio_direct_unqueue(struct aio_direct *direct, struct aio_op *op);

#endif
