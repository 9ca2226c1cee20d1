/* SPDX-License-Identifier: MIT */
/*
 * Answers that are written bit by bit. What is written in one callback of the
 * action only gathers until that returns: an answer that ends there has a
 * Content-Length, and a failure there a status of its own. Then head and queue
 * go to the request, and each write reaches the pump at once.
 *
 * The pump calls for more when it has taken everything.
 */
#include "config.h"
#include "fcgi_app/action_api/action_internal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/container_of.h"
#include "common/min.h"
#include "common/stream/source.h"
#include "common/stream/source_queue.h"
#include "fcgi_app/policy/http_status.h"
#include "fcgi_app/policy/response_head.h"
#include "fcgi_app/request/request.h"

/* What action_print() makes without the heap. */
#define PRINT_SHORT 512
/* Every errno is less (MIPS has 1133); libuv has codes of its own from 3000. */
#define ERRNO_END 2000

/* --- the queue ------------------------------------------------------------ */

static void on_drained(void *context)
{
	action_call_drain(context);
}

static void on_closed(void *context)
{
	struct action_answer *answer = context;

	answer->queue = NULL;
	action_let_go(answer);
}

void action_drop_queue(struct action_answer *answer)
{
	struct source *source;

	if (!answer->queue)
		return;
	source = source_queue_source(answer->queue);
	source->ops->close(source);
}

/* --- beginning ------------------------------------------------------------ */

/* Head and queue are the request's from now on. */
static void begin(struct action_answer *answer)
{
	struct source *source =
	    answer->queue ? source_queue_source(answer->queue) : NULL;
	struct request *request = answer->request;
	uint64_t length = ACTION_LENGTH_NONE;
	struct response_head head;

	if (answer->has_length)
		length = answer->length;
	else if (answer->ended)
		length = answer->written;
	if (!action_make_head(answer, length, &head))
		return;
	answer->phase = ACTION_STREAMING;
	request->head_first = answer->head_first;
	if (source)
		request_stream(request, &head, source, 0, 0);
	else
		request_respond(request, &head);
}

void action_begin(struct action_answer *answer)
{
	if (answer->phase == ACTION_SETTLED && action_is_live(answer))
		begin(answer);
}

static void on_turn_end(struct turn_end *end)
{
	action_begin(container_of(end, struct action_answer, beginning));
}

/*
 * Settles the head, and makes room for the body; the answer begins when the
 * action's callback has returned. Returns 0 or -ENOMEM.
 */
static int settle_head(struct action_answer *answer)
{
	const struct source_queue_writer writer = {
		.drained = on_drained,
		.closed = on_closed,
		.context = answer,
	};

	if (action_has_no_body(answer->status))
		answer->drops_body = true;
	if (!answer->drops_body && !answer->queue) {
		answer->queue = source_queue_new(ACTION_ROOM_MAX, &writer);
		if (!answer->queue)
			return -ENOMEM;
	}
	if (answer->phase != ACTION_OPEN)
		return 0;
	answer->phase = ACTION_SETTLED;
	if (!answer->turn)
		turn_ends_add(answer->ends, &answer->beginning, on_turn_end);
	return 0;
}

/* --- what ends it before it is whole -------------------------------------- */

/* After its head there is no way back: the pump meets the error in its turn. */
static void break_off(
    struct action_answer *answer, int error, int status, const char *why)
{
	if (answer->phase != ACTION_STREAMING)
		request_refuse(answer->request, status, why);
	else if (answer->queue)
		source_queue_end(answer->queue, error);
}

int action_give_up(
    struct action_answer *answer, int error, const char *format, ...)
{
	char what[ACTION_MISTAKE_MAX], why[ACTION_MISTAKE_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	action_mistake(answer, why, "%s", what);
	if (answer->phase == ACTION_STREAMING)
		request_log(answer->request, LOG_LEVEL_ERROR, why);
	break_off(answer, error, error == -ENOMEM ? 503 : 500, why);
	answer->given_up = true;
	action_cancel_open(answer);
	return error;
}

/* --- writing -------------------------------------------------------------- */

/* Dropped bytes count too: an action that fills all its room must come to an
 * end. */
static size_t free_room(const struct action_answer *answer)
{
	if (answer->queue)
		return source_queue_room(answer->queue);
	if (!answer->drops_body)
		return ACTION_ROOM_MAX;
	if (answer->phase == ACTION_STREAMING ||
	    answer->written >= ACTION_ROOM_MAX)
		return 0;
	return ACTION_ROOM_MAX - (size_t)answer->written;
}

/* What may still come of what action_length() has promised. */
static uint64_t length_left(const struct action_answer *answer)
{
	return answer->has_length ? answer->length - answer->written
				  : UINT64_MAX;
}

size_t action_room(const struct action *action)
{
	const struct action_answer *answer =
	    action_handle_find(action, __func__);

	if (!answer || action_check_unfinished(answer) < 0)
		return 0;
	return (size_t)u64_min(length_left(answer), free_room(answer));
}

static int put_bytes(
    struct action_answer *answer, const void *data, size_t length)
{
	int r = settle_head(answer);

