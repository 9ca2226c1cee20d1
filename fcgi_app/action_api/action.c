/* SPDX-License-Identifier: MIT */
/*
 * A handle is freed when its request is over, `gone` was called, and the
 * action, if it took it, has ended the answer. That is at the end of the loop's
 * turn: so a callback can use a handle that it has just ended, as in a line for
 * the log.
 */
#include "config.h"
#include "fcgi_app/action_api/action_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/container_of.h"
#include "fcgi_app/request/request.h"
#include "fcgi_app/request/services.h"
#include "fcgi_app/setup/log.h"

/* --- the end -------------------------------------------------------------- */

static bool is_needed(const struct action *action)
{
	return action->request || action->queue || action->jobs > 0 ||
	    (action->taken && !action->ended);
}

static void on_turn_end(struct turn_end *end)
{
	struct action *action = container_of(end, struct action, end);

	free(action->fields);
	free(action);
}

void action_let_go(struct action *action)
{
	if (!is_needed(action))
		turn_ends_add(action->ends, &action->end, on_turn_end);
}

/* The queue is not freed before: its source is closed after this. */
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

/* --- the beginning -------------------------------------------------------- */

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
	action_end_turn(action);
}

int action_check_open(const struct action *action)
{
	if (action->ended || action->phase != ACTION_OPEN)
		return -EALREADY;
	return action_is_live(action) ? 0 : -EPIPE;
}

/* An error that request.c has answered, such as 413, is not the action's. */
bool action_is_live(const struct action *action)
{
	return action->request && !action->request->failed &&
	    !action->request->is_over;
}

int action_take(struct action *action)
{
	if (action->ended)
		return -EALREADY;
	action->taken = true;
	return action_is_live(action) ? 0 : -EPIPE;
}

/* --- the request ---------------------------------------------------------- */

const char *action_param(const struct action *action, const char *name)
{
	return action->request ? request_param(action->request, name) : NULL;
}

const char *action_method(const struct action *action)
{
	return action->request ? action->request->method : "";
}

const char *action_path(const struct action *action)
{
	return action->request ? action->request->path : "";
}

const char *action_id(const struct action *action)
{
	return action->id;
}

struct uv_loop_s *action_loop(const struct action *action)
{
	return action->loop;
}

void action_log(const struct action *action, const char *text)
{
	log_message(LOG_LEVEL_NOTICE, "%s: %s", action->id, text);
}

static void on_body(struct request *request, const char *body, size_t length)
{
	struct action *action = request->action;

	action->waits_for_body = false;
	action->turn = true;
	action->on_body(action, body, length);
	action_end_turn(action);
}

void action_await_body(struct action *action)
{
	request_read_body(action->request, action->body_most, on_body);
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

/* --- the action's own state ----------------------------------------------- */

void action_set_state(struct action *action, void *state, action_gone_fn *gone)
{
	action->state = state;
	action->gone = gone;
}

void *action_state(const struct action *action)
{
	return action->state;
}
