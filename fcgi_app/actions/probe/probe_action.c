/* SPDX-License-Identifier: MIT */
/*
 * Every answer is bounded in bytes by probe_query.h or, if it is JSON,
 * by PROBE_JSON_SHOWN_MAX, and in time by PROBE_LIFETIME_MS. Of the slow ones
 * there are at most PROBE_BOARD_SLOTS at once; of the others, which have 1 MiB
 * at most, as many as there are connections. The heads of slow answers are
 * those of large files, so that a front treats both in the same way.
 */
#include "config.h"
#include "fcgi_app/actions/probe/probe_action.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "common/stream/source.h"
#include "common/stream/source_memory.h"
#include "fcgi_app/action_api/action.h"
#include "fcgi_app/actions/probe/probe_board.h"
#include "fcgi_app/actions/probe/probe_json.h"
#include "fcgi_app/actions/probe/probe_query.h"
#include "fcgi_app/actions/probe/probe_source.h"
#include "fcgi_app/policy/byte_range.h"
#include "fcgi_app/policy/field_value.h"
#include "fcgi_app/policy/response_head.h"
#include "fcgi_app/request/request.h"
#include "fcgi_app/request/services.h"
#include "fcgi_app/setup/log.h"
#include "fcgi_app/setup/options.h"

/* What a line of a long head has at most. */
#define FILL_LINE 512
/* How much of HTTP_RANGE is repeated. */
#define RANGE_SHOWN 200

static uint64_t now_ms(void)
{
	return uv_hrtime() / 1000000;
}

static void refuse_memory(struct request *request)
{
	request_refuse(request, 500, strerror(ENOMEM));
}

/* --- every answer ------------------------------------------------------- */

/* The state of a request: its time, and its place on the board if any. */
struct run {
	uv_timer_t timer;
	struct request *request;
	struct probe_lease lease;
	bool on_board;
	bool expired;
	bool cut;
};

static void on_expired(uv_timer_t *timer)
{
	struct run *run = timer->data;

	run->expired = true;
	request_break(run->request, -ETIME);
}

static enum probe_end end_of(const struct run *run, const char *reason)
{
	const struct stream *stream = &run->request->stream;

	if (!reason)
		return PROBE_END_COMPLETE;
	if (run->expired)
		return PROBE_END_EXPIRED;
	if (run->cut && stream->position == stream->end / 2)
		return PROBE_END_CUT;
	return PROBE_END_LEFT;
}

static void on_timer_closed(uv_handle_t *timer)
{
	free(timer->data);
}

static void on_ended(struct request *request, const char *reason)
{
	struct probe_board *board = request->action_state;
	struct run *run = request->state;
	uint64_t sent = request->stream.position;

	if (run->on_board) {
		probe_board_sent(board, &run->lease, sent);
		probe_board_end(
		    board, &run->lease, end_of(run, reason), now_ms());
	}
	uv_close((uv_handle_t *)&run->timer, on_timer_closed);
}

/* Gives the request its time. Returns false if out of memory. */
static bool begin_run(struct request *request)
{
	struct run *run = calloc(1, sizeof(*run));

	if (!run)
		return false;
	run->request = request;
	uv_timer_init(request->services->loop, &run->timer);
	run->timer.data = run;
	uv_timer_start(&run->timer, on_expired, PROBE_LIFETIME_MS, 0);
	request->state = run;
	request->ended = on_ended;
	return true;
}

static void begin_head(
    struct response_head *head, int status, const char *type, uint64_t length)
{
	response_head_init(head, status);
	response_head_add(head, "Content-Type", "%s", type);
	response_head_add(head, "Content-Length", "%" PRIu64, length);
	response_head_add(head, "Cache-Control", "no-store");
	response_head_add(head, "X-Content-Type-Options", "nosniff");
}

/* Takes over the text, NULL if there was no memory for it. */
static void answer_json(struct request *request, char *text)
{
	struct response_head head;
	struct source *source;

	if (!text) {
		refuse_memory(request);
		return;
	}
	source = source_memory_new(text, strlen(text), free, text);
	if (!source) {
		free(text);
		refuse_memory(request);
		return;
	}
	begin_head(&head, 200, "application/json", strlen(text));
	request_stream(request, &head, source, 0, strlen(text));
}

/* --- a body, and ranges of it ------------------------------------------- */

static void answer_body(struct request *request, uint64_t size)
{
	const struct probe_source_plan plan = {
		.loop = request->services->loop,
		.size = size,
		.pause_at = size,
	};
	struct source *source = probe_source_new(&plan);
	const char *range = request_param(request, "HTTP_RANGE");
	struct byte_range_set set;
	struct byte_range part = { .first = 0, .length = size };
	char content_range[BYTE_RANGE_CONTENT_RANGE_MAX];
	struct response_head head;
	int status = 200;

	if (!source) {
		refuse_memory(request);
		return;
	}
	/* The doctor asks for several only to see whether they get here. */
	if (byte_range_parse(range, size, &set) == BYTE_RANGE_SATISFIABLE &&
	    set.count == 1) {
		status = 206;
		part = set.parts[0];
	}
	begin_head(&head, status, "application/octet-stream", part.length);
	response_head_add(&head, "Accept-Ranges", "bytes");
	/* One that can't stand in a head is not worth an error. */
	if (range && field_value_is_valid(range))
		response_head_add(
		    &head, PROBE_RANGE_FIELD, "%.*s", RANGE_SHOWN, range);
	if (status == 206) {
		byte_range_format_content_range(
		    content_range, sizeof(content_range), &part, size);
		response_head_add(&head, "Content-Range", "%s", content_range);
	}
	request_stream(request, &head, source, part.first, part.length);
}

