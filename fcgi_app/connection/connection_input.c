/* SPDX-License-Identifier: MIT */
/*
 * What a connection's bytes mean, as its scanner tells: heads become requests,
 * bodies go to them, and what is about the connection itself is answered here.
 */
#include "config.h"
#include "fcgi_app/connection/connection_input.h"

#include <errno.h>
#include <fastcgi.h>
#include <stdio.h>
#include <string.h>

#include "common/fcgi/fcgi_output.h"
#include "common/fcgi/fcgi_params.h"
#include "common/turn_end.h"
#include "fcgi_app/connection/connection_state.h"
#include "fcgi_app/connection/connections.h"
#include "fcgi_app/request/request.h"
#include "fcgi_app/request/services.h"

/* --- requests ------------------------------------------------------------- */

/* Between requests: a begun record may be a head, which has its time. */
static void await_head(struct connection *connection)
{
	enum connection_state state = fcgi_scan_in_head(&connection->scan)
	    ? CONNECTION_HEAD
	    : CONNECTION_IDLE;

	if (connection->state != state)
		connection_enter(connection, state);
}

/* The request was answered. */
static void request_done(struct connection *connection)
{
	bool keep = connection->scan.keep_conn && !connection->over_limit &&
	    !connection->all->draining;

	if (keep) {
		fcgi_scan_request_done(&connection->scan);
		await_head(connection);
	} else if (fcgi_scan_in_request(&connection->scan) ||
	    fcgi_output_pending(connection->output) > 0) {
		connection_enter(connection, CONNECTION_LINGERING);
	} else {
		connection_close(connection, NULL);
	}
}

static void on_over(void *context, int error)
{
	struct connection *connection = context;

	connection->request = NULL;
	if (error == 0) {
		request_done(connection);
		return;
	}
	fcgi_output_break(connection->output);
	connection_close(connection, NULL);
}

static void on_want_body(void *context)
{
	connection_enter(context, CONNECTION_BODY);
}

/* Queues whole records beside those of a response. */
static void send_control(
    struct connection *connection, const void *records, size_t length)
{
	int r = fcgi_output_control(connection->output, records, length);

	if (r == -ENOBUFS)
		connection_refuse(connection,
		    "sends management requests faster than it reads the "
		    "replies");
	else
		connection_flush(connection);
}

/* Ends a request that was not started, in the protocol's own terms (5.5). */
static void refuse_request(
    struct connection *connection, uint16_t request_id, uint8_t protocol_status)
{
	uint8_t end[FCGI_RECORD_END_SIZE];

	fcgi_record_encode_end(end, request_id, 0, protocol_status);
	send_control(connection, end, sizeof(end));
}

/* The same for the one whose head is coming. */
static void refuse_head(struct connection *connection, uint8_t protocol_status)
{
	connection->body_length = 0;
	byte_queue_clear(&connection->head);
	refuse_request(
	    connection, connection->scan.request_id, protocol_status);
	if (connection->state != CONNECTION_CLOSED)
		request_done(connection);
}

/* 5.4: of the request under way the front wants the end alone. */
static void abort_request(struct connection *connection)
{
	struct request *request = connection->request;
	/* Of an answer whose end is held all content has left. */
	bool is_complete = connection->state == CONNECTION_HOLDING;
	int r;

	if (!request) {
		refuse_head(connection, FCGI_REQUEST_COMPLETE);
		return;
	}
	if (request->is_over) { /* answered in this turn */
		turn_ends_run(&connection->all->services->ends);
		return;
	}
	connection->request = NULL;
	request_abort(
	    request, is_complete ? NULL : "front aborted the request");
	r = writer_fcgi_abort(&connection->writer);
	if (r < 0 && r != -EAGAIN)
		connection_close(connection, NULL);
	else
		request_done(connection);
}

static void refuse_over_limit(struct connection *connection)
{
	char why[48];

	snprintf(why, sizeof(why), "over --max-connections=%u",
	    connection->all->limit);
	request_refuse(connection->request, 503, why);
}

