/* SPDX-License-Identifier: MIT */
/*
 * An answer, and its handle, is freed when its request is over, `gone` was
 * called, and the action, if it took it, has ended the answer. That is at the
 * end of the loop's turn: so a callback can use a handle that it has just
 * ended, as in a line for the log.
 */
#include "config.h"
#include "fcgi_app/action_api/action_internal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/container_of.h"
#include "common/file/file_open.h"
#include "fcgi_app/request/request.h"
#include "fcgi_app/request/services.h"
#include "fcgi_app/request/stream_action.h"
#include "fcgi_app/setup/log.h"

/* The worker's, for action_loop() with a handle that is none. */
static uv_loop_t *last_loop;

/* --- beginning and end ---------------------------------------------------- */

struct action_answer *action_new(struct request *request)
{
	const struct stream_action *kind = request->stream_action;
	struct action_answer *answer = calloc(1, sizeof(*answer));

	if (!answer)
		return NULL;
	answer->name = kind ? kind->name : "-";
	answer->handle = action_handle_new(answer, answer->name);
	if (!answer->handle) {
		free(answer);
		return NULL;
	}
	answer->request = request;
	answer->loop = last_loop = request->services->loop;
	answer->ends = &request->services->ends;
	answer->drops_body = request_is_head(request);
	answer->status = 200;
	snprintf(answer->id, sizeof(answer->id), "%s", request->id);
	return answer;
}

static void on_turn_end(struct turn_end *end)
{
	struct action_answer *answer =
	    container_of(end, struct action_answer, end);

	action_handle_free(answer->handle);
	free(answer->file);
	free(answer->fields);
	free(answer);
}

void action_let_go(struct action_answer *answer)
{
	bool is_held = answer->taken && !answer->ended;

	if (!answer->request && !answer->queue && answer->jobs == 0 && !is_held)
		turn_ends_add(answer->ends, &answer->end, on_turn_end);
}

void action_cancel_open(struct action_answer *answer)
{
	if (answer->open)
		file_open_cancel(answer->open);
	turn_ends_remove(answer->ends, &answer->opened);
	answer->open = NULL;
	answer->on_open = NULL;
}

/* --- mistakes ------------------------------------------------------------- */

static __attribute__((format(printf, 3, 0))) void write_mistake(
    const struct action_answer *answer, char ret[ACTION_MISTAKE_MAX],
    const char *format, va_list args)
{
	int n = snprintf(ret, ACTION_MISTAKE_MAX, "action %s: ", answer->name);

	vsnprintf(ret + n, ACTION_MISTAKE_MAX - (size_t)n, format, args);
}

void action_mistake(const struct action_answer *answer,
    char ret[ACTION_MISTAKE_MAX], const char *format, ...)
{
	va_list args;

	va_start(args, format);
	write_mistake(answer, ret, format, args);
	va_end(args);
}

void action_log_mistake(
    const struct action_answer *answer, const char *format, ...)
{
	char why[ACTION_MISTAKE_MAX];
	va_list args;

	va_start(args, format);
	write_mistake(answer, why, format, args);
	va_end(args);
	log_message(LOG_LEVEL_ERROR, "%s: %s", answer->id, why);
}

/* --- what may still be done ----------------------------------------------- */

/* An error that request.c has answered, such as 413, is not the action's. */
bool action_is_live(const struct action_answer *answer)
{
	return answer->request && !answer->given_up &&
	    !answer->request->failed && !answer->request->is_over;
}

int action_check_unfinished(const struct action_answer *answer)
{
	if (answer->ended)
		return -EALREADY;
	return action_is_live(answer) ? 0 : -EPIPE;
}

int action_check_output(struct action_answer *answer, const char *caller)
{
	int r = action_check_unfinished(answer);

	if (r == -EALREADY && action_is_live(answer) && !answer->is_told) {
		answer->is_told = true;
		action_log_mistake(
		    answer, "%s() after the end of the answer", caller);
	}
	return r;
}

int action_check_open(const struct action_answer *answer)
{
	if (answer->phase != ACTION_OPEN)
		return -EALREADY;
	return action_check_unfinished(answer);
}

int action_take(struct action *action)
{
	struct action_answer *answer = action_handle_find(action, __func__);

	int r = answer ? action_check_unfinished(answer) : -EPIPE;

	/* One that may not be answered would be held for nobody to end. */
	if (r == 0)
		answer->taken = true;
	return r;
}

/* --- the request ---------------------------------------------------------- */

/* Returns the request of a handle; NULL: it is over. */
static const struct request *request_of(
    const struct action *action, const char *caller)
{
	const struct action_answer *answer = action_handle_find(action, caller);

	return answer ? answer->request : NULL;
}

const char *action_param(const struct action *action, const char *name)
{
	const struct request *request = request_of(action, __func__);

	return request && name ? request_param(request, name) : NULL;
}

const char *action_method(const struct action *action)
{
	const struct request *request = request_of(action, __func__);

	return request ? request->method : "";
}

const char *action_path(const struct action *action)
{
	const struct request *request = request_of(action, __func__);

	return request ? request->path : "";
}

const char *action_id(const struct action *action)
{
	const struct action_answer *answer =
	    action_handle_find(action, __func__);

	return answer ? answer->id : "";
}

struct uv_loop_s *action_loop(const struct action *action)
{
	const struct action_answer *answer =
	    action_handle_find(action, __func__);

	return answer ? answer->loop : last_loop;
}

void action_log(const struct action *action, const char *text)
{
	const struct action_answer *answer =
	    action_handle_find(action, __func__);

	log_message(LOG_LEVEL_NOTICE, "%s: %s", answer ? answer->id : "-",
	    text ? text : "(null)");
}

/* --- the action's own state ----------------------------------------------- */

void action_set_state(struct action *action, void *state, action_gone_fn *gone)
{
	struct action_answer *answer = action_handle_find(action, __func__);

	if (!answer)
		return;
	answer->state = state;
	answer->gone = gone;
}

void *action_state(const struct action *action)
{
	const struct action_answer *answer =
	    action_handle_find(action, __func__);

	return answer ? answer->state : NULL;
}