/* --- a long head -------------------------------------------------------- */

/* One field of `length` bytes with its line end. */
static void add_fill(char *at, size_t length, unsigned int number)
{
	int n = sprintf(at, "X-Fcgi-Stream-Fill-%u: ", number);

	memset(at + n, 'x', length - (size_t)n - 2);
	memcpy(at + length - 2, "\r\n", 2);
}

static void answer_head(struct request *request, size_t size)
{
	static const char first[] = "Status: 200 OK\r\n"
				    "Content-Type: text/plain\r\n"
				    "Content-Length: 0\r\n"
				    "Cache-Control: no-store\r\n";
	static const char last[] = PROBE_LAST_FIELD ": 1\r\n\r\n";
	char *head = malloc(size + 1);
	char *at = head;
	size_t left = size - (sizeof(first) - 1) - (sizeof(last) - 1);

	if (!head) {
		refuse_memory(request);
		return;
	}
	at = stpcpy(at, first);
	for (unsigned int i = 1; left > 0; i++) {
		size_t length = left < 2 * FILL_LINE ? left : FILL_LINE;

		add_fill(at, length, i);
		at += length;
		left -= length;
	}
	strcpy(at, last);
	request_respond_long(request, 200, head, size);
}

/* --- slow answers ------------------------------------------------------- */

/* All of them are of this form: a flood is one piece with no pause. */
static struct source *make_source(
    const struct run *run, const struct probe_query *query)
{
	const struct services *services = run->request->services;
	const struct probe_source_plan plan = {
		.loop = services->loop,
		.size =
		    query->test == PROBE_FLOOD ? query->size : 2 * query->size,
		.pause_at = query->size,
		.pause_ms = query->pause_ms,
		.cut = run->cut,
		.board = run->request->action_state,
		.lease = run->lease,
	};

	return probe_source_new(&plan);
}

static void answer_slowly(
    struct request *request, const struct probe_query *query)
{
	struct run *run = request->state;
	struct response_head head;
	struct source *source;
	int r = probe_board_begin(
	    request->action_state, query->token, now_ms(), &run->lease);

	if (r == -EEXIST) {
		request_refuse(request, 400, "probe: token in use");
		return;
	}
	if (r < 0) {
		request_refuse(request, 503, "probe: too many at once");
		return;
	}
	run->on_board = true;
	run->cut = query->test == PROBE_CUT;
	source = make_source(run, query);
	if (!source) {
		refuse_memory(request);
		return;
	}
	begin_head(&head, 200, "application/octet-stream", source->size);
	response_head_add(&head, "Accept-Ranges", "none");
	response_head_add(&head, "X-Accel-Buffering", "no");
	request_stream(request, &head, source, 0, source->size);
}

/* --- questions about them ----------------------------------------------- */

static void answer_status(struct request *request, uint64_t token)
{
	struct probe_record record;

	if (probe_board_find(request->action_state, token, now_ms(), &record) <
	    0)
		request_refuse(request, 404, "probe: no such token");
	else
		answer_json(request, probe_json_status(&record));
}

/* --- the action --------------------------------------------------------- */

static void answer(struct request *request, const struct probe_query *query)
{
	int r;

	switch (query->test) {
	case PROBE_ECHO:
		answer_json(request, probe_json_echo(request));
		break;
	case PROBE_BODY:
		answer_body(request, query->size);
		break;
	case PROBE_HEAD:
		answer_head(request, (size_t)query->size);
		break;
	case PROBE_PIECES:
	case PROBE_CUT:
	case PROBE_FLOOD:
		answer_slowly(request, query);
		break;
	case PROBE_RELEASE:
		r = probe_board_release(
		    request->action_state, query->token, now_ms());
		answer_json(request, probe_json_released(r != -ENOENT, r == 0));
		break;
	case PROBE_STATUS:
		answer_status(request, query->token);
		break;
	}
}

static void start(struct request *request)
{
	const char *text = request_param(request, "QUERY_STRING");
	struct probe_query query;

	if (!begin_run(request))
		refuse_memory(request);
	else if (probe_query_parse(text, &query) < 0)
		request_refuse_param(
		    request, 400, "QUERY_STRING", "unknown probe query");
	else
		answer(request, &query);
}

/* A front that passes no good path is to be found out too: by the target. */
static bool claims(const struct request *request)
{
	const char *target = request_param(request, "REQUEST_URI");

	return probe_query_is_path(request->path) ||
	    (target && probe_query_is_path(target));
}

static int prepare(const struct options *options, void **ret_board)
{
	if (!options->probe)
		return 0;
	*ret_board = probe_board_new();
	if (!*ret_board) {
		log_message(LOG_LEVEL_ERROR, "--probe: %s", strerror(errno));
		return -ENOMEM;
	}
	log_message(LOG_LEVEL_NOTICE,
	    "--probe is on: clients can ask how requests arrive; leave it off "
	    "when fcgi-stream doctor is done");
	return 0;
}

static void free_state(void *state)
{
	probe_board_free(state);
}

/* The state is the board, which all workers share. */
static const struct stream_action_state state_ops = {
	.prepare = prepare,
	.free = free_state,
};

const struct stream_action probe_action = {
	.name = "probe",
	.methods = ACTION_GET,
	.start = start,
	.claims = claims,
	.state = &state_ops,
	.off_fault = "needs --probe",
};
