/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "common/stream_group.h"

#include <string.h>

#include "common/chunk_pool.h"
#include "common/stream.h"

/* What is sent in a turn of the loop: 0.2 to 0.4 ms of work. */
#define RUN_BYTES (1 << 20)
/* A turn that sends little has its price as well. */
#define TURN_BYTES_MIN (16 << 10)

void stream_group_init(struct stream_group *group, size_t chunk_size)
{
	memset(group, 0, sizeof(*group));
	TAILQ_INIT(&group->runnable);
	TAILQ_INIT(&group->holders);
	group->chunk_size = chunk_size;
}

/* --- turns ---------------------------------------------------------------- */

void stream_group_add_runnable(struct stream *stream, bool first)
{
	struct stream_group *group = stream->group;

	if (stream->runnable)
		return;
	stream->runnable = true;
	if (TAILQ_EMPTY(&group->runnable) && group->on_runnable)
		group->on_runnable(group->context);
	if (first)
		TAILQ_INSERT_HEAD(&group->runnable, stream, run_link);
	else
		TAILQ_INSERT_TAIL(&group->runnable, stream, run_link);
}

static void remove_runnable(struct stream *stream)
{
	if (stream->runnable)
		TAILQ_REMOVE(&stream->group->runnable, stream, run_link);
	stream->runnable = false;
}

bool stream_group_run(struct stream_group *group)
{
	struct stream *stream;
	size_t sum = 0;

	while (sum < RUN_BYTES &&
	    (stream = TAILQ_FIRST(&group->runnable)) != NULL) {
		size_t sent;

		remove_runnable(stream);
		sent = stream_turn(stream);
		sum += sent > TURN_BYTES_MIN ? sent : TURN_BYTES_MIN;
	}
	return !TAILQ_EMPTY(&group->runnable);
}

/* --- chunks that are held ------------------------------------------------- */

void stream_group_remove_holder(struct stream *stream)
{
	if (stream->holding)
		TAILQ_REMOVE(&stream->group->holders, stream, hold_link);
	stream->holding = false;
}

void stream_group_add_holder(struct stream *stream)
{
	struct stream_group *group = stream->group;

	/* Somebody who could send needs the buffer more. */
	if (group->pool && chunk_pool_is_short(group->pool)) {
		stream_give_up_next(stream);
		return;
	}
	if (stream->holding)
		return;
	if (TAILQ_EMPTY(&group->holders) && group->on_hold)
		group->on_hold(group->context);
	stream->holding = true;
	stream->sweeps = 0;
	TAILQ_INSERT_TAIL(&group->holders, stream, hold_link);
}

bool stream_group_reclaim(struct stream_group *group)
{
	struct stream *stream = TAILQ_FIRST(&group->holders);

	if (!stream)
		return false;
	stream_give_up_next(stream);
	return true;
}

bool stream_group_sweep(struct stream_group *group)
{
	struct stream *stream = TAILQ_FIRST(&group->holders);

	while (stream) {
		struct stream *after = TAILQ_NEXT(stream, hold_link);

		if (stream->sweeps++ > 0)
			stream_give_up_next(stream);
		stream = after;
	}
	return !TAILQ_EMPTY(&group->holders);
}

void stream_group_remove(struct stream *stream)
{
	remove_runnable(stream);
	stream_group_remove_holder(stream);
}
