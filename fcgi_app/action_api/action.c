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
#include <stdlib.h>

#include "common/container_of.h"
#include "fcgi_app/request/request.h"
#include "fcgi_app/setup/log.h"

/* --- the end -------------------------------------------------------------- */

static void on_turn_end(struct turn_end *end)
{
	struct action *action = container_of(end, struct action, end);

	free(action->fields);
	free(action);
}

void action_let_go(struct action *action)
{
	bool is_held = action->taken && !action->ended;

	if (!action->request && !action->queue && action->jobs == 0 && !is_held)
		turn_ends_add(action->ends, &action->end, on_turn_end);
}

/* --- what may still be done ----------------------------------------------- */

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
