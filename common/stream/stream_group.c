/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "common/stream/stream_group.h"

#include <string.h>

#include "common/chunk_pool.h"

/*
 * What is sent in a turn of the loop: 0.1 to 0.2 ms of work. Twice as much has
 * new requests wait twice as long, and saves nothing (docs/PERFORMANCE.md).
 */
#define RUN_BYTES (512 << 10)
/* A turn that sends little has its price as well. */
#define TURN_BYTES_MIN (16 << 10)
/* New streams may use up so much of it; the rest is left to the others. */
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

void stream_group_add_ending(struct stream_seat *seat)
{
	struct stream_group *group = seat->group;

	if (seat->is_ending)
		return;
	announce(group);
	seat->is_ending = true;
	TAILQ_INSERT_TAIL(&group->ending, seat, run_link);
}

static void remove_ending(struct stream_seat *seat)
{
	if (seat->is_ending)
		TAILQ_REMOVE(&seat->group->ending, seat, run_link);
	seat->is_ending = false;
}

void stream_group_add_runnable(struct stream_seat *seat, bool is_fresh)
{
	struct stream_group *group = seat->group;

	if (seat->is_runnable)
		return;
	announce(group);
	seat->is_runnable = true;
	seat->is_fresh = is_fresh;
	if (seat->is_fresh)
		TAILQ_INSERT_TAIL(&group->fresh, seat, run_link);
	else
		TAILQ_INSERT_TAIL(&group->runnable, seat, run_link);
}

static void remove_runnable(struct stream_seat *seat)
{
	struct stream_group *group = seat->group;

	if (seat->is_runnable && seat->is_fresh)
		TAILQ_REMOVE(&group->fresh, seat, run_link);
	else if (seat->is_runnable)
		TAILQ_REMOVE(&group->runnable, seat, run_link);
	seat->is_runnable = false;
}

static struct stream_seat *next_runnable(struct stream_group *group)
{
	struct stream_seat *seat = TAILQ_FIRST(&group->fresh);

	return seat ? seat : TAILQ_FIRST(&group->runnable);
}

static void have_turn(struct stream_seat *seat)
{
	struct stream_group *group = seat->group;
	size_t sent = seat->ops->turn(seat);

	group->done += sent > TURN_BYTES_MIN ? sent : TURN_BYTES_MIN;
	if (group->on_turn)
		group->on_turn(group->context);
}

void stream_group_start(struct stream_seat *seat, bool is_fresh)
{
	if (seat->group->done < START_BYTES)
		have_turn(seat);
	else
		stream_group_add_runnable(seat, is_fresh);
}

/* No bound: each is of a request that was taken up, or ended, in this turn. */
static void run_endings(struct stream_group *group)
{
	struct stream_seat *seat;

	while ((seat = TAILQ_FIRST(&group->ending)) != NULL) {
		remove_ending(seat);
		seat->ops->end(seat);
	}
}

bool stream_group_run(struct stream_group *group)
{
	struct stream_seat *seat;

	run_endings(group);
	while (
	    group->done < RUN_BYTES && (seat = next_runnable(group)) != NULL) {
		remove_runnable(seat);
		have_turn(seat);
	}
	group->done = 0;
	/* Of those that sent their last chunk just now. */
	run_endings(group);
	return is_waiting(group);
}

/* --- chunks that are held ------------------------------------------------- */

void stream_group_remove_holder(struct stream_seat *seat)
{
	if (seat->is_holding)
		TAILQ_REMOVE(&seat->group->holders, seat, hold_link);
	seat->is_holding = false;
}

void stream_group_add_holder(struct stream_seat *seat)
{
	struct stream_group *group = seat->group;

	/* Somebody who could send needs the buffer more. */
	if (group->pool && chunk_pool_is_short(group->pool)) {
		seat->ops->give_up(seat);
		return;
	}
	if (seat->is_holding)
		return;
	if (TAILQ_EMPTY(&group->holders) && group->on_hold)
		group->on_hold(group->context);
	seat->is_holding = true;
	seat->sweeps = 0;
	TAILQ_INSERT_TAIL(&group->holders, seat, hold_link);
}

bool stream_group_reclaim(struct stream_group *group)
{
	struct stream_seat *seat = TAILQ_FIRST(&group->holders);

	if (!seat)
		return false;
	seat->ops->give_up(seat);
	return true;
}

bool stream_group_sweep(struct stream_group *group)
{
	struct stream_seat *seat = TAILQ_FIRST(&group->holders);

	while (seat) {
		struct stream_seat *after = TAILQ_NEXT(seat, hold_link);

		if (seat->sweeps++ > 0)
			seat->ops->give_up(seat);
		seat = after;
	}
	return !TAILQ_EMPTY(&group->holders);
}

void stream_group_remove(struct stream_seat *seat)
{
	remove_runnable(seat);
	remove_ending(seat);
	stream_group_remove_holder(seat);
}
