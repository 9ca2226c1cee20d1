/* SPDX-License-Identifier: MIT */
/* Server-sent events: the time, once each STREAM_INTERVAL milliseconds. */
#include <stdlib.h>
#include <time.h>
#include <uv.h>

#include <fcgi_stream/action.h>

struct clock {
	uv_timer_t timer;
	struct action *action;
};

/* A client that takes nothing has a full queue: it misses events. */
static void on_tick(uv_timer_t *timer)
{
	struct clock *clock = timer->data;

	if (action_room(clock->action) >= 64)
		action_print(clock->action, "data: %ld\n\n", (long)time(NULL));
}

static void on_closed(uv_handle_t *timer)
{
	free(timer->data);
}

/* The client has left, or the server stops. */
static void on_gone(struct action *action)
{
	uv_close(action_state(action), on_closed);
	action_end(action);
}

static void start(struct action *action)
{
	const char *text = action_param(action, "STREAM_INTERVAL");
	struct clock *clock = malloc(sizeof(*clock));

	if (!clock) {
		action_refuse(action, 503, "out of memory");
		return;
	}
	clock->action = action;
	clock->timer.data = clock;
	uv_timer_init(action_loop(action), &clock->timer);
	action_set_state(action, clock, on_gone);
	action_take(action);
	action_field(action, "Content-Type", "text/event-stream");
	action_send_head(action);
	uv_timer_start(&clock->timer, on_tick, 0, text ? atoi(text) : 1000);
}

const struct action_module fcgi_stream_action = {
	.size = sizeof(struct action_module),
	.abi_version = ACTION_ABI_VERSION,
	.methods = ACTION_GET,
	.start = start,
};
