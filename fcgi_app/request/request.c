/* SPDX-License-Identifier: MIT */
/*
 * Every way of answering leads to finish(). It only notes the result: the
 * request may end inside a call of its action or its source, so the access
 * line is written, the request freed and the connection told at the end of the
 * loop's turn. A peer that is gone before that has the request freed at once,
 * from the loop, where neither is on the stack.
 */
#include "config.h"
#include "fcgi_app/request/request.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "common/container_of.h"
#include "common/fcgi/fcgi_output.h"
#include "common/fcgi/fcgi_params.h"
#include "common/parse_number.h"
#include "common/stream/pacer.h"
#include "common/stream/source.h"
#include "common/stream/stream_pace.h"
#include "common/stream/writer.h"
#include "fcgi_app/policy/http_status.h"
#include "fcgi_app/policy/request_path.h"
#include "fcgi_app/policy/response_head.h"
#include "fcgi_app/request/access_log.h"
#include "fcgi_app/request/operator_fields.h"
#include "fcgi_app/request/param_rule.h"
#include "fcgi_app/request/services.h"
#include "fcgi_app/request/stream_action.h"
#include "fcgi_app/setup/log.h"
#include "fcgi_app/setup/options.h"

/* The whole text of an error: three digits, a blank, a reason phrase. */
#define TEXT_MAX 64
/* The room for a parameter's value, and for DOCUMENT_ROOT, in a message. */
#define VALUE_MAX 256
/* Seconds after which a client may try again when something ran out. */
#define RETRY_AFTER "1"

/* --- beginning and end -------------------------------------------------- */

const char *request_param(const struct request *request, const char *name)
{
	const char *value = fcgi_params_get(request->origin.params, name);

	return value && *value ? value : NULL;
}

static struct request_path_params path_params(const struct fcgi_params *params)
{
	return (struct request_path_params){
		.stream_path = fcgi_params_get(params, "STREAM_PATH"),
		.document_uri = fcgi_params_get(params, "DOCUMENT_URI"),
		.script_name = fcgi_params_get(params, "SCRIPT_NAME"),
		.path_info = fcgi_params_get(params, "PATH_INFO"),
		.script_filename = fcgi_params_get(params, "SCRIPT_FILENAME"),
	};
}

struct request *request_new(const struct request_origin *origin)
{
	const struct request_path_params from = path_params(origin->params);
	size_t size = request_path_bound(&from);
	struct request *request = calloc(1, sizeof(*request) + size);

	if (!request)
		return NULL;
	request->services = origin->services;
	request->origin = *origin;
	request->start_ns = uv_hrtime();
	request->path_is_malformed =
	    request_path_find(&from, request->path_text, size) !=
	    REQUEST_PATH_OK;
	request->path = request->path_text;
	request->method = request_param(request, "REQUEST_METHOD");
	if (!request->method)
		request->method = "";
	snprintf(request->id_text, sizeof(request->id_text), "%d-%" PRIu64,
	    origin->services->process, origin->sequence);
	request->id = request->id_text;
	return request;
}

static void request_free(struct request *request)
{
	if (request->source)
		request->source->ops->close(request->source);
	fcgi_params_free(request->origin.params);
	byte_queue_clear(&request->body);
	free(request->start);
	free(request);
}

static void log_access(const struct request *request, const char *reason)
{
	uint64_t content = fcgi_output_content(request->origin.output);
	const struct access_log_entry entry = {
		.id = request->id,
		.action =
		    request->stream_action ? request->stream_action->name : "-",
		.method = *request->method ? request->method : "-",
		.path = request->path,
		.status = request->status,
		.bytes = content > request->head_length
		    ? content - request->head_length
		    : 0,
		.duration_ns = uv_hrtime() - request->start_ns,
		.reason = reason,
	};

	if (request->services->options->access_log)
		access_log_write(&entry);
}

/* Whether the error lies with the front or its client, not with the file. */
static bool peer_left(int error)
{
	return error == -EPIPE || error == -ECONNRESET;
}

