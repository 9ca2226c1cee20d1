/* SPDX-License-Identifier: MIT */
/*
 * The body of a request comes while its action waits for it, or nobody wants
 * it: then it is dropped.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/parse_number.h"
#include "fcgi_app/request/request.h"

bool request_wants_body(const struct request *request)
{
	return request->on_body && request->origin.body_pending;
}

void request_free_body(struct request *request)
{
	byte_queue_clear(&request->body);
}

void request_forget_body(struct request *request)
{
	/* What was handed over is the action's to look at. */
	if (request->on_body)
		byte_queue_clear(&request->body);
	request->on_body = NULL;
}

void request_stop_body(struct request *request, int status, const char *why)
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
		request_stop_body(request, 413, why);
	} else if (r < 0) {
		request_stop_body(request, 503, strerror(-r));
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
		request_stop_body(request, 400, why);
		return;
	}
	r = byte_queue_append(body, "", 1, request->body_most + 1);
	if (r < 0) {
		request_stop_body(request, 503, strerror(-r));
		return;
	}
	request->on_body = NULL;
	done(request, (const char *)body->data + body->start, body->length - 1);
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
