/* SPDX-License-Identifier: MIT */
/* A read that could not be served at once. For the reader's eyes only. */
#ifndef COMMON_READER_AIO_OP_H
#define COMMON_READER_AIO_OP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>
#include <uv.h>

#include "common/chunk_pool.h"
#include "common/reader/kernel_aio.h"

struct aio_direct;
struct aio_file;
struct aio_read;
struct aio_reader;
struct aio_threads;

enum aio_op_state {
	/* In the pool's waiting list. */
	AIO_OP_BUFFER,
	/*
	 * Got a buffer, or what its leader had for it, outside a call of ours;
	 * taken up in the idle callback.
	 */
	AIO_OP_READY,
	/* In the list of a leader, whose bytes it waits for. */
	AIO_OP_FOLLOWING,
	/* Waits for the file's O_DIRECT descriptor, in the file's list. */
	AIO_OP_OPENING,
	/*
	 * Queued for io_submit(2), or in flight: then the kernel has pointers
	 * to the op and to its buffer.
	 */
	AIO_OP_DIRECT,
	/* Queued for the thread pool. */
	AIO_OP_QUEUED,
	/* In the thread pool. */
	AIO_OP_THREAD,
};

TAILQ_HEAD(aio_op_list, aio_op);

/* Bytes that several reads got at once. */
struct aio_shared {
	struct chunk_pool *pool;
	void *memory;
	uint64_t start; /* their place in the file */
	uint64_t end;
	unsigned int references;
};

/*
 * It owns its buffer and a reference to the file; the asker owns the aio_read.
 * They point at each other. Cancelling cuts that link, and an op without it
 * that can't be stopped any more is freed when its event comes.
 *
 * From OPENING on it is in flight (aio_flight.h): others may follow it.
 */
struct aio_op {
	TAILQ_ENTRY(aio_op) link;
	enum aio_op_state state;
	struct aio_reader *reader;
	struct aio_threads *threads;
	struct chunk_pool *pool;
	struct aio_read *read; /* NULL: detached */
	struct aio_file *file;
	void *buffer;
	struct aio_shared *shared; /* instead of a buffer */
	uint64_t offset;
	size_t length;
	size_t skip; /* bytes in front, read for alignment only */
	ssize_t result;
	TAILQ_ENTRY(aio_op) flight;
	struct aio_op *leader; /* of one that follows */
	struct aio_op_list followers;
	bool flying;    /* on its file's list */
	bool alone;     /* what it followed had nothing for it */
	bool holes;     /* the file may have some where it reads */
	uint64_t ahead; /* brings the bytes up to here into memory; or 0 */
	struct chunk_waiter waiter;
	struct kernel_aio_read direct;
	struct aio_direct *by_direct; /* whose that is */
	uv_work_t work;
};

/* An op for `read`; state, place and buffer are to be set. NULL: no memory. */
struct aio_op *aio_op_new(struct aio_reader *reader, struct chunk_pool *pool,
    struct aio_file *file, struct aio_read *read);

/* It is in no list; a buffer that nobody took goes back to the pool. */
void aio_op_free(struct aio_op *op);

/* Whether anybody waits for its bytes. */
bool aio_op_is_wanted(const struct aio_op *op);

/* Gives the buffer back: the bytes will come from elsewhere. */
void aio_op_drop_buffer(struct aio_op *op);

/*
 * Makes what lies in the buffer, `length` bytes behind those that were
 * skipped included, shareable; the op has a reference. NULL: no memory, and
 * nothing has changed.
 */
struct aio_shared *aio_op_share(struct aio_op *op, size_t length);

/* One reference less; the last one gives the buffer back. NULL is allowed. */
void aio_shared_unref(struct aio_shared *shared);

/* Too late to stop: nobody will be told. */
void aio_op_detach(struct aio_op *op);

/*
 * Hands `result`, bytes in the buffer or -errno, to the asker, if there still
 * is one, and frees the op. If it has shared bytes, it is those.
 */
void aio_op_deliver(struct aio_op *op, ssize_t result);

#endif
