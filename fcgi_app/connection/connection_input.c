/* SPDX-License-Identifier: MIT */
/*
 * What a connection's bytes mean, as its scanner says: heads become requests,
 * bodies go to them, and what is about the connection itself is answered here.
 */
#include "config.h"
#include "fcgi_app/connection/connection_internal.h"

#include <errno.h>
#include <fastcgi.h>
#include <stdio.h>
#include <string.h>

#include "common/fcgi/fcgi_management.h"
#include "common/fcgi/fcgi_output.h"
#include "common/fcgi/fcgi_params.h"
#include "fcgi_app/connection/connection.h"
#include "fcgi_app/request/request.h"
#include "fcgi_app/request/services.h"
#include "fcgi_app/setup/options.h"

/* --- requests ----------------------------------------------------------- */

/*
 * The response has left. Closing with unread input would make the kernel
 * reset the connection, so a body that is still coming is waited for.
 */
static void request_done(struct connection *connection)
{
	bool keep = connection->scan.keep_conn && !connection->over_limit &&
	    !connection->all->draining;

	if (!keep && !fcgi_scan_in_body(&connection->scan)) {
		connection_close(connection, NULL);
		return;
	}
	connection->lingering = !keep;
	if (keep)
		fcgi_scan_request_done(&connection->scan);
	connection_time_input(connection);
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

/* An action waits for the request's body: the peer shall not stall. */
static void on_want_body(void *context)
{
	connection_set_timer(context, PEER_TIMER_LINGER);
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

/* Refuses a request as a whole, in the protocol's own terms (5.5). */
static void refuse_request(
    struct connection *connection, uint16_t request_id, uint8_t protocol_status)
{
	uint8_t end[FCGI_RECORD_END_SIZE];

	fcgi_record_encode_end(end, request_id, 0, protocol_status);
	send_control(connection, end, sizeof(end));
}

/* `error`: what was wrong with the parameters, or 0. */
static void start_request(
    struct connection *connection, struct fcgi_params *params, int error)
{
	const struct request_origin origin = {
		.services = connection->all->services,
		.params = params,
		.writer = &connection->writer.writer,
		.output = connection->output,
		.over = on_over,
		.want_body = on_want_body,
		.context = connection,
		.body_pending = fcgi_scan_in_body(&connection->scan),
		.sequence = ++connection->all->requests,
	};
	struct request *request = request_new(&origin);
	char why[48];

	if (!request) {
		fcgi_params_free(params);
		connection_refuse(connection, "out of memory");
		return;
	}
	connection->request = request;
	fcgi_output_begin(connection->output, connection->scan.request_id);
	writer_fcgi_begin(
	    &connection->writer, fcgi_scan_in_body(&connection->scan));
	if (error < 0) {
		request_refuse(request, 400, "malformed PARAMS");
	} else if (connection->over_limit) {
		snprintf(why, sizeof(why), "over --max-connections=%u",
		    origin.services->options->max_connections);
		request_refuse(request, 503, why);
	} else {
		connection->all->on_request(request);
	}
}

static void on_head(struct connection *connection)
{
	struct byte_queue *head = &connection->head;
	struct fcgi_params *params = NULL;
	int r;

	connection_set_timer(connection, PEER_TIMER_OFF);
	connection->head_whole = false;
	connection->served = true;
	if (connection->scan.role != FCGI_RESPONDER) {
		byte_queue_clear(head);
		refuse_request(
		    connection, connection->scan.request_id, FCGI_UNKNOWN_ROLE);
		if (!connection->closing)
			request_done(connection);
		return;
	}
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

/* --- input -------------------------------------------------------------- */

static void on_head_bytes(struct connection *connection)
{
	int r = byte_queue_append(&connection->head, connection->scan.data,
	    connection->scan.length, FCGI_SCAN_HEAD_MAX);

	if (r < 0)
		connection_refuse(connection, strerror(-r));
}

static void on_body_bytes(struct connection *connection)
{
	struct request *request = connection->request;

	connection->body_length += connection->scan.length;
	if (!request && connection->body_length > CONNECTION_BODY_MAX)
		connection_refuse(connection, "request body over 16 MiB");
	if (!request || !request_wants_body(request))
		return;
	connection_set_timer(connection, PEER_TIMER_OFF);
	connection_set_timer(connection, PEER_TIMER_LINGER);
	request_add_body(
	    request, connection->scan.data, connection->scan.length);
}

static void on_body_end(struct connection *connection)
{
	struct request *request = connection->request;

	writer_fcgi_body_done(&connection->writer);
	if (connection->lingering)
		connection_close(connection, NULL);
	if (!request || connection->request != request)
		return;
	if (request_wants_body(request))
		connection_set_timer(connection, PEER_TIMER_OFF);
	request_end_body(request);
}

static void on_management(struct connection *connection)
{
	uint8_t answer[FCGI_MANAGEMENT_ANSWER_MAX];
	const struct fcgi_management_limits limits = { connection->all->limit };
	size_t length =
	    fcgi_management_answer(answer, connection->scan.record.type,
		connection->scan.data, connection->scan.length, &limits);

	send_control(connection, answer, length);
}

static void on_event(struct connection *connection, enum fcgi_scan_event event)
{
	switch (event) {
	case FCGI_SCAN_MORE:
		break;
	case FCGI_SCAN_HEAD_BYTES:
		on_head_bytes(connection);
		break;
	case FCGI_SCAN_HEAD_END:
		connection->head_whole = true;
		connection->body_length = 0;
		break;
	case FCGI_SCAN_BODY_BYTES:
		on_body_bytes(connection);
		break;
	case FCGI_SCAN_BODY_END:
		on_body_end(connection);
		break;
	case FCGI_SCAN_ABORT:
		/* 5.4; without multiplexing the connection is the request. */
		connection_close(connection, "front aborted the request");
		break;
	case FCGI_SCAN_MANAGEMENT:
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

/*
 * A request starts behind what came with its head: mostly that is all of it,
 * but for a body, which it must be there for.
 */
static bool shall_start(
    const struct connection *connection, enum fcgi_scan_event event)
{
	return connection->head_whole && !connection->closing &&
	    event != FCGI_SCAN_HEAD_END;
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
		if (event == FCGI_SCAN_BODY_BYTES &&
		    shall_start(connection, event))
			on_head(connection);
		if (!connection->closing)
			on_event(connection, event);
		if (shall_start(connection, event))
			on_head(connection);
	} while (event != FCGI_SCAN_MORE && !connection->closing);
	if (!connection->request && !(connection->events & UV_WRITABLE))
		connection_time_input(connection);
}
