/* SPDX-License-Identifier: MIT */
/*
 * When a function of the action has its turn: `start`, then what gets the
 * request's body, if it was asked for, and at last `gone`. What the action
 * writes in the first two only gathers until they have returned.
 */
#include "config.h"
#include "fcgi_app/action_api/action_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fcgi_app/request/request.h"
#include "fcgi_app/request/services.h"

static void on_body(struct request *request, const char *body, size_t length);

/* `start` or the body's `done` has returned: what comes next? */
static void end_turn(struct action *action)
{
	if (action->waits_for_body && !action->ended &&
	    action_is_live(action)) {
		request_read_body(action->request, action->body_most, on_body);
		return;
	}
	/* Still in its turn: if that is all, its length is known. */
	action_call_drain(action);
	action->turn = false;
	if (action->ended || !action_is_live(action))
		return;
	if (action->taken || action->drain)
		action_begin_if_due(action);
	else
		action_end(action);
}

static void on_body(struct request *request, const char *body, size_t length)
{
	struct action *action = request->action;

	action->waits_for_body = false;
	action->turn = true;
	action->on_body(action, body, length);
	end_turn(action);
}

int action_read_body(struct action *action, size_t most, action_body_fn *done)
{
	int r = action_check_open(action);

	if (r < 0)
		return r;
	if (!action->turn || action->on_body)
		return -EALREADY;
	if (most > ACTION_BODY_MAX)
		return -EINVAL;
	action->on_body = done;
	action->body_most = most;
	action->waits_for_body = true;
	return 0;
}

/* A queue that was handed over is freed after this: its source is closed. */
static void on_ended(struct request *request, const char *reason)
{
	struct action *action = request->action;

	(void)reason;
	action->request = NULL;
	if (action->phase < ACTION_STREAMING)
		action_drop_queue(action);
	if (action->gone)
		action->gone(action);
	action_let_go(action);
}

void action_start(struct request *request, action_start_fn *start)
{
	struct action *action = calloc(1, sizeof(*action));

	if (!action) {
		request_refuse(request, 503, strerror(ENOMEM));
		return;
	}
	action->request = request;
	action->loop = request->services->loop;
	action->ends = &request->services->ends;
	action->drops_body = request_is_head(request);
	action->status = 200;
	snprintf(action->id, sizeof(action->id), "%s", request->id);
	request->action = action;
	request->ended = on_ended;
	action->turn = true;
	start(action);
	end_turn(action);
}
