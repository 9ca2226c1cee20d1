/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "fcgi_app/actions/follow/follow_params.h"

#include <string.h>

#include "common/parse_number.h"
#include "fcgi_app/request/operator_fields.h"
#include "fcgi_app/request/param_rule.h"
#include "fcgi_app/request/request.h"

/* How long a new file of the same name may take to appear (STREAM_ROTATE). */
#define ROTATE_MS 1000
/* After so long a silence events have a comment (STREAM_HEARTBEAT). */
#define HEARTBEAT_MS 15000
/* Bytes of a line that are one event (STREAM_LINE_MAX). */
#define LINE_MAX_DEFAULT ((uint64_t)1 << 20)
#define LINE_MAX_LEAST ((uint64_t)1 << 10)
#define LINE_MAX_MOST ((uint64_t)1 << 30)
#define NO_DURATION "not a time such as 500ms, 30s or 5m"

static const struct param_rule format_rule = { "STREAM_FORMAT",
	"not raw or events" };
static const struct param_rule idle_rule = { "STREAM_IDLE", NO_DURATION };
static const struct param_rule heartbeat_rule = { "STREAM_HEARTBEAT",
	NO_DURATION };
static const struct param_rule rotate_rule = { "STREAM_ROTATE", NO_DURATION };
static const struct param_rule line_max_rule = { "STREAM_LINE_MAX",
	"not a size from 1K to 1G, such as 64K or 1M" };
static const struct param_rule marker_rule = { "STREAM_END_MARKER",
	"a suffix of file names has no slash" };

static bool take_duration(
    const struct request *request, const char *name, uint64_t *ret_ms)
{
	const char *text = request_param(request, name);

	return !text || parse_duration(text, ret_ms) == 0;
}

static bool take_line_max(const struct request *request, uint64_t *ret_bytes)
{
	const char *text = request_param(request, line_max_rule.name);

	return !text ||
	    (parse_size(text, ret_bytes) == 0 && *ret_bytes >= LINE_MAX_LEAST &&
		*ret_bytes <= LINE_MAX_MOST);
}

/* Returns NULL, or the rule that a parameter breaks. */
static const struct param_rule *read_options(const struct request *request,
    struct follow_params *params, enum follow_format *ret_format)
{
	struct follow_plan *plan = &params->plan;

	if (follow_format_parse(
		request_param(request, "STREAM_FORMAT"), ret_format) < 0)
		return &format_rule;
	if (!take_duration(request, "STREAM_IDLE", &plan->idle_ms))
		return &idle_rule;
	if (!take_duration(request, "STREAM_HEARTBEAT", &plan->beat_ms))
		return &heartbeat_rule;
	if (!take_duration(request, "STREAM_ROTATE", &params->rotate_ms))
		return &rotate_rule;
	if (!take_line_max(request, &plan->line_max))
		return &line_max_rule;
	params->marker = request_param(request, "STREAM_END_MARKER");
	if (params->marker && strchr(params->marker, '/'))
		return &marker_rule;
	return operator_fields_read_ranges(
	    request->origin.params, &params->ranges);
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
static void read_id(const struct request *request, struct follow_params *params)
{
	const char *last = request_param(request, "HTTP_LAST_EVENT_ID");

	params->has_last = params->query.has_after;
	params->last = params->query.after;
	params->has_foreign_id = params->query.has_foreign_after;
	if (!last || !*last)
		return;
	params->has_last = event_id_parse(last, &params->last) == 0;
	params->has_foreign_id = !params->has_last;
}

int follow_params_read(const struct request *request,
    struct follow_params *ret_params, char ret_why[REQUEST_FAULT_MAX])
{
	struct follow_params params = {
		.plan = { .length = UINT64_MAX,
		    .beat_ms = HEARTBEAT_MS,
		    .line_max = LINE_MAX_DEFAULT },
		.rotate_ms = ROTATE_MS,
	};
	enum follow_format format;
	const struct param_rule *bad = read_options(request, &params, &format);

	if (bad) {
		request_param_fault(request, bad->name, bad->fault, ret_why);
		return 500;
	}
	if (follow_query_parse(
		request_param(request, "QUERY_STRING"), &params.query) < 0) {
		request_param_fault(request, "QUERY_STRING",
		    "not lines=N up to 10000 or format=raw|events, each once",
		    ret_why);
		return 400;
	}
	params.plan.events = wants_events(request, &params.query, format);
	if (params.plan.events)
		read_id(request, &params);
	else
		params.plan.beat_ms = 0;
	*ret_params = params;
	return 0;
}