	if (r == 0 && !answer->drops_body)
		r = source_queue_write(answer->queue, data, length);
	if (r < 0)
		return r;
	if (answer->queue || answer->phase < ACTION_STREAMING)
		answer->written += length;
	return 0;
}

/* For `caller`, the action's function. */
static int write_bytes(struct action_answer *answer, const char *caller,
    const void *data, size_t length)
{
	int r;

	if (!data && length > 0)
		return action_give_up(answer, -EINVAL,
		    "%s() of %zu bytes at NULL", caller, length);
	if (length > length_left(answer))
		return action_give_up(answer, -EMSGSIZE,
		    "%s() of %zu bytes: only %" PRIu64
		    " are left of those that action_length() promised",
		    caller, length, length_left(answer));
	if (answer->drops_body && answer->phase == ACTION_STREAMING)
		return 0;
	if (length > free_room(answer))
		return action_give_up(answer, -ENOBUFS,
		    "%s() of %zu bytes: action_room() is %zu", caller, length,
		    free_room(answer));
	r = put_bytes(answer, data, length);
	if (r < 0)
		return action_give_up(answer, r, "%s() of %zu bytes: %s",
		    caller, length, strerror(-r));
	return 0;
}

int action_write(struct action *action, const void *data, size_t length)
{
	struct action_answer *answer = action_handle_find(action, __func__);
	int r = answer ? action_check_output(answer, __func__) : -EPIPE;

	return r < 0 ? r : write_bytes(answer, __func__, data, length);
}

static __attribute__((format(printf, 2, 0))) int print_long(
    struct action_answer *answer, const char *format, va_list args)
{
	char *text;
	int n = vasprintf(&text, format, args);
	int r;

	if (n < 0)
		return action_give_up(
		    answer, -ENOMEM, "action_print(): %s", strerror(ENOMEM));
	r = write_bytes(answer, "action_print", text, (size_t)n);
	free(text);
	return r;
}

int action_print(struct action *action, const char *format, ...)
{
	struct action_answer *answer = action_handle_find(action, __func__);
	int r = answer ? action_check_output(answer, __func__) : -EPIPE;
	char text[PRINT_SHORT];
	va_list args;
	int n = -1;

	if (r < 0)
		return r;
	va_start(args, format);
	if (format)
		n = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (n < 0)
		return action_give_up(answer, -EINVAL,
		    "action_print(\"%s\"): can't be printed",
		    format ? format : "(null)");
	if ((size_t)n < sizeof(text))
		return write_bytes(answer, __func__, text, (size_t)n);
	va_start(args, format);
	r = print_long(answer, format, args);
	va_end(args);
	return r;
}

int action_send_head(struct action *action)
{
	struct action_answer *answer = action_handle_find(action, __func__);
	int r = answer ? action_check_unfinished(answer) : -EPIPE;

	if (r < 0)
		return r;
	if (answer->phase == ACTION_STREAMING)
		return -EALREADY;
	answer->head_first = true;
	r = settle_head(answer);
	if (r < 0)
		action_give_up(
		    answer, r, "action_send_head(): %s", strerror(-r));
	return r;
}

/* --- the end -------------------------------------------------------------- */

static void complete(struct action_answer *answer)
{
	bool has_all = answer->drops_body || length_left(answer) == 0;

	if (answer->has_length && !has_all) {
		action_give_up(answer, -EPROTO,
		    "ended before the bytes that action_length() promised: "
		    "%" PRIu64 " of %" PRIu64,
		    answer->written, answer->length);
		return;
	}
	if (answer->queue)
		source_queue_end(answer->queue, 0);
	/* A read that waited may have had the end of the request in it. */
	if (answer->phase != ACTION_STREAMING)
		begin(answer);
}

/* From here on a handle that was taken is not the action's any more. */
static int end_answer(struct action_answer *answer, int error)
{
	int r = action_check_unfinished(answer);

	if (r == -EALREADY)
		return r;
	answer->ended = true;
	action_cancel_open(answer);
	if (r == 0 && error < 0)
		break_off(answer, error, http_status_of_errno(-error),
		    strerror(-error));
	else if (r == 0)
		complete(answer);
	action_let_go(answer);
	return r;
}

int action_complete(struct action_answer *answer)
{
	return end_answer(answer, 0);
}

int action_end(struct action *action)
{
	struct action_answer *answer = action_handle_find(action, __func__);

	return answer ? end_answer(answer, 0) : -EPIPE;
}

/* Returns an errno for what action_fail() was given, which may be none. */
static int errno_of(const struct action_answer *answer, int error)
{
	char what[80];

	/* These would be taken for the client's. */
	if (error == -EPIPE || error == -ECONNRESET)
		return -EREMOTEIO;
	if (error < 0 && error > -ERRNO_END)
		return error;
	if (error < 0)
		uv_strerror_r(error, what, sizeof(what));
	action_log_mistake(answer, "action_fail(%d): %s", error,
	    error < 0 ? what : "not a negative errno such as -EIO");
	return -EREMOTEIO;
}

int action_fail(struct action *action, int error)
{
	struct action_answer *answer = action_handle_find(action, __func__);

	if (!answer)
		return -EPIPE;
	if (action_check_unfinished(answer) == 0)
		error = errno_of(answer, error);
	return end_answer(answer, error);
}