static const char *reason_of(int error)
{
	if (peer_left(error))
		return "peer closed the connection";
	if (error == -ENODATA)
		return "file became shorter";
	if (error == -ESTALE)
		return "file was changed";
	return strerror(-error);
}

/* All names are quoted, so that no byte in them can forge a message. */
void request_log(
    const struct request *request, enum log_level level, const char *why)
{
	const char *about = request->about ? request->about(request) : NULL;
	const char *folder = request_param(request, "DOCUMENT_ROOT");
	char path[LOG_PATH_MAX], name[LOG_NAME_MAX], root[VALUE_MAX];

	log_quote(path, sizeof(path), request->path);
	log_quote(name, sizeof(name), about ? about : "");
	log_quote(root, sizeof(root), folder ? folder : "");
	log_message(level, "%s: %s: %s%s%s\"%s\"%s%s%s", request->id, why,
	    about ? "\"" : "", name, about ? "\" in " : "", path,
	    folder ? " beneath \"" : "", root, folder ? "\"" : "");
}

/* Writes the access line and frees it; `reason`: as in the access log. */
static void leave(struct request *request, const char *reason)
{
	log_access(request, reason);
	if (request->ended)
		request->ended(request, reason);
	request_free(request);
}

static void leave_over(struct request *request)
{
	int error = request->result;

	if (error < 0 && !peer_left(error))
		request_log(request, LOG_LEVEL_ERROR, reason_of(error));
	leave(request, error < 0 ? reason_of(error) : NULL);
}

static void on_turn_end(struct turn_end *end)
{
	struct request *request = container_of(end, struct request, end);
	request_over_fn *over = request->origin.over;
	void *context = request->origin.context;
	int error = request->result;

	leave_over(request);
	over(context, error);
}

/* Nothing more is sent. What uses the request may be on the stack. */
static void finish(struct request *request, int error)
{
	assert(!request->is_over);
	request->is_over = true;
	request->result = error;
	turn_ends_add(&request->services->ends, &request->end, on_turn_end);
}

void request_abort(struct request *request, const char *reason)
{
	if (request->is_over) {
		turn_ends_remove(&request->services->ends, &request->end);
		leave_over(request);
		return;
	}
	if (request->cancel)
		request->cancel(request);
	stream_cancel(&request->stream);
	leave(request, reason);
}

void request_break(struct request *request, int error)
{
	if (request->is_over)
		return;
	stream_cancel(&request->stream);
	finish(request, error);
}

/* --- the request's body -------------------------------------------------- */

bool request_wants_body(const struct request *request)
{
	return request->on_body && request->origin.body_pending;
}

static void refuse_body(struct request *request, int status, const char *why)
{
	request->on_body = NULL;
	byte_queue_clear(&request->body);
	request_refuse(request, status, why);
}

void request_add_body(struct request *request, const void *bytes, size_t length)
{
	char why[64];
	int r;

	if (!request->on_body)
		return;
	r = byte_queue_append(
	    &request->body, bytes, length, request->body_most);
	if (r == -ENOBUFS) {
		snprintf(why, sizeof(why), "request body over %zu bytes",
		    request->body_most);
		refuse_body(request, 413, why);
	} else if (r < 0) {
		refuse_body(request, 503, strerror(-r));
	}
}

/*
 * A front that broke off ends the body as if it were whole (FastCGI
 * specification, 6.2). Without a number there is nothing to compare with.
 */
static bool is_body_whole(const struct request *request)
{
	const char *text = request_param(request, "CONTENT_LENGTH");
	uint64_t length;

	return !text || parse_u64(text, &length) < 0 ||
	    length == request->body.length;
}

static void hand_over_body(struct request *request)
{
	request_body_fn *done = request->on_body;
	struct byte_queue *body = &request->body;
	char why[REQUEST_FAULT_MAX], fault[64];
	int r;

	if (!is_body_whole(request)) {
		snprintf(fault, sizeof(fault), "the request body has %zu bytes",
		    body->length);
		request_param_fault(request, "CONTENT_LENGTH", fault, why);
		refuse_body(request, 400, why);
		return;
	}
	r = byte_queue_append(body, "", 1, request->body_most + 1);
	if (r < 0) {
		refuse_body(request, 503, strerror(-r));
		return;
	}
	request->on_body = NULL;
	done(request, (const char *)body->data + body->start, body->length - 1);
}

