/* SPDX-License-Identifier: MIT */
/*
 * Up to two names are opened, one after another: the end marker, since what was
 * written before it must be seen after it; and the file. For a client that
 * comes back with the id of another file, follow_chain looks for that.
 */
#include "config.h"
#include "fcgi_app/actions/follow/follow_action.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/file/file_open.h"
#include "fcgi_app/action_api/action.h"
#include "fcgi_app/actions/follow/follow_answer.h"
#include "fcgi_app/actions/follow/follow_chain.h"
#include "fcgi_app/actions/follow/follow_file.h"
#include "fcgi_app/actions/follow/follow_watch.h"
#include "fcgi_app/request/request.h"
#include "fcgi_app/request/request_open.h"
#include "fcgi_app/request/request_place.h"
#include "fcgi_app/request/services.h"

/* A path and a suffix; the rules on paths say what is too long. */
#define NAME_SIZE (PATH_MAX + NAME_MAX + 2)

/* --- the end of the start ------------------------------------------------- */

static void cancel_start(struct request *request)
{
	struct follow_start *start = request->state;

	if (start->open)
		file_open_cancel(start->open);
	if (start->chain)
		follow_chain_cancel(start->chain);
	follow_start_end(start);
}

static void refuse(struct follow_start *start, int status, const char *why)
{
	request_refuse(follow_start_end(start), status, why);
}

/* --- opening -------------------------------------------------------------- */

static void on_open(void *context, const struct file_open_result *result)
{
	struct follow_start *start = context;

	start->open = NULL;
	start->opened(start, result);
}

/*
 * Opens the path with a suffix, now or later, and calls `opened` with the
 * result, be it a failure. A bad path is refused instead, unless the suffix
 * made it bad: that is as if no such file were there.
 */
static void open_name(
    struct follow_start *start, const char *suffix, follow_opened_fn *opened)
{
	struct file_open_result result = { .error = -ENOENT };
	struct file_open_target target;
	struct request_place place;
	struct request_place_fault fault;
	char name[NAME_SIZE];

	snprintf(name, sizeof(name), "%s%s", start->request->path, suffix);
	if (!request_place_find(start->request, name, &place, &fault)) {
		if (*suffix)
			opened(start, &result);
		else
			refuse(start, fault.status, fault.why);
		return;
	}
	target = request_place_target(&place);
	start->opened = opened;
	if (file_open_now(&target, &result) != -EAGAIN) {
		opened(start, &result);
		return;
	}
	start->open = file_open_start(
	    start->request->services->loop, &target, on_open, start);
	if (!start->open)
		request_refuse_errno(follow_start_end(start), -ENOMEM);
}

static void discard(
    const struct follow_start *start, const struct file_open_result *result)
{
	if (result->error == 0)
		file_open_discard(start->request->services->loop, result);
}

/*
 * If the open failed in a way that does not tell whether the file exists
 * (EMFILE, EIO …), answers with that error and returns true.
 */
static bool refuse_unknown(
    struct follow_start *start, const struct file_open_result *result)
{
	if (result->error == 0 || file_open_is_absent(result->error))
		return false;
	request_refuse_errno(follow_start_end(start), result->error);
	return true;
}

/* A place, and room for what it points to; it must not be copied. */
struct found_place {
	struct request_place found;
	char marker[NAME_SIZE];
	struct follow_place place;
};

static bool find_place(
    const struct follow_start *start, struct found_place *ret)
{
	const char *suffix = start->params.marker;
	struct request_place_fault fault;

	if (!request_place_find(start->request, NULL, &ret->found, &fault))
		return false;
	ret->place = (struct follow_place){
		.root_fd = ret->found.root.fd,
		.root = ret->found.root.folder,
		.below = ret->found.root.below,
		.path = ret->found.path,
		.is_local = ret->found.root.is_local,
		.rotate_ms = start->params.rotate_ms,
	};
	if (!suffix)
		return true;
	snprintf(
	    ret->marker, sizeof(ret->marker), "%s%s", ret->found.path, suffix);
	ret->place.marker = ret->marker;
	return true;
}

