/* SPDX-License-Identifier: MIT */
/*
 * Up to three names are opened, one after another: the end marker, since what
 * was written before it must be seen after it; the file; and, for a client that
 * comes back from what the file was before, its neighbour PAST_SUFFIX.
 */
#include "config.h"
#include "fcgi_app/actions/follow/follow_action.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/file/file_open.h"
#include "common/stream/source.h"
#include "fcgi_app/action_api/action.h"
#include "fcgi_app/actions/follow/event_stream.h"
#include "fcgi_app/actions/follow/follow_file.h"
#include "fcgi_app/actions/follow/follow_params.h"
#include "fcgi_app/actions/follow/follow_range.h"
#include "fcgi_app/actions/follow/follow_source.h"
#include "fcgi_app/actions/follow/follow_watch.h"
#include "fcgi_app/policy/byte_range.h"
#include "fcgi_app/policy/media_type.h"
#include "fcgi_app/policy/response_head.h"
#include "fcgi_app/request/operator_fields.h"
#include "fcgi_app/request/request.h"
#include "fcgi_app/request/request_open.h"
#include "fcgi_app/request/request_place.h"
#include "fcgi_app/request/services.h"

/* What a file is called after its rotation, as logrotate(8) does it. */
#define PAST_SUFFIX ".1"

/* A path and a suffix; the rules on paths say what is too long. */
#define NAME_SIZE (PATH_MAX + NAME_MAX + 2)

_Static_assert(BYTE_RANGE_CONTENT_RANGE_MAX >= FOLLOW_RANGE_TEXT_MAX,
    "a buffer for the one has room for the other");

struct follow_start;

typedef void opened_fn(
    struct follow_start *start, const struct file_open_result *result);

/* From the start of the action to its answer; the request's `state`. */
struct follow_start {
	struct request *request;
	struct file_open *open; /* under way, or NULL */
	opened_fn *opened;
	struct follow_params params;
	bool finished; /* the marker is there */
	uint64_t size; /* of a file that only its head is asked for */
	struct follow_file *file; /* NULL for HEAD */
};

/* --- the end of the start ------------------------------------------------- */

static struct request *end_start(struct follow_start *start)
{
	struct request *request = start->request;

	request->cancel = NULL;
	request->state = NULL;
	follow_file_unref(start->file);
	free(start);
	return request;
}

static void cancel_start(struct request *request)
{
	struct follow_start *start = request->state;

	if (start->open)
		file_open_cancel(start->open);
	end_start(start);
}

static void refuse(struct follow_start *start, int status, const char *why)
{
	request_refuse(end_start(start), status, why);
}

/* --- heads ---------------------------------------------------------------- */

/*
 * Makes the fields of every answer that is followed. Returns false if the media
 * type breaks a rule; the request is answered then.
 */
static bool begin_head(
    struct follow_start *start, struct response_head *head, int status)
{
	const struct request *request = start->request;
	char type[CONTENT_TYPE_MAX] = "text/event-stream";
	const struct param_rule *bad = NULL;

	if (!start->params.plan.events)
		bad = operator_fields_media_type(request->origin.params,
		    media_types_find(
			request->services->media_types, request->path),
		    type, sizeof(type));
	if (bad) {
		request_bad_param(end_start(start), bad);
		return false;
	}
	response_head_init(head, status);
	response_head_put(head, "Content-Type", type);
	response_head_put(head, "Cache-Control", "no-store");
	response_head_put(head, "X-Accel-Buffering", "no");
	operator_fields_add_common(request->origin.params, head, "Accept");
	return true;
}

static void send_head(struct follow_start *start, struct response_head *head)
{
	struct follow_file *file = start->file;
	struct follow_plan plan = start->params.plan;
	struct request *request = start->request;
	struct source *source;

	start->file = NULL;
	end_start(start);
	if (!file) {
		request_respond(request, head);
		return;
	}
	source = follow_source_new(file, &plan);
	if (!source) {
		request_refuse_errno(request, -ENOMEM);
		return;
	}
	request->head_first = true;
	request_stream(request, head, source, 0, 0);
}

/* --- answers -------------------------------------------------------------- */

static uint64_t size_of(const struct follow_start *start)
{
	return start->file ? start->file->size : start->size;
}

static void answer_part(struct follow_start *start,
    const struct follow_range *range, bool is_present)
{
	const struct byte_range part = {
		.first = range->first,
		.length = range->last - range->first + 1,
	};
	struct follow_plan *plan = &start->params.plan;
	struct response_head head;
	char value[BYTE_RANGE_CONTENT_RANGE_MAX];

	if (!begin_head(start, &head, 206))
		return;
	if (start->finished)
		byte_range_format_content_range(
		    value, sizeof(value), &part, size_of(start));
	else
		follow_range_format(range, value);
	plan->offset = part.first;
	plan->length = part.length;
	plan->is_exact = is_present;
	response_head_put(&head, "Accept-Ranges", "bytes");
	response_head_put(&head, "Content-Range", value);
	if (is_present)
		response_head_add(
		    &head, "Content-Length", "%" PRIu64, plan->length);
	send_head(start, &head);
}

/*
 * One that grows does not say that it has ranges: a player would jump about in
 * it, looking for its end.
 */
static void add_range_fields(
    struct follow_start *start, struct response_head *head)
{
	struct follow_plan *plan = &start->params.plan;