void request_stop_body(struct request *request)
{
	refuse_body(
	    request, 408, "no more of the request body within --head-timeout");
}

void request_end_body(struct request *request)
{
	request->origin.body_pending = false;
	if (request->on_body)
		hand_over_body(request);
}

void request_read_body(
    struct request *request, size_t most, request_body_fn *done)
{
	request->body_most = most;
	request->on_body = done;
	if (request->origin.body_pending)
		request->origin.want_body(request->origin.context);
	else
		hand_over_body(request);
}

/* --- answers ------------------------------------------------------------ */

bool request_is_head(const struct request *request)
{
	return strcmp(request->method, "HEAD") == 0;
}

/* A file that was found and then changed is not one that is not there. */
static int stream_status(int error)
{
	return error == -ESTALE ? 500 : http_status_of_errno(-error);
}

/* As long as nothing was sent a failure has a status of its own. */
static void on_stream_end(void *context, int error)
{
	struct request *request = context;

	if (error == 0 || peer_left(error) || request->failed ||
	    !stream_is_untouched(&request->stream))
		finish(request, error);
	else
		request_refuse(request, stream_status(error), reason_of(error));
}

/* The bytes of a source that follow the head, how many (or 0) and how fast. */
struct part {
	uint64_t offset;
	uint64_t length;
	struct pacer_plan pace;
};

/* What the burst covers needs no pace. */
static bool is_paced(const struct part *part)
{
	return part->pace.rate > 0 && part->length > part->pace.burst;
}

/* False: out of memory. */
static bool set_pace(struct request *request, const struct part *part)
{
	struct stream_pace *pace;

	if (!is_paced(part))
		return true;
	pace = stream_pace_new(request->services->loop, &part->pace);
	stream_set_pace(&request->stream, pace);
	return pace != NULL;
}

/* Streams `length` bytes at request->start, and `part`. */
static void stream_answer(
    struct request *request, size_t length, const struct part *part)
{
	stream_init(&request->stream, &request->services->streams,
	    request->source, request->origin.writer);
	stream_set_start(&request->stream, request->start, length);
	request->stream.start_first = request->head_first;
	if (!set_pace(request, part)) {
		request_refuse(request, 503, strerror(ENOMEM));
		return;
	}
	stream_start(&request->stream, part->offset, part->length,
	    on_stream_end, request);
}

/*
 * nginx (1.22) holds a head back that comes alone in a record with
 * padding. Blanks before the last field's value make its length a multiple of
 * eight, so that it needs none. `head` has room for seven.
 */
static void align_head(struct response_head *head)
{
	size_t blanks = -head->length % 8;
	char *value = memrchr(head->text, ':', head->length);
	size_t behind;

	/* A value may have a colon, but never one at a line's begin. */
	while (value && value > head->text && value[-1] != '\n')
		value--;
	value = value ? strchr(value, ':') : NULL;
	if (!value)
		return;
	value++;
	behind = head->length - (size_t)(value - head->text);
	memmove(value + blanks, value, behind + 1);
	memset(value, ' ', blanks);
	head->length += blanks;
}

/* Streams the head, maybe with a text behind it, and `part`. */
static void answer(struct request *request, const struct response_head *head,
    const char *text, const struct part *part)
{
	size_t length = head->length + strlen(text);

	assert(!request->is_over);
	request->on_body = NULL;
	free(request->start);
	request->start = malloc(length + 1);
	if (!request->start) {
		finish(request, -ENOMEM);
		return;
	}
	memcpy(request->start, head->text, head->length);
	strcpy(request->start + head->length, text);
	request->status = head->status;
	request->head_length = head->length;
	stream_answer(request, length, part);
}

/* A response that is its status and little more. */
struct plain {
	int status;
	const char *field; /* one more field, or NULL */
	const char *value;
	char text[TEXT_MAX];
};

static void make_plain_head(
    struct response_head *head, const struct plain *plain)
{
	bool redirects = plain->field && strcmp(plain->field, "Location") == 0;

