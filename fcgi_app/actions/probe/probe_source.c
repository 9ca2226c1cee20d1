/* SPDX-License-Identifier: MIT */
/*
 * A timer ticks as long as a read waits for the end of the pause, and looks
 * whether it can be served. The source is freed when libuv has let go of it.
 */
#include "config.h"
#include "fcgi_app/actions/probe/probe_source.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "common/container_of.h"
#include "common/min.h"
#include "common/stream/source.h"
#include "fcgi_app/actions/probe/probe_board.h"
#include "fcgi_app/actions/probe/probe_query.h"

#define TICK_MS 20
/* probe_query_byte() repeats itself after so many bytes. */
#define PERIOD 64
#define BLOCK_SIZE 65536

struct probe_source {
	struct source source;
	struct probe_source_plan plan;
	uv_timer_t timer;
	uint64_t pause_until; /* 0: not begun */
	/* The read that was asked for last. */
	uint64_t offset;
	size_t length;
};

static unsigned char block[BLOCK_SIZE + PERIOD];

static struct probe_source *self(struct source *source)
{
	return container_of(source, struct probe_source, source);
}

static bool must_wait(struct probe_source *probe)
{
	const struct probe_source_plan *plan = &probe->plan;
	uint64_t now = uv_now(plan->loop);

	if (probe->pause_until == 0)
		probe->pause_until = now + plan->pause_ms;
	return now < probe->pause_until &&
	    !probe_board_released(plan->board, &plan->lease);
}

static void lend(const struct probe_source *probe, struct source_chunk *chunk)
{
	uint64_t end = probe->offset < probe->plan.pause_at
	    ? probe->plan.pause_at
	    : probe->source.size;
	uint64_t most = u64_min(end - probe->offset, probe->length);

	*chunk = (struct source_chunk){
		.data = block + probe->offset % PERIOD,
		.length = (size_t)u64_min(most, BLOCK_SIZE),
	};
}

static void on_tick(uv_timer_t *timer)
{
	struct probe_source *probe = timer->data;
	struct source *source = &probe->source;
	struct source_chunk chunk;

	if (must_wait(probe))
		return;
	uv_timer_stop(timer);
	if (probe->plan.cut) {
		source->done(source->context, -ECANCELED, NULL);
		return;
	}
	lend(probe, &chunk);
	source->done(source->context, 0, &chunk);
}

static int probe_read(struct source *source, uint64_t offset, size_t length,
    struct source_chunk *ret_chunk)
{
	struct probe_source *probe = self(source);
	const struct probe_source_plan *plan = &probe->plan;

	assert(offset < source->size);
	/* What comes before has been taken, or is being offered just now. */
	if (plan->board)
		probe_board_sent(plan->board, &plan->lease, offset);
	probe->offset = offset;
	probe->length = length;
	if (offset >= plan->pause_at) {
		if (must_wait(probe)) {
			uv_timer_start(
			    &probe->timer, on_tick, TICK_MS, TICK_MS);
			return 0;
		}
		if (plan->cut)
			return -ECANCELED;
	}
	lend(probe, ret_chunk);
	return 1;
}

static void probe_cancel(struct source *source)
{
	uv_timer_stop(&self(source)->timer);
}

static void probe_release(struct source *source, struct source_chunk *chunk)
{
	(void)source;
	(void)chunk;
}

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static void probe_close(struct source *source)
{
	uv_close((uv_handle_t *)&self(source)->timer, on_closed);
}

static const struct source_ops probe_ops = {
	.read = probe_read,
	.cancel = probe_cancel,
	.release = probe_release,
	.close = probe_close,
};

struct source *probe_source_new(const struct probe_source_plan *plan)
{
	struct probe_source *probe = calloc(1, sizeof(*probe));

	if (!probe)
		return NULL;
	for (size_t i = 0; block[0] == 0 && i < sizeof(block); i++)
		block[sizeof(block) - 1 - i] =
		    probe_query_byte(sizeof(block) - 1 - i);
	probe->source.ops = &probe_ops;
	probe->source.size = plan->size;
	probe->plan = *plan;
	uv_timer_init(plan->loop, &probe->timer);
	probe->timer.data = probe;
	return &probe->source;
}