/* `error`: what was wrong with the parameters, or 0. */
static void start_request(
    struct connection *connection, struct fcgi_params *params, int error)
{
	bool is_body_pending = fcgi_scan_in_request(&connection->scan);
	const struct request_origin origin = {
		.services = connection->all->services,
		.params = params,
		.writer = &connection->writer.writer,
		.output = connection->output,
		.over = on_over,
		.want_body = on_want_body,
		.context = connection,
		.body_pending = is_body_pending,
		.sequence = ++connection->all->requests,
	};
	struct request *request = request_new(&origin);

	if (!request) {
		fcgi_params_free(params);
		connection_refuse(connection, "out of memory");
		return;
	}
	connection->request = request;
	fcgi_output_begin(connection->output, connection->scan.request_id);
	writer_fcgi_begin(&connection->writer);
	end_gate_begin(&connection->gate, is_body_pending);
	connection_enter(connection, CONNECTION_ANSWERING);
	if (error < 0)
		request_refuse(request, 400, "malformed PARAMS");
	else if (connection->over_limit)
		refuse_over_limit(connection);
	else
		connection->all->on_request(request);
}

/* The head is whole, and so is what was read along with it. */
static void start(struct connection *connection)
{
	struct byte_queue *head = &connection->head;
	struct fcgi_params *params = NULL;
	int r;

	r = fcgi_params_parse(connection->all->parser, head->data + head->start,
	    head->length, &params);
	byte_queue_clear(head);
	if (r == -EPROTO) /* its answer is 400 */
		params = fcgi_params_none();
	if (params)
		start_request(connection, params, r);
	else
		connection_refuse(connection, strerror(r < 0 ? -r : ENOMEM));
}

/* --- what every state makes of its bytes ---------------------------------- */

static void on_head_bytes(struct connection *connection)
{
	int r = byte_queue_append(&connection->head, connection->scan.data,
	    connection->scan.length, FCGI_SCAN_HEAD_MAX);

	if (r < 0)
		connection_refuse(connection, strerror(-r));
}

static void on_management(struct connection *connection)
{
	uint8_t answer[FCGI_MANAGEMENT_ANSWER_MAX];
	const struct fcgi_management_limits limits = { connection->all->limit };
	size_t length = fcgi_management_answer(&connection->management,
	    connection->scan.record.type, &limits, answer);

	send_control(connection, answer, length);
}

/* A body that nobody waits for is dropped. */
static void on_event(struct connection *connection, enum fcgi_scan_event event)
{
	switch (event) {
	case FCGI_SCAN_MORE:
	case FCGI_SCAN_BODY_BYTES:
	case FCGI_SCAN_BODY_END:
		break;
	case FCGI_SCAN_HEAD_BYTES:
		on_head_bytes(connection);
		break;
	case FCGI_SCAN_HEAD_END:
		connection->body_length = 0;
		connection_enter(connection, CONNECTION_STARTING);
		break;
	case FCGI_SCAN_UNKNOWN_ROLE:
		refuse_head(connection, FCGI_UNKNOWN_ROLE);
		break;
	case FCGI_SCAN_ABORT:
		abort_request(connection);
		break;
	case FCGI_SCAN_MANAGEMENT_BYTES:
		fcgi_management_read(&connection->management,
		    connection->scan.data, connection->scan.length);
		break;
	case FCGI_SCAN_MANAGEMENT_END:
		on_management(connection);
		break;
	case FCGI_SCAN_SECOND_REQUEST:
		refuse_request(connection, connection->scan.record.request_id,
		    FCGI_CANT_MPX_CONN);
		break;
	case FCGI_SCAN_BROKEN:
		connection_refuse(connection, connection->scan.reason);
		break;
	}
}

/* --- one function a state ------------------------------------------------- */

static void act(struct connection *connection, enum fcgi_scan_event event);

/*
 * A request starts after what was read along with its head: that is mostly the
 * end of an empty body. The bytes of a body come after the start: they need
 * the request.
 */
static void in_starting(
    struct connection *connection, enum fcgi_scan_event event)
{
	if (event == FCGI_SCAN_BODY_BYTES) {
		start(connection);
		act(connection, event);
		return;
	}
	on_event(connection, event);
	if (connection->state == CONNECTION_STARTING)
		start(connection);
}