/* Follows the file that the client knows; else the one that has its name. */
static void on_chain(void *context, const struct follow_chain_result *result)
{
	struct follow_start *start = context;

	start->chain = NULL;
	if (result->file) {
		follow_file_unref(start->file);
		start->file = result->file;
		if (result->has_gap)
			start->params.plan.gap = EVENT_GAP_BETWEEN;
	}
	if (result->error < 0)
		request_refuse_errno(follow_start_end(start), result->error);
	else if (start->file)
		follow_answer(start);
	else
		request_refuse_errno(follow_start_end(start), -ENOENT);
}

/* The client knows another file than the one that has the name, if any has. */
static void look_for_known(struct follow_start *start)
{
	struct found_place found;
	const struct follow_chain_target target = {
		.place = &found.place,
		.identity = start->params.last.file,
		.hidden = request_place_shows_hidden(start->request),
		.present = start->file,
	};

	if (find_place(start, &found))
		start->chain = follow_chain_start(
		    start->request->action_state, &target, on_chain, start);
	if (!start->chain)
		request_refuse_errno(follow_start_end(start), -ENOMEM);
}

static void take_file(
    struct follow_start *start, const struct file_open_result *result)
{
	struct found_place found;

	start->size = (uint64_t)result->stat.st_size;
	if (request_is_head(start->request)) {
		discard(start, result);
		follow_answer(start);
		return;
	}
	if (find_place(start, &found))
		start->file = follow_watch_open(start->request->action_state,
		    &found.place, result, start->finished);
	if (!start->file) {
		discard(start, result);
		request_refuse_errno(follow_start_end(start), -ENOMEM);
	} else if (start->params.has_last &&
	    start->params.last.file != start->file->identity) {
		look_for_known(start);
	} else {
		follow_answer(start);
	}
}

static void on_file(
    struct follow_start *start, const struct file_open_result *result)
{
	if (result->error == -ENOENT && start->params.has_last &&
	    !request_is_head(start->request)) {
		/* It may be in the midst of its rotation. */
		look_for_known(start);
	} else if (result->error < 0) {
		request_refuse_errno(follow_start_end(start), result->error);
	} else if (S_ISREG(result->stat.st_mode)) {
		take_file(start, result);
	} else {
		discard(start, result);
		refuse(start, 404, "not a regular file");
	}
}

static void on_marker(
    struct follow_start *start, const struct file_open_result *result)
{
	if (refuse_unknown(start, result))
		return;
	start->finished = result->error == 0;
	discard(start, result);
	open_name(start, "", on_file);
}

static void start_action(struct request *request)
{
	struct follow_start *start = calloc(1, sizeof(*start));
	char why[REQUEST_FAULT_MAX];
	int status;

	if (!start) {
		request_refuse(request, 503, strerror(ENOMEM));
		return;
	}
	start->request = request;
	request->state = start;
	request->cancel = cancel_start;
	status = follow_params_read(request, &start->params, why);
	if (status != 0) {
		refuse(start, status, why);
		return;
	}
	if (start->params.marker)
		open_name(start, start->params.marker, on_marker);
	else
		open_name(start, "", on_file);
}

/* --- what a worker keeps: the hub ----------------------------------------- */

static int open_hub(const struct services *services, void **ret_hub)
{
	*ret_hub = follow_hub_new(services->loop, services->reader);
	return *ret_hub ? 0 : -ENOMEM;
}

static void drain_hub(void *hub)
{
	follow_file_drain(hub);
}

static void close_hub(void *hub)
{
	follow_hub_close(hub);
}

static void free_hub(void *hub)
{
	follow_hub_free(hub);
}

static const struct stream_action_state hub_ops = {
	.open = open_hub,
	.drain = drain_hub,
	.close = close_hub,
	.free = free_hub,
};

const struct stream_action follow_action = {
	.name = "follow",
	.methods = ACTION_GET | ACTION_HEAD,
	/* Clients of events send both, but for the browser's EventSource. */
	.request_fields = "Cache-Control, Last-Event-ID",
	.start = start_action,
	.state = &hub_ops,
};
