/* SPDX-License-Identifier: MIT */
/*
 * Answers: a head with nothing, a text or a source after it goes to the pump.
 * As long as nothing of it was sent a failure is answered itself.
 */
#include "config.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/fcgi/fcgi_output.h"
#include "common/stream/pacer.h"
#include "common/stream/source.h"
#include "common/stream/stream_pace.h"
#include "fcgi_app/policy/http_status.h"
#include "fcgi_app/policy/response_head.h"
#include "fcgi_app/request/operator_fields.h"
#include "fcgi_app/request/param_rule.h"
#include "fcgi_app/request/request.h"
#include "fcgi_app/request/request_internal.h"
#include "fcgi_app/request/services.h"
#include "fcgi_app/setup/log.h"

/* The text of an error: three digits, a blank, a reason phrase; and lines. */
#define TEXT_MAX (64 + REQUEST_LINES_MAX)
/* Seconds after which a client may try again when something ran out. */
#define RETRY_AFTER "1"

/* As long as nothing was sent a failure has a status of its own. */
static void on_stream_end(void *context, int error)
{
	struct request *request = context;
	/* ESTALE is no 404: the file was found, and changed then. */
	int status = error == -ESTALE ? 500 : http_status_of_errno(-error);

	if (error == 0 || request_peer_left(error) || request->failed ||
	    !stream_is_untouched(&request->stream))
		request_finish(request, error);
	else
		request_refuse(request, status, request_reason(error));
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

/* Streams `length` bytes at request->start, and `part`. */
static void stream_answer(
    struct request *request, size_t length, const struct part *part)
{
	struct stream_pace *pace = NULL;

	stream_init(&request->stream, &request->services->streams,
	    request->source, request->origin.writer);
	stream_set_start(&request->stream, request->start, length);
	request->stream.start_first = request->head_first;
	if (is_paced(part)) {
		pace = stream_pace_new(request->services->loop, &part->pace);
		if (!pace) {
			request_refuse(request, 503, strerror(ENOMEM));
			return;
		}
		stream_set_pace(&request->stream, pace);
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
	size_t rest;

	/* The colon may be one in the value: go to the start of its line. */
	while (value && value > head->text && value[-1] != '\n')
		value--;
	value = value ? strchr(value, ':') : NULL;
	if (!value)
		return;
	value++;
	rest = head->length - (size_t)(value - head->text);
	memmove(value + blanks, value, rest + 1);
	memset(value, ' ', blanks);
	head->length += blanks;
}

/* Streams the head, a text that may be empty, and `part`. */
static void answer(struct request *request, const struct response_head *head,
    const char *text, const struct part *part)
{
	size_t length = head->length + strlen(text);

	assert(!request->is_over);
	request->on_body = NULL;
	free(request->start);
	request->start = malloc(length + 1);
	if (!request->start) {
		request_finish(request, -ENOMEM);
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
	const char *lines; /* after the status; "": none */
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
	/* What we say ourselves is ASCII. */
	response_head_add(head, "Content-Type", "text/plain%s",
	    *plain->lines ? "; charset=utf-8" : "");
	response_head_add(head, "Content-Length", "%zu", strlen(plain->text));
	if (plain->field && !redirects)
		response_head_add(head, plain->field, "%s", plain->value);
	if (plain->status == 503)
		response_head_add(head, "Retry-After", RETRY_AFTER);
}

static void send_plain(struct request *request, struct plain *plain)
{
	const struct part nothing = { 0 };
	struct response_head head;

	snprintf(plain->text, sizeof(plain->text), "%d %s\n%s", plain->status,
	    http_status_reason(plain->status), plain->lines);
	make_plain_head(&head, plain);
	operator_fields_add_common(request->origin.params, &head, NULL);
	/* It must get out, if need be without what the operator adds. */
	if (response_head_finish(&head) < 0) {
		make_plain_head(&head, plain);
		response_head_finish(&head);
	}
	request->failed = true;
	answer(request, &head, request_is_head(request) ? "" : plain->text,
	    &nothing);
}

void request_error(
    struct request *request, int status, const char *field, const char *value)
{
	struct plain plain = {
		.status = status,
		.field = field,
		.value = value,
		.lines = "",
	};

	send_plain(request, &plain);
}

void request_report(struct request *request, int status, const char *why)
{
	char line[REQUEST_FAULT_MAX + 64];

	request_log(request, LOG_LEVEL_ERROR, why);
	snprintf(line, sizeof(line), "fcgi-stream %s: %d: %s", request->id,
	    status, why);
	fcgi_output_error_log(request->origin.output, line);
}

void request_refuse(struct request *request, int status, const char *why)
{
	request_refuse_text(request, status, why, "");
}

void request_refuse_text(
    struct request *request, int status, const char *why, const char *lines)
{
	struct plain plain = { .status = status, .lines = lines };

	/* Anybody can ask for what is not there. */
	if (status == 404)
		request_log(request, LOG_LEVEL_NOTICE, why);
	else
		request_report(request, status, why);
	send_plain(request, &plain);
}

void request_param_fault(const struct request *request, const char *name,
    const char *fault, char ret[REQUEST_FAULT_MAX])
{
	const char *text = request_param(request, name);
	char value[REQUEST_VALUE_MAX];

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

static void refuse_head(
    struct request *request, const struct response_head *head)
{
	char name[REQUEST_VALUE_MAX], why[REQUEST_FAULT_MAX];

	if (head->error == -ENOSPC) {
		request_refuse(request, 500, "response head over its bound");
		return;
	}
	log_quote(name, sizeof(name), head->bad_field);
	snprintf(
	    why, sizeof(why), "response head: malformed field \"%s\"", name);
	request_refuse(request, 500, why);
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
	/* nginx would collect the pieces and pass them on in large lumps. */
	if (is_paced(&part) && !response_head_has(head, "X-Accel-Buffering"))
		response_head_put(head, "X-Accel-Buffering", "no");
	if (response_head_finish(head) < 0) {
		refuse_head(request, head);
		return;
	}
	if (request->head_first)
		align_head(head);
	answer(request, head, "", &part);
}
