/* SPDX-License-Identifier: MIT */
/*
 * A stream goes from waiting for its client to waiting for its disk and back
 * many times a second. So the timer for sending is not touched by that: it
 * runs its time and asks then how long the peer has really let wait.
 */
#include "config.h"
#include "fcgi_app/connection/peer_timer.h"

#include "common/container_of.h"
#include "fcgi_app/setup/options.h"

static void on_timer(uv_timer_t *handle);

static void start(struct peer_timer *timer, uint64_t ms)
{
	uv_timer_start(&timer->handle, on_timer, ms, 0);
}

static void check_waiting(struct peer_timer *timer)
{
	uint64_t limit = timer->options->send_timeout_ms;
	uint64_t waited = 0;

	if (timer->waiting)
		waited = uv_now(timer->handle.loop) - timer->waiting_since;
	if (waited >= limit)
		timer->expired(timer, "peer took nothing for --send-timeout");
	else
		start(timer, limit - waited);
}

static void on_timer(uv_timer_t *handle)
{
	struct peer_timer *timer =
	    container_of(handle, struct peer_timer, handle);
	enum peer_timer_use use = timer->use;

	/* It has run down: set for the same use, it starts again. */
	if (use != PEER_TIMER_SEND)
		timer->use = PEER_TIMER_OFF;
	switch (use) {
	case PEER_TIMER_OFF:
		break;
	case PEER_TIMER_HEAD:
		timer->expired(
		    timer, "request head not complete within --head-timeout");
		break;
	case PEER_TIMER_BODY:
		timer->expired(
		    timer, "request body not complete within --head-timeout");
		break;
	case PEER_TIMER_SEND:
		check_waiting(timer);
		break;
	}
}

void peer_timer_init(struct peer_timer *timer, uv_loop_t *loop,
    const struct options *options, peer_timer_expired_fn *expired)
{
	*timer = (struct peer_timer){ .options = options, .expired = expired };
	uv_timer_init(loop, &timer->handle);
}

void peer_timer_set(struct peer_timer *timer, enum peer_timer_use use)
{
	if (timer->use == use)
		return;
	timer->use = use;
	if (use == PEER_TIMER_OFF)
		uv_timer_stop(&timer->handle);
	else if (use == PEER_TIMER_SEND)
		start(timer, timer->options->send_timeout_ms);
	else
		start(timer, timer->options->head_timeout_ms);
}

void peer_timer_wait(struct peer_timer *timer, bool waiting)
{
	if (waiting && !timer->waiting)
		peer_timer_progress(timer);
	timer->waiting = waiting;
}

void peer_timer_progress(struct peer_timer *timer)
{
	timer->waiting_since = uv_now(timer->handle.loop);
}
