/* SPDX-License-Identifier: MIT */
/*
 * When a function of the action has its turn: `start`, then what gets the
 * request's body, or a file, if it was asked for. What the action writes in
 * them only gathers until they have returned. One that leaves nothing to wait
 * for has answered, or has made a mistake.
 */
#include "config.h"
#include "fcgi_app/action_api/action_internal.h"

#include <errno.h>

#include "fcgi_app/request/request.h"

static void on_body(struct request *request, const char *body, size_t length);

/* Returns whether the action has said anything that is an answer. */
static bool has_answered(const struct action_answer *answer)
{
	return answer->phase != ACTION_OPEN || answer->has_status ||
	    answer->has_length;
}

void action_end_turn(struct action_answer *answer)
{
	if (answer->waits_for_body && !answer->ended &&
	    action_is_live(answer)) {
		request_read_body(answer->request, answer->body_most, on_body);
		return;
	}
	/* Still in its turn: if that is all, its length is known. */
	action_call_drain(answer);
	answer->turn = false;
	if (answer->ended || !action_is_live(answer))
		return;
	if (answer->taken || answer->drain)
		action_begin(answer);
	else if (answer->on_open)
		return;
	else if (has_answered(answer))
		action_complete(answer);
	else
		action_give_up(answer, -EPROTO,
		    "returned without an answer; one that comes later needs "
		    "action_take(), an empty one action_end()");
}

static void on_body(struct request *request, const char *body, size_t length)
{
	struct action_answer *answer = request->action;

	answer->waits_for_body = false;
	answer->turn = true;
	answer->on_body(answer->handle, body, length);
	action_end_turn(answer);
}

int action_read_body(struct action *action, size_t most, action_body_fn *done)
{
	struct action_answer *answer = action_handle_find(action, __func__);
	int r = answer ? action_check_open(answer) : -EPIPE;

	if (r < 0)
		return r;
	if (!answer->starting || answer->on_body)
		return -EALREADY;
	if (answer->on_open)
		return -EBUSY;
	if (most > ACTION_BODY_MAX || !done) {
		action_log_mistake(answer,
		    "action_read_body(%zu, %s): not up to %zu bytes and a "
		    "function that gets them",
		    most, done ? "done" : "NULL", ACTION_BODY_MAX);
		return -EINVAL;
	}
	answer->on_body = done;
	answer->body_most = most;
	answer->waits_for_body = true;
	return 0;
}
