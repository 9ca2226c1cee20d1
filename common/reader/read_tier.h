/* SPDX-License-Identifier: MIT */
/*
 * A way to read what is not in memory: ops go in, results come out. Internal
 * to aio_reader.
 */
#ifndef COMMON_READER_READ_TIER_H
#define COMMON_READER_READ_TIER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct aio_op;
struct aio_reader;
struct read_tier;

struct read_tier_ops {
	/*
	 * Takes an op over, which has its place, length and buffer; sets its
	 * state and `tier`. The client is told how it went, never from inside
	 * this call.
	 */
	void (*read)(struct read_tier *tier, struct aio_op *op);
	/*
	 * Gives an op back that was taken over. Returns false if it is too
	 * late: its buffer is being written to, and the client will be told.
	 */
	bool (*take_back)(struct read_tier *tier, struct aio_op *op);
	/* Returns true if nothing is under way in the kernel or in threads. */
	bool (*is_quiet)(struct read_tier *tier);
	/* Closes what is quiet and has no ops; `closed` follows. */
	void (*close)(struct read_tier *tier);
};

/* What happens to ops; all is called from handles of the loop. */
struct read_tier_client {
	/* Done: bytes, those that were skipped included, or -errno. */
	void (*done)(struct aio_op *op, ssize_t result);
	/* What the tier had to find out about the file is known: start anew. */
	void (*again)(struct aio_op *op);
	/* The tier can't read this: it is to be read in another way. */
	void (*refused)(struct aio_op *op);
	/* Nothing is under way any more. */
	void (*quiet)(struct aio_reader *reader);
	/* The tier's memory may be freed. */
	void (*closed)(struct aio_reader *reader);
};

/* Embedded by value in each tier. */
struct read_tier {
	const struct read_tier_ops *ops;
	const struct read_tier_client *client;
	struct aio_reader *reader;
	uint64_t reads; /* so many so far */
};

#endif
