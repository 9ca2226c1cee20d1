/* SPDX-License-Identifier: MIT */
/*
 * The clock is the loop's, as it is for its timers: the two never disagree on
 * whether something is due. It counts milliseconds, which is an error once, not
 * with each piece.
 */
#include "config.h"
#include "common/stream/stream_pace.h"

#include <stdlib.h>

#include "common/stream/pacer.h"

#define MS_NS 1000000
/*
 * Long pauses end on a common grid, so that thousands of slow streams wake the
 * loop up together, at most a hundred times a second.
 */
#define GRID_MS 10
#define LONG_MS 50

struct stream_pace {
	uv_timer_t timer;
	struct pacer pacer;
	stream_pace_due_fn *due;
	void *context;
};

static uint64_t now_ns(const struct stream_pace *pace)
{
	return uv_now(pace->timer.loop) * MS_NS;
}

struct stream_pace *stream_pace_new(
    uv_loop_t *loop, const struct pacer_plan *plan)
{
	struct stream_pace *pace = calloc(1, sizeof(*pace));

	if (!pace)
		return NULL;
	uv_timer_init(loop, &pace->timer);
	pace->timer.data = pace;
	pacer_init(&pace->pacer, plan);
	return pace;
}

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void stream_pace_free(struct stream_pace *pace)
{
	if (pace)
		uv_close((uv_handle_t *)&pace->timer, on_closed);
}

uint64_t stream_pace_allow(struct stream_pace *pace, uint64_t left)
{
	return pacer_allow(&pace->pacer, now_ns(pace), left);
}

void stream_pace_take(struct stream_pace *pace, uint64_t taken)
{
	pacer_take(&pace->pacer, now_ns(pace), taken);
}

static void on_timer(uv_timer_t *timer)
{
	struct stream_pace *pace = timer->data;

	pace->due(pace->context);
}

void stream_pace_pause(struct stream_pace *pace, uint64_t left,
    stream_pace_due_fn *due, void *context)
{
	uint64_t wait_ns = pacer_wait(&pace->pacer, now_ns(pace), left);
	uint64_t wait_ms = wait_ns / MS_NS + (wait_ns % MS_NS > 0);
	uint64_t beyond = (uv_now(pace->timer.loop) + wait_ms) % GRID_MS;

	if (wait_ms >= LONG_MS && beyond > 0)
		wait_ms += GRID_MS - beyond;
	pace->due = due;
	pace->context = context;
	uv_timer_start(&pace->timer, on_timer, wait_ms, 0);
}
