/* SPDX-License-Identifier: MIT */
/*
 * Answers that are written bit by bit. As long as `start`, or what gets the
 * request's body, is running, bytes only gather: an answer that ends there has
 * a Content-Length, and a failure there a status of its own. Then head and
 * queue go to the request, and each write reaches the pump at once.
 *
 * The pump calls for more when it has taken everything.
 */
#include "config.h"
#include "fcgi_app/action_api/action_internal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/min.h"
#include "common/stream/source.h"
#include "common/stream/source_queue.h"
#include "fcgi_app/policy/http_status.h"
#include "fcgi_app/policy/response_head.h"
#include "fcgi_app/request/request.h"

/* What action_print() makes without the heap. */
#define PRINT_SHORT 512

/* --- the queue ------------------------------------------------------------ */

void action_call_drain(struct action *action)
{
	if (action->ended || !action->drain || !action_is_live(action))
		return;
	action->drain(action);
}

static void on_drained(void *context)
{
	action_call_drain(context);
}

static void on_closed(void *context)
{
	struct action *action = context;

	action->queue = NULL;
	action_let_go(action);
}

void action_drop_queue(struct action *action)
{
	struct source *source;

	if (!action->queue)
		return;
	source = source_queue_source(action->queue);
	source->ops->close(source);
}

/* --- beginning ------------------------------------------------------------ */

/* Head and queue are the request's from now on. */
static void begin(struct action *action)
{
	struct source *source =
	    action->queue ? source_queue_source(action->queue) : NULL;
	struct request *request = action->request;
	uint64_t length = ACTION_LENGTH_NONE;
	struct response_head head;

	if (action->has_length)
		length = action->length;
	else if (action->ended)
		length = action->written;
	if (!action_make_head(action, length, &head))
		return;
	action->phase = ACTION_STREAMING;
	request->head_first = action->head_first;
	if (source)
		request_stream(request, &head, source, 0, 0);
	else
		request_respond(request, &head);
}

/* Settles the head, and makes room for the body. Returns 0 or -ENOMEM. */
static int settle_head(struct action *action)
{
	const struct source_queue_writer writer = {
		.drained = on_drained,
		.closed = on_closed,
		.context = action,
	};

	if (action_has_no_body(action->status))
		action->drops_body = true;
	if (!action->drops_body && !action->queue) {
		action->queue = source_queue_new(ACTION_ROOM_MAX, &writer);
		if (!action->queue)
			return -ENOMEM;
	}
	if (action->phase == ACTION_OPEN)
		action->phase = ACTION_SETTLED;
	return 0;
}

void action_begin_if_due(struct action *action)
{
	if (!action->turn && action->phase == ACTION_SETTLED)
		begin(action);
}

/* --- writing -------------------------------------------------------------- */

/* Returns 0, or why nothing more can be written: -errno. */
static int check_unfinished(const struct action *action)
{
	if (action->ended)
		return -EALREADY;
	return action_is_live(action) ? 0 : -EPIPE;
}

/* Dropped bytes count too: an action that fills all its room must come to an
 * end. */
static size_t free_room(const struct action *action)
{
	if (action->queue)
		return source_queue_room(action->queue);
	if (!action->drops_body)
		return ACTION_ROOM_MAX;
	if (action->phase == ACTION_STREAMING ||
	    action->written >= ACTION_ROOM_MAX)
		return 0;
	return ACTION_ROOM_MAX - (size_t)action->written;
}

/* What may still come of what action_length() has promised. */
static uint64_t length_left(const struct action *action)
{
	return action->has_length ? action->length - action->written
				  : UINT64_MAX;
}

size_t action_room(const struct action *action)
{
	if (check_unfinished(action) < 0)
		return 0;
	return (size_t)u64_min(length_left(action), free_room(action));
}

int action_write(struct action *action, const void *data, size_t length)
{
	int r = check_unfinished(action);

	if (r < 0)
		return r;
	if (length > length_left(action))
		return -EMSGSIZE;
	if (action->drops_body && action->phase == ACTION_STREAMING)
		return 0;
	if (length > free_room(action))
		return -ENOBUFS;
	r = settle_head(action);
	if (r == 0 && !action->drops_body)
		r = source_queue_write(action->queue, data, length);
	if (r < 0)
		return r;
	if (action->queue || action->phase < ACTION_STREAMING)
		action->written += length;
	action_begin_if_due(action);
	return 0;
}

static __attribute__((format(printf, 2, 0))) int print_long(
    struct action *action, const char *format, va_list args)
{
	char *text;
	int n = vasprintf(&text, format, args);
	int r;

	if (n < 0)
		return -ENOMEM;
	r = action_write(action, text, (size_t)n);
	free(text);
	return r;
}

int action_print(struct action *action, const char *format, ...)
{
	char text[PRINT_SHORT];
	va_list args;
	int n, r;

	va_start(args, format);
	n = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (n < 0)
		return -EINVAL;
	if ((size_t)n < sizeof(text))
		return action_write(action, text, (size_t)n);
	va_start(args, format);
	r = print_long(action, format, args);
	va_end(args);
	return r;
}

int action_send_head(struct action *action)
{
	int r = check_unfinished(action);

	if (r < 0)
		return r;
	if (action->phase == ACTION_STREAMING)
		return -EALREADY;
	r = settle_head(action);
	if (r < 0)
		return r;
	action->head_first = true;
	action_begin_if_due(action);
	return 0;
}

int action_on_drain(struct action *action, action_drain_fn *drain)
{
	int r = check_unfinished(action);

	if (r == 0)
		action->drain = drain;
	return r;
}

/* --- the end -------------------------------------------------------------- */

/* After its head there is no way back: the pump meets the error in its turn. */
static void break_off(struct action *action, int error)
{
	if (action->phase != ACTION_STREAMING)
		request_refuse(action->request, http_status_of_errno(-error),
		    strerror(-error));
	else if (action->queue)
		source_queue_end(action->queue, error);
}

static void complete(struct action *action)
{
	bool has_all = action->drops_body || length_left(action) == 0;

	if (action->has_length && !has_all) {
		action_log(action,
		    "ended before the bytes that action_length() promised");
		break_off(action, -EPROTO);
		return;
	}
	if (action->queue)
		source_queue_end(action->queue, 0);
	/* A read that waited may have had the end of the request in it. */
	if (action->phase != ACTION_STREAMING)
		begin(action);
}

/* From here on a handle that was taken is not the action's any more. */
static int end_answer(struct action *action, int error)
{
	int r = check_unfinished(action);

	if (r == -EALREADY)
		return r;
	action->ended = true;
	if (r == 0 && error < 0)
		break_off(action, error);
	else if (r == 0)
		complete(action);
	action_let_go(action);
	return r;
}

int action_end(struct action *action)
{
	return end_answer(action, 0);
}

int action_fail(struct action *action, int error)
{
	/* These would be taken for the client's. */
	if (error == -EPIPE || error == -ECONNRESET || error >= 0)
		error = -EREMOTEIO;
	return end_answer(action, error);
}