	if (!start->params.ranges)
		response_head_put(head, "Accept-Ranges", "none");
	else if (start->finished)
		response_head_put(head, "Accept-Ranges", "bytes");
	if (!start->finished)
		return;
	plan->length = size_of(start);
	plan->is_exact = true;
	response_head_add(head, "Content-Length", "%" PRIu64, plan->length);
}

static void answer_live(struct follow_start *start)
{
	const struct follow_params *params = &start->params;
	struct follow_plan *plan = &start->params.plan;
	struct response_head head;

	if (!begin_head(start, &head, 200))
		return;
	plan->from_lines = params->query.has_lines && !params->has_last;
	plan->lines = params->query.lines;
	if (!plan->events && !plan->from_lines)
		add_range_fields(start, &head);
	send_head(start, &head);
}

/*
 * A query for lines is of another representation, which has no ranges. No
 * validator is given out, so that none in If-Range can be right (RFC 9110,
 * 13.1.5).
 */
static enum follow_range_result judge_range(
    const struct follow_start *start, struct follow_range *ret)
{
	const char *field = request_param(start->request, "HTTP_RANGE");

	if (!start->params.ranges || start->params.query.has_lines ||
	    request_param(start->request, "HTTP_IF_RANGE"))
		return FOLLOW_RANGE_IGNORED;
	if (start->finished)
		return follow_range_parse_finished(field, size_of(start), ret);
	if (request_is_head(start->request))
		return follow_range_parse_head(field, size_of(start), ret);
	return follow_range_parse(field, size_of(start), ret);
}

static void answer_bytes(struct follow_start *start)
{
	struct follow_range range;
	char value[BYTE_RANGE_CONTENT_RANGE_MAX];

	switch (judge_range(start, &range)) {
	case FOLLOW_RANGE_IGNORED:
		answer_live(start);
		break;
	case FOLLOW_RANGE_PRESENT:
		answer_part(start, &range, true);
		break;
	case FOLLOW_RANGE_LIVE:
		answer_part(start, &range, false);
		break;
	case FOLLOW_RANGE_UNSATISFIABLE:
		byte_range_format_content_range(
		    value, sizeof(value), NULL, size_of(start));
		request_error(end_start(start), 416, "Content-Range", value);
		break;
	}
}

/* An EventSource that gets 204 does not come back (9.2.3). */
static void answer_nothing(struct follow_start *start)
{
	struct request *request = end_start(start);
	struct response_head head;

	response_head_init(&head, 204);
	response_head_put(&head, "Cache-Control", "no-store");
	operator_fields_add_common(request->origin.params, &head, "Accept");
	request_respond(request, &head);
}

static void answer(struct follow_start *start)
{
	const struct follow_file *file = start->file;
	const struct event_id *last = &start->params.last;
	bool knows_file =
	    start->params.has_last && file && file->identity == last->file;

	if (!start->params.plan.events) {
		answer_bytes(start);
	} else if (knows_file && file->finished && last->offset == file->size) {
		answer_nothing(start);
	} else {
		/* An id of another file, or past a cut: from the start. */
		if (knows_file && last->offset <= file->size)
			start->params.plan.offset = last->offset;
		answer_live(start);
	}
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
    struct follow_start *start, const char *suffix, opened_fn *opened)
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
		request_refuse_errno(end_start(start), -ENOMEM);
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
	request_refuse_errno(end_start(start), result->error);
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

/*
 * Follows the file that the client knows, if a rotation has given it this name;
 * else the one that has its name now.
 */
static void on_past(
    struct follow_start *start, const struct file_open_result *result)
{
	struct follow_file *past = NULL;
	struct found_place found;

	if (refuse_unknown(start, result))
		return;
	if (result->error == 0 && S_ISREG(result->stat.st_mode) &&
	    follow_file_identity(result->fd, !result->close_blocks) ==
		start->params.last.file &&
	    find_place(start, &found))
		past = follow_watch_open_past(start->request->action_state,
		    &found.place, result, start->file);
	if (past) {
		follow_file_unref(start->file);
		start->file = past;
	} else {
		discard(start, result);
	}
	if (start->file)
		answer(start);
	else
		request_refuse_errno(end_start(start), -ENOENT);
}

static void take_file(
    struct follow_start *start, const struct file_open_result *result)
{
	struct found_place found;

	start->size = (uint64_t)result->stat.st_size;
	if (request_is_head(start->request)) {
		discard(start, result);
		answer(start);
		return;
	}
	if (find_place(start, &found))
		start->file = follow_watch_open(start->request->action_state,
		    &found.place, result, start->finished);
	if (!start->file) {
		discard(start, result);
		request_refuse_errno(end_start(start), -ENOMEM);
	} else if (start->params.has_last &&
	    start->params.last.file != start->file->identity) {
		open_name(start, PAST_SUFFIX, on_past);
	} else {
		answer(start);
	}
}

static void on_file(
    struct follow_start *start, const struct file_open_result *result)
{
	if (result->error == -ENOENT && start->params.has_last &&
	    !request_is_head(start->request)) {
		/* It may be in the midst of its rotation. */
		open_name(start, PAST_SUFFIX, on_past);
	} else if (result->error < 0) {
		request_refuse_errno(end_start(start), result->error);
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
