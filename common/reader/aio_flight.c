/* SPDX-License-Identifier: MIT */
/*
 * Each read in flight holds a buffer of the pool, so --buffer-memory bounds a
 * file's list.
 */
#include "config.h"
#include "common/reader/aio_flight.h"

#include <errno.h>

#include "common/file/aio_file.h"

static bool covers(const struct aio_op *op, uint64_t offset)
{
	return offset >= op->offset && offset - op->offset < op->length;
}

struct aio_op *aio_flight_covering(const struct aio_file *file, uint64_t offset)
{
	struct aio_op *op;

	TAILQ_FOREACH(op, &file->flights, flight) {
		if (covers(op, offset))
			return op;
	}
	return NULL;
}

struct aio_op *aio_flight_bringing(const struct aio_file *file, uint64_t offset)
{
	struct aio_op *op;

	TAILQ_FOREACH(op, &file->flights, flight) {
		if (offset >= op->offset && offset < op->ahead)
			return op;
	}
	return NULL;
}

void aio_flight_begin(struct aio_op *op)
{
	TAILQ_INSERT_TAIL(&op->file->flights, op, flight);
	op->flying = true;
}

void aio_flight_follow(struct aio_op *op, struct aio_op *leader)
{
	op->state = AIO_OP_FOLLOWING;
	op->leader = leader;
	TAILQ_INSERT_TAIL(&leader->followers, op, link);
	aio_op_drop_buffer(op);
}

void aio_flight_unfollow(struct aio_op *op)
{
	TAILQ_REMOVE(&op->leader->followers, op, link);
	op->leader = NULL;
}

/* Whether there is something for a follower. */
static bool has_bytes(const struct aio_shared *shared, const struct aio_op *op)
{
	return shared && op->offset >= shared->start &&
	    op->offset < shared->end;
}

void aio_flight_end(
    struct aio_op *leader, ssize_t result, struct aio_op_list *ready)
{
	struct aio_shared *shared = NULL;
	struct aio_op *op;

	if (leader->flying)
		TAILQ_REMOVE(&leader->file->flights, leader, flight);
	leader->flying = false;
	if (result > 0 && !TAILQ_EMPTY(&leader->followers))
		shared = aio_op_share(leader, (size_t)result);
	while ((op = TAILQ_FIRST(&leader->followers)) != NULL) {
		aio_flight_unfollow(op);
		if (has_bytes(shared, op)) {
			op->shared = shared;
			shared->references++;
		} else if (result != -ECANCELED && covers(leader, op->offset)) {
			op->alone = true;
		}
		op->state = AIO_OP_READY;
		TAILQ_INSERT_TAIL(ready, op, link);
	}
}