static void in_body(struct connection *connection, enum fcgi_scan_event event)
{
	struct request *request = connection->request;

	if (event == FCGI_SCAN_BODY_BYTES) {
		/* Each piece brings the body time for the next. */
		connection_enter(connection, CONNECTION_BODY);
		request_add_body(
		    request, connection->scan.data, connection->scan.length);
	} else if (event == FCGI_SCAN_BODY_END) {
		connection_enter(connection, CONNECTION_ANSWERING);
		end_gate_open(&connection->gate);
		request_end_body(request);
	} else {
		on_event(connection, event);
	}
}

static void in_answering(
    struct connection *connection, enum fcgi_scan_event event)
{
	if (event == FCGI_SCAN_BODY_END) {
		end_gate_open(&connection->gate);
		request_end_body(connection->request);
	} else {
		on_event(connection, event);
	}
}

/* Lets the end go that was held. */
static void release_end(struct connection *connection)
{
	struct writer *writer = &connection->writer.writer;

	end_gate_open(&connection->gate);
	connection_enter(connection, CONNECTION_ANSWERING);
	/* The stream asked for room meanwhile, and may try at once. */
	connection_want_room(connection, true);
	writer->ready(writer->context);
	/* The next request may follow in the bytes that are just being read. */
	turn_ends_run(&connection->all->services->ends);
}

static void in_holding(
    struct connection *connection, enum fcgi_scan_event event)
{
	if (event == FCGI_SCAN_BODY_END)
		release_end(connection);
	else
		on_event(connection, event);
}

static void in_lingering(
    struct connection *connection, enum fcgi_scan_event event)
{
	if (event == FCGI_SCAN_BODY_END || event == FCGI_SCAN_ABORT)
		connection_flush(connection);
	else if (event == FCGI_SCAN_BODY_BYTES &&
	    connection->body_length > CONNECTION_BODY_MAX)
		connection_refuse(connection, "request body over 16 MiB");
	else
		on_event(connection, event);
}

typedef void state_fn(
    struct connection *connection, enum fcgi_scan_event event);

static state_fn *const functions[] = {
	[CONNECTION_NEW] = on_event,
	[CONNECTION_IDLE] = on_event,
	[CONNECTION_HEAD] = on_event,
	[CONNECTION_STARTING] = in_starting,
	[CONNECTION_BODY] = in_body,
	[CONNECTION_ANSWERING] = in_answering,
	[CONNECTION_HOLDING] = in_holding,
	[CONNECTION_LINGERING] = in_lingering,
};

static void act(struct connection *connection, enum fcgi_scan_event event)
{
	if (connection->state != CONNECTION_CLOSED)
		functions[connection->state](connection, event);
}

void connection_feed(
    struct connection *connection, const uint8_t *input, size_t length)
{
	enum fcgi_scan_event event;
	size_t used;

	do {
		event = fcgi_scan_next(&connection->scan, input, length, &used);
		input += used;
		length -= used;
		if (event == FCGI_SCAN_BODY_BYTES)
			connection->body_length += connection->scan.length;
		act(connection, event);
	} while (
	    event != FCGI_SCAN_MORE && connection->state != CONNECTION_CLOSED);
	if (connection->state == CONNECTION_IDLE ||
	    connection->state == CONNECTION_HEAD)
		await_head(connection);
}

void connection_end_input(struct connection *connection)
{
	struct request *request = connection->request;
	bool is_cut = fcgi_scan_in_request(&connection->scan);

	fcgi_scan_end(&connection->scan);
	connection_stop_reading(connection);
	if (!request) {
		request_done(connection);
		return;
	}
	if (!is_cut)
		return;
	if (connection->state == CONNECTION_HOLDING) {
		release_end(connection);
		return;
	}
	end_gate_open(&connection->gate);
	if (connection->state == CONNECTION_BODY)
		connection_enter(connection, CONNECTION_ANSWERING);
	if (request_wants_body(request))
		request_stop_body(
		    request, 400, "the front sent no more of the request body");
}

void connection_give_up_body(struct connection *connection)
{
	struct request *request = connection->request;

	if (connection->state == CONNECTION_HOLDING) {
		connection->scan.keep_conn = false;
		release_end(connection);
		return;
	}
	connection_enter(connection, CONNECTION_ANSWERING);
	/* An answer may have begun without its body. */
	if (!request_wants_body(request))
		return;
	connection->scan.keep_conn = false;
	end_gate_open(&connection->gate);
	request_stop_body(
	    request, 408, "no more of the request body within --head-timeout");
}
