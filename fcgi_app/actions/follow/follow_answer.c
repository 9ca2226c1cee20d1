/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "fcgi_app/actions/follow/follow_answer.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "common/stream/source.h"
#include "fcgi_app/actions/follow/event_stream.h"
#include "fcgi_app/actions/follow/follow_file.h"
#include "fcgi_app/actions/follow/follow_range.h"
#include "fcgi_app/actions/follow/follow_source.h"
#include "fcgi_app/policy/byte_range.h"
#include "fcgi_app/policy/media_type.h"
#include "fcgi_app/policy/response_head.h"
#include "fcgi_app/request/operator_fields.h"
#include "fcgi_app/request/request.h"
#include "fcgi_app/request/request_open.h"
#include "fcgi_app/request/services.h"

_Static_assert(BYTE_RANGE_CONTENT_RANGE_MAX >= FOLLOW_RANGE_TEXT_MAX,
    "a buffer for the one has room for the other");

struct request *follow_start_end(struct follow_start *start)
{
	struct request *request = start->request;

	request->cancel = NULL;
	request->state = NULL;
	follow_file_unref(start->file);
	free(start);
	return request;
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
		request_bad_param(follow_start_end(start), bad);
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
	follow_start_end(start);
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
		request_error(
		    follow_start_end(start), 416, "Content-Range", value);
		break;
	}
}

/* An EventSource that gets 204 does not come back (9.2.3). */
static void answer_nothing(struct follow_start *start)
{
	struct request *request = follow_start_end(start);
	struct response_head head;

	response_head_init(&head, 204);
	response_head_put(&head, "Cache-Control", "no-store");
	operator_fields_add_common(request->origin.params, &head, "Accept");
	request_respond(request, &head);
}

/* An id of another file, or past a cut: from the start, and it is told. */
static void set_begin(struct follow_start *start, bool knows_file)
{
	const struct follow_params *params = &start->params;
	struct follow_plan *plan = &start->params.plan;

	if (params->has_foreign_id)
		plan->gap = EVENT_GAP_ID;
	else if (!params->has_last)
		plan->gap = EVENT_GAP_NONE;
	else if (!knows_file)
		plan->gap = EVENT_GAP_GONE;
	else if (params->last.offset > start->file->size)
		plan->gap = EVENT_GAP_CUT;
	else
		plan->offset = params->last.offset;
}

void follow_answer(struct follow_start *start)
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
		set_begin(start, knows_file);
		answer_live(start);
	}
}
