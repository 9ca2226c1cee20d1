/* SPDX-License-Identifier: MIT */
/* A read as its asker sees it. */
#ifndef COMMON_READER_AIO_READ_H
#define COMMON_READER_AIO_READ_H

#include <stddef.h>

struct aio_op;
struct aio_read;
struct aio_shared;

/* Called on the loop when a read that was in flight has its result. */
typedef void aio_read_done_fn(struct aio_read *read);

/*
 * A read, embedded by its asker and zeroed. `done` is set before the first
 * use; `context` is the asker's.
 */
struct aio_read {
	aio_read_done_fn *done;
	void *context;
	/*
	 * The result: `length` bytes at `data`, fewer than asked for where
	 * that was convenient, 0 only at the end of the file; or `error`, a
	 * negative errno, and no data.
	 */
	const unsigned char *data;
	size_t length;
	int error;
	/* Internal to aio_reader. */
	struct aio_op *op;
	void *buffer;
	struct aio_shared *shared;
};

#endif
