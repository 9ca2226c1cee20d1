/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "common/stream/stream_group.h"

#include <string.h>

#include "common/chunk_pool.h"
#include "common/stream/stream.h"

/*
 * What is sent in a turn of the loop: 0.1 to 0.2 ms of work. Twice as much has
 * new requests wait twice as long, and saves nothing (docs/PERFORMANCE.md).
 */
#define RUN_BYTES (512 << 10)
/* A turn that sends little has its price as well. */
#define TURN_BYTES_MIN (16 << 10)
/* New streams may use up so much of it; the others shall go on. */
#define START_BYTES (RUN_BYTES / 4 * 3)

void stream_group_init(struct stream_group *group, size_t chunk_size)
{
	memset(group, 0, sizeof(*group));
	TAILQ_INIT(&group->ending);
	TAILQ_INIT(&group->fresh);
	TAILQ_INIT(&group->runnable);
	TAILQ_INIT(&group->holders);
	group->chunk_size = chunk_size;
}

/* --- turns ---------------------------------------------------------------- */

static bool is_waiting(const struct stream_group *group)
{
	return !TAILQ_EMPTY(&group->fresh) || !TAILQ_EMPTY(&group->runnable);
}

static void announce(struct stream_group *group)
{
	if (!is_waiting(group) && TAILQ_EMPTY(&group->ending) &&
	    group->on_runnable)
		group->on_runnable(group->context);
}

void stream_group_add_ending(struct stream *stream)
{
	struct stream_group *group = stream->group;

	if (stream->ending)
		return;
	announce(group);
	stream->ending = true;
	TAILQ_INSERT_TAIL(&group->ending, stream, run_link);
}

static void remove_ending(struct stream *stream)
{
	if (stream->ending)
		TAILQ_REMOVE(&stream->group->ending, stream, run_link);
	stream->ending = false;
}

void stream_group_add_runnable(struct stream *stream)
{
	struct stream_group *group = stream->group;

	if (stream->runnable)
		return;
	announce(group);
	stream->runnable = true;
	stream->fresh = stream_is_untouched(stream);
	if (stream->fresh)
		TAILQ_INSERT_TAIL(&group->fresh, stream, run_link);
	else
		TAILQ_INSERT_TAIL(&group->runnable, stream, run_link);
}

static void remove_runnable(struct stream *stream)
{
	struct stream_group *group = stream->group;

	if (stream->runnable && stream->fresh)
		TAILQ_REMOVE(&group->fresh, stream, run_link);
	else if (stream->runnable)
		TAILQ_REMOVE(&group->runnable, stream, run_link);
	stream->runnable = false;
}

static struct stream *next_runnable(struct stream_group *group)
{
	struct stream *stream = TAILQ_FIRST(&group->fresh);

	return stream ? stream : TAILQ_FIRST(&group->runnable);
}

static void have_turn(struct stream *stream)
{
	struct stream_group *group = stream->group;
	size_t sent = stream_turn(stream);

	group->done += sent > TURN_BYTES_MIN ? sent : TURN_BYTES_MIN;
	if (group->on_turn)
		group->on_turn(group->context);
}

void stream_group_start(struct stream *stream)
{
	if (stream->group->done < START_BYTES)
		have_turn(stream);
	else
		stream_group_add_runnable(stream);
}

/* No bound: each is of a request that was taken up, or ended, in this turn. */
static void run_endings(struct stream_group *group)
{
	struct stream *stream;

	while ((stream = TAILQ_FIRST(&group->ending)) != NULL) {
		remove_ending(stream);
		stream_end_response(stream);
	}
}

bool stream_group_run(struct stream_group *group)
{
	struct stream *stream;

	run_endings(group);
	while (group->done < RUN_BYTES &&
	    (stream = next_runnable(group)) != NULL) {
		remove_runnable(stream);
		have_turn(stream);
	}
	group->done = 0;
	run_endings(group);
	return is_waiting(group);
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
	remove_ending(stream);
	stream_group_remove_holder(stream);
}
