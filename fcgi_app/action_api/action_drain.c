/* SPDX-License-Identifier: MIT */
/*
 * What an action gave to action_on_drain() is called when the pump wants bytes
 * and none wait. One that is set after that, or before there is a pump, would
 * wait for ever: so the next turn of the loop looks whether its time has come.
 * That is not this turn, since one such function may set another, again and
 * again.
 */
#include "config.h"
#include "fcgi_app/action_api/action_internal.h"

#include <errno.h>

#include "common/stream/source_queue.h"

void action_call_drain(struct action_answer *answer)
{
	if (answer->ended || !answer->drain || !action_is_live(answer))
		return;
	if (answer->has_idle)
		uv_idle_stop(&answer->idle);
	answer->in_drain = true;
	answer->drain(answer->handle);
	answer->in_drain = false;
}

/* Returns whether nothing else will call it: not the pump, nor a turn's end. */
static bool is_due(const struct action_answer *answer)
{
	if (answer->phase == ACTION_OPEN)
		return !answer->waits_for_body;
	return answer->phase == ACTION_STREAMING && answer->queue &&
	    source_queue_is_wanted(answer->queue);
}

static void on_idle(uv_idle_t *idle)
{
	struct action_answer *answer = idle->data;

	uv_idle_stop(idle);
	if (is_due(answer))
		action_call_drain(answer);
}

static void call_later(struct action_answer *answer)
{
	if (!answer->has_idle) {
		uv_idle_init(answer->loop, &answer->idle);
		answer->idle.data = answer;
		answer->has_idle = true;
		answer->jobs++;
	}
	uv_idle_start(&answer->idle, on_idle);
}

static void on_closed(uv_handle_t *idle)
{
	struct action_answer *answer = idle->data;

	answer->jobs--;
	action_let_go(answer);
}

void action_stop_drain(struct action_answer *answer)
{
	if (answer->has_idle)
		uv_close((uv_handle_t *)&answer->idle, on_closed);
	answer->has_idle = false;
}

int action_on_drain(struct action *action, action_drain_fn *drain)
{
	struct action_answer *answer = action_handle_find(action, __func__);
	int r = answer ? action_check_unfinished(answer) : -EPIPE;
	bool is_new;

	if (r < 0)
		return r;
	is_new = drain != answer->drain;
	answer->drain = drain;
	/* In its turn it is called when that ends, in a drain when it is new.
	 */
	if (drain && (answer->in_drain ? is_new : !answer->turn))
		call_later(answer);
	return 0;
}