	if (redirects)
		response_head_init_redirect(head, plain->status, plain->value);
	else
		response_head_init(head, plain->status);
	response_head_add(head, "Content-Type", "text/plain");
	response_head_add(head, "Content-Length", "%zu", strlen(plain->text));
	if (plain->field && !redirects)
		response_head_add(head, plain->field, "%s", plain->value);
	if (plain->status == 503)
		response_head_add(head, "Retry-After", RETRY_AFTER);
}

void request_error(
    struct request *request, int status, const char *field, const char *value)
{
	struct plain plain = { status, field, value, "" };
	const struct part nothing = { 0 };
	struct response_head head;

	snprintf(plain.text, sizeof(plain.text), "%d %s\n", status,
	    http_status_reason(status));
	make_plain_head(&head, &plain);
	operator_fields_add_common(request->origin.params, &head, NULL);
	/* It must get out, if need be without what the operator adds. */
	if (response_head_finish(&head) < 0) {
		make_plain_head(&head, &plain);
		response_head_finish(&head);
	}
	request->failed = true;
	answer(request, &head, request_is_head(request) ? "" : plain.text,
	    &nothing);
}

void request_refuse(struct request *request, int status, const char *why)
{
	char line[REQUEST_FAULT_MAX + 64];

	/* Anybody can ask for what is not there. */
	if (status == 404) {
		request_log(request, LOG_LEVEL_NOTICE, why);
	} else {
		request_log(request, LOG_LEVEL_ERROR, why);
		snprintf(line, sizeof(line), "fcgi-stream %s: %d: %s",
		    request->id, status, why);
		fcgi_output_error_log(request->origin.output, line);
	}
	request_error(request, status, NULL, NULL);
}

void request_param_fault(const struct request *request, const char *name,
    const char *fault, char ret[REQUEST_FAULT_MAX])
{
	const char *text = request_param(request, name);
	char value[VALUE_MAX];

	log_quote(value, sizeof(value), text ? text : "");
	if (text)
		snprintf(ret, REQUEST_FAULT_MAX, "%s=\"%s\": %s", name, value,
		    fault);
	else
		snprintf(ret, REQUEST_FAULT_MAX, "%s: %s", name, fault);
}

void request_refuse_param(
    struct request *request, int status, const char *name, const char *fault)
{
	char why[REQUEST_FAULT_MAX];

	request_param_fault(request, name, fault, why);
	request_refuse(request, status, why);
}

void request_bad_param(struct request *request, const struct param_rule *rule)
{
	request_refuse_param(request, 500, rule->name, rule->fault);
}

void request_respond(struct request *request, struct response_head *head)
{
	request_stream(request, head, NULL, 0, 0);
}

static const char *head_fault(const struct response_head *head)
{
	return head->error == -ENOSPC ? "response head over its bound"
				      : "response head: malformed field";
}

void request_respond_long(
    struct request *request, int status, char *head, size_t length)
{
	const struct part nothing = { 0 };

	request->start = head;
	request->status = status;
	request->head_length = length;
	stream_answer(request, length, &nothing);
}

/* nginx would collect the pieces and pass them on in large lumps. */
static void add_unbuffered(struct response_head *head)
{
	if (!response_head_has(head, "X-Accel-Buffering"))
		response_head_put(head, "X-Accel-Buffering", "no");
}

void request_stream(struct request *request, struct response_head *head,
    struct source *source, uint64_t offset, uint64_t length)
{
	struct part part = { .offset = offset, .length = length };
	const struct param_rule *bad =
	    operator_fields_read_pace(request->origin.params, &part.pace);

	if (source && source->size == SOURCE_SIZE_UNKNOWN)
		part.length = SOURCE_SIZE_UNKNOWN - offset;
	request->source = source;
	if (bad) {
		request_bad_param(request, bad);
		return;
	}
	if (is_paced(&part))
		add_unbuffered(head);
	if (response_head_finish(head) < 0) {
		request_refuse(request, 500, head_fault(head));
		return;
	}
	if (request->head_first)
		align_head(head);
	answer(request, head, "", &part);
}
