/* SPDX-License-Identifier: MIT */
/*
 * A read that could not be served at once, and those of the same bytes that
 * share it. Internal to aio_reader.
 */
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

struct aio_file;
struct aio_read;
struct aio_reader;
struct read_tier;

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
	/*
	 * With its tier: waits for the file's O_DIRECT descriptor, in the
	 * file's list.
	 */
	AIO_OP_OPENING,
	/* With its tier, in the queue; kernel_aio knows whether it still is. */
	AIO_OP_QUEUED,
	/* With its tier: a thread writes to its buffer. */
	AIO_OP_RUNNING,
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
 * An op that is in flight, a leader, is on its file's list from OPENING or
 * QUEUED on. Another one that begins within it follows: it needs no buffer, and
 * gets a share of the leader's. Since a file of the table is one version of one
 * file, so are the bytes.
 */
struct aio_op {
	TAILQ_ENTRY(aio_op) link;
	enum aio_op_state state;
	struct aio_reader *reader;
	struct chunk_pool *pool;
	struct aio_read *read; /* NULL: detached */
	struct aio_file *file;
	void *buffer;
	struct aio_shared *shared; /* instead of a buffer */
	uint64_t offset;
	size_t length;
	size_t skip; /* bytes in front, read for alignment only */
	TAILQ_ENTRY(aio_op) flight;
	struct aio_op *leader; /* of one that follows */
	struct aio_op_list followers;
	bool is_in_flight; /* on its file's list */
	bool is_alone;     /* its leader had nothing for it: follows no more */
	bool has_holes;    /* the file may have some where it reads */
	uint64_t ahead;    /* brings the bytes up to here into memory; or 0 */
	struct chunk_waiter waiter;
	/* The tier that has it, and what the tiers need for it. */
	struct read_tier *tier;
	struct kernel_aio_read direct;
	uv_work_t work;
	ssize_t result; /* a thread's */
};

/*
 * Returns an op for `read`, whose state, place and buffer are to be set; NULL
 * if there is no memory.
 */
struct aio_op *aio_op_new(struct aio_reader *reader, struct chunk_pool *pool,
    struct aio_file *file, struct aio_read *read);

/* Frees an op that is in no list; its buffer goes back to the pool. */
void aio_op_free(struct aio_op *op);

/* Returns true if anybody waits for its bytes. */
bool aio_op_is_wanted(const struct aio_op *op);

/* Cuts an op that can't be stopped any more off its asker. */
void aio_op_detach(struct aio_op *op);

/*
 * Hands `result`, bytes in the buffer or -errno, to the asker, if there still
 * is one, and frees the op. If it has shared bytes, it is those.
 */
void aio_op_deliver(struct aio_op *op, ssize_t result);

/* Drops a reference; the last one gives the buffer back. NULL is allowed. */
void aio_shared_unref(struct aio_shared *shared);

/* --- leaders and followers ------------------------------------------------ */

/* Returns an op in flight that reads the byte at `offset`, or NULL. */
struct aio_op *aio_op_covering(const struct aio_file *file, uint64_t offset);

/* Returns one that brings the byte at `offset` into the page cache, or NULL. */
struct aio_op *aio_op_bringing(const struct aio_file *file, uint64_t offset);

/* Puts the op on its file's list: others may follow it. */
void aio_op_lead(struct aio_op *op);

/* Gives the op's buffer back and lets it wait for `leader`. */
void aio_op_follow(struct aio_op *op, struct aio_op *leader);

/* Takes the op out of its leader's list. */
void aio_op_unfollow(struct aio_op *op);

/*
 * Ends the leader's flight, with `result` bytes in its buffer or -errno, or
 * -ECANCELED if it will never have any: its followers move to `ready`. Those
 * whose bytes it has get a share of them. Others whose bytes it should have
 * read go on alone, because an error is everybody's own.
 */
void aio_op_end_flight(
    struct aio_op *leader, ssize_t result, struct aio_op_list *ready);

#endif
