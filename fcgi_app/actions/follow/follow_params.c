/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "fcgi_app/actions/follow/follow_params.h"

#include <stdio.h>
#include <string.h>

#include "common/parse_number.h"
#include "fcgi_app/actions/follow/follow_action.h"
#include "fcgi_app/request/request.h"

static bool take_duration(
    const struct request *request, const char *name, uint64_t *ret_ms)
{
	const char *text = request_param(request, name);

	return !text || parse_duration(text, ret_ms) == 0;
}

/* NULL, or the name of a parameter that makes no sense. */
static const char *read_options(const struct request *request,
    struct follow_params *wishes, enum follow_format *ret_format)
{
	struct follow_plan *plan = &wishes->plan;

	if (follow_format_parse(
		request_param(request, "STREAM_FORMAT"), ret_format) < 0)
		return "STREAM_FORMAT";
	if (!take_duration(request, "STREAM_IDLE", &plan->idle_ms))
		return "STREAM_IDLE";
	if (!take_duration(request, "STREAM_HEARTBEAT", &plan->beat_ms))
		return "STREAM_HEARTBEAT";
	if (!take_duration(request, "STREAM_ROTATE", &wishes->rotate_ms))
		return "STREAM_ROTATE";
	wishes->marker = request_param(request, "STREAM_END_MARKER");
	if (wishes->marker && strchr(wishes->marker, '/'))
		return "STREAM_END_MARKER";
	return NULL;
}

/* The client's word counts before the operator's. */
static bool wants_events(const struct request *request,
    const struct follow_query *query, enum follow_format format)
{
	const char *accept = request_param(request, "HTTP_ACCEPT");

	if (query->format != FOLLOW_FORMAT_NONE)
		format = query->format;
	else if (follow_accepts_events(accept))
		format = FOLLOW_FORMAT_EVENTS;
	return format == FOLLOW_FORMAT_EVENTS;
}

/* The field is of later than the page's address. */
static void read_id(const struct request *request, struct follow_params *wishes)
{
	const char *last = request_param(request, "HTTP_LAST_EVENT_ID");

	wishes->has_last = wishes->query.has_after;
	wishes->last = wishes->query.after;
	if (last)
		wishes->has_last = event_id_parse(last, &wishes->last) == 0;
}

int follow_params_read(const struct request *request,
    struct follow_params *ret_wishes, char ret_why[FOLLOW_WISHES_WHY_MAX])
{
	struct follow_params wishes = {
		.plan = { .length = UINT64_MAX,
		    .beat_ms = FOLLOW_HEARTBEAT_MS },
		.rotate_ms = FOLLOW_ROTATE_MS,
	};
	enum follow_format format;
	const char *fault = read_options(request, &wishes, &format);

	if (fault) {
		snprintf(
		    ret_why, FOLLOW_WISHES_WHY_MAX, "%s makes no sense", fault);
		return 500;
	}
	if (follow_query_parse(
		request_param(request, "QUERY_STRING"), &wishes.query) < 0) {
		snprintf(ret_why, FOLLOW_WISHES_WHY_MAX,
		    "lines or format makes no sense");
		return 400;
	}
	wishes.plan.events = wants_events(request, &wishes.query, format);
	if (wishes.plan.events)
		read_id(request, &wishes);
	else
		wishes.plan.beat_ms = 0;
	*ret_wishes = wishes;
	return 0;
}
