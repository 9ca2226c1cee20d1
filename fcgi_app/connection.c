/* SPDX-License-Identifier: MIT */
/*
 * A connection is read whenever its socket is readable, also while a response
 * is under way: that is how the peer's close is noticed, and how a request
 * body that nobody wants is drained. Its scanner says what the bytes are.
 *
 *	idle      no request; the scanner waits for a head
 *	head      a head was begun; its bytes are kept, a timer runs
 *	request   an action answers; the timer watches that the peer takes it
 *	lingering the response has left and the connection will not be kept,
 *	          but the peer is still sending its request body; a timer runs
 *	closing   handles are being closed; nothing else may touch it
 *
 * A peer that closes its sending side counts as gone: fronts close both. The
 * connection owns socket, output, writer and, while there is one, the request.
 */
#include "config.h"
#include "fcgi_app/connection.h"

#include <errno.h>
#include <fastcgi.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/byte_queue.h"
#include "common/container_of.h"
#include "common/fcgi_management.h"
#include "common/fcgi_output.h"
#include "common/fcgi_params.h"
#include "common/fcgi_scan.h"
#include "common/writer_fcgi.h"
#include "fcgi_app/dispatch.h"
#include "fcgi_app/log.h"
#include "fcgi_app/options.h"
#include "fcgi_app/peer_timer.h"
#include "fcgi_app/request.h"

#define PEER_CLOSED "peer closed the connection"

struct connection {
	TAILQ_ENTRY(connection) link;
	struct connections *all;
	struct request *request;
	struct fcgi_output *output;
	struct writer_fcgi writer;
	struct fcgi_scan scan;
	struct byte_queue head;
	uint64_t body_length;
	int fd;
	int events; /* what the poll handle watches */
	unsigned int open_handles;
	bool over_limit;
	bool lingering;
	bool closing;
	bool head_whole; /* and its request not started yet */
	bool served;     /* a head was whole: from now on it may be idle */
	uv_poll_t poll;
	struct peer_timer timer;
};

static void on_poll(uv_poll_t *poll, int status, int events);

/* --- end ---------------------------------------------------------------- */

static void on_closed(uv_handle_t *handle)
{
	struct connection *connection = handle->data;

	if (--connection->open_handles > 0)
		return;
	fcgi_output_free(connection->output);
	byte_queue_clear(&connection->head);
	free(connection);
}

/*
 * Closes the socket; a request under way is aborted for `reason`. The peer
 * sees the end at once, the memory goes when libuv has let go of the handles.
 */
static void connection_close(struct connection *connection, const char *reason)
{
	struct connections *all = connection->all;
	struct request *request = connection->request;

	if (connection->closing)
		return;
	connection->closing = true;
	connection->request = NULL;
	if (request) {
		/* Of a held answer all has left but its end. */
		request_abort(request, connection->writer.held ? NULL : reason);
		fcgi_output_break(connection->output);
	}
	TAILQ_REMOVE(&all->list, connection, link);
	all->count--;
	uv_close((uv_handle_t *)&connection->poll, on_closed);
	uv_close((uv_handle_t *)&connection->timer.handle, on_closed);
	close(connection->fd);
	all->changed(all->context);
}

/* The same, for a peer that broke a rule: the log shall say which. */
static void connection_refuse(struct connection *connection, const char *reason)
{
	log_message(LOG_LEVEL_WARNING, "connection dropped: %s", reason);
	connection_close(connection, reason);
}

/* --- poll and timer ----------------------------------------------------- */

static void watch(struct connection *connection, int events)
{
	if (connection->closing || connection->events == events)
		return;
	connection->events = events;
	uv_poll_start(&connection->poll, events, on_poll);
}

static void set_timer(struct connection *connection, enum peer_timer_use use)
{
	if (!connection->closing)
		peer_timer_set(&connection->timer, use);
}

/* A response that waits for the end of the body ends without it. */
static void on_expired(struct peer_timer *timer, const char *reason)
{
	struct connection *connection =
	    container_of(timer, struct connection, timer);

	connection->scan.keep_conn = false;
	if (connection->writer.held)
		writer_fcgi_body_done(&connection->writer);
	else
		connection_refuse(connection, reason);
}

/* Waits for room in the socket; who takes nothing for long is dropped. */
static void watch_writable(struct connection *connection)
{
	peer_timer_wait(&connection->timer, true);
	watch(connection, UV_READABLE | UV_WRITABLE);
	set_timer(connection, PEER_TIMER_SEND);
}

static void watch_readable(struct connection *connection)
{
	peer_timer_wait(&connection->timer, false);
	watch(connection, UV_READABLE);
}

/* The writer waits for room in the socket, or does so no longer. */
static void on_want(void *context, bool on)
{
	struct connection *connection = context;

	(on ? watch_writable : watch_readable)(connection);
	if (connection->writer.held)
		set_timer(connection, PEER_TIMER_LINGER);
}

/*
 * Between responses: a begun record may be a head, which has its time, as has
 * the rest of a body. A connection that has been served may be idle.
 */
static void time_input(struct connection *connection)
{
	if (connection->lingering)
		set_timer(connection, PEER_TIMER_LINGER);
	else if (fcgi_scan_in_head(&connection->scan) || !connection->served)
		set_timer(connection, PEER_TIMER_HEAD);
	else
		set_timer(connection, PEER_TIMER_OFF);
}

/* Sends what the output holds outside of a response. */
static void flush(struct connection *connection)
{
	bool answers = connection->request && !connection->writer.held;
	int r;

	if (answers || connection->closing)
		return;
	r = fcgi_output_flush(connection->output);
	if (r == -EAGAIN)
		watch_writable(connection);
	else if (r < 0)
		connection_close(connection, PEER_CLOSED);
	else
		watch_readable(connection);
}

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
	time_input(connection);
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
	set_timer(context, PEER_TIMER_HEAD);
}

/* Queues whole records beside those of a response. */
static void send_control(
    struct connection *connection, const void *records, size_t length)
{
	int r = fcgi_output_control(connection->output, records, length);

	if (r == -ENOBUFS)
		connection_refuse(
		    connection, "asks for more than it reads the answers of");
	else
		flush(connection);
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
		.services = &connection->all->services,
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

	if (!request) {
		fcgi_params_free(params);
		connection_refuse(connection, "out of memory");
		return;
	}
	connection->request = request;
	fcgi_output_begin(connection->output, connection->scan.request_id);
	writer_fcgi_begin(
	    &connection->writer, fcgi_scan_in_body(&connection->scan));
	if (error < 0)
		request_refuse(request, 400, "malformed parameters");
	else if (connection->over_limit)
		request_refuse(request, 503, "over --max-connections");
	else
		dispatch(request);
}

static void on_head(struct connection *connection)
{
	struct byte_queue *head = &connection->head;
	struct fcgi_params *params = NULL;
	int r;

	set_timer(connection, PEER_TIMER_OFF);
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
	set_timer(connection, PEER_TIMER_OFF);
	set_timer(connection, PEER_TIMER_HEAD);
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
		set_timer(connection, PEER_TIMER_OFF);
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

static void feed(
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
		time_input(connection);
}

static void on_readable(struct connection *connection)
{
	uint8_t *in = connection->all->input;
	ssize_t n = recv(connection->fd, in, CONNECTION_READ_MAX, MSG_DONTWAIT);

	if (n > 0)
		feed(connection, in, (size_t)n);
	else if (n == 0 || errno == ECONNRESET)
		connection_close(connection, PEER_CLOSED);
	else if (errno != EAGAIN && errno != EINTR)
		connection_close(connection, strerror(errno));
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct connection *connection =
	    container_of(poll, struct connection, poll);

	/* An error of the socket shows in what is read from it. */
	if (status < 0 || (events & UV_READABLE))
		on_readable(connection);
	if (status < 0)
		connection_close(connection, PEER_CLOSED);
	if (connection->closing || !(events & UV_WRITABLE))
		return;
	peer_timer_progress(&connection->timer);
	if (connection->request) {
		writer_fcgi_ready(&connection->writer);
		return;
	}
	flush(connection);
	if (!(connection->events & UV_WRITABLE))
		time_input(connection);
}

/* --- beginning ---------------------------------------------------------- */

int connection_new(struct connections *all, int fd)
{
	struct connection *connection = calloc(1, sizeof(*connection));
	uv_loop_t *loop = all->services.loop;

	if (!connection)
		goto out_close;
	connection->output = fcgi_output_new(fd, all->records);
	if (!connection->output || uv_poll_init(loop, &connection->poll, fd))
		goto out_free;
	peer_timer_init(
	    &connection->timer, loop, all->services.options, on_expired);
	connection->poll.data = connection->timer.handle.data = connection;
	connection->open_handles = 2;
	connection->all = all;
	connection->fd = fd;
	connection->over_limit = all->count >= all->limit;
	writer_fcgi_init(&connection->writer, connection->output, fd,
	    all->services.options->chunk_size);
	connection->writer.loop = loop;
	connection->writer.watch = on_want;
	connection->writer.watch_context = connection;
	fcgi_scan_init(&connection->scan);
	TAILQ_INSERT_TAIL(&all->list, connection, link);
	all->count++;
	watch(connection, UV_READABLE);
	time_input(connection);
	return 0;

out_free:
	fcgi_output_free(connection->output);
	free(connection);
out_close:
	close(fd);
	return -ENOMEM;
}

void connections_init(struct connections *connections)
{
	TAILQ_INIT(&connections->list);
	connections->count = 0;
	connections->draining = false;
	connections->requests = 0;
}

/* Closing one takes it off the list; the next is remembered before. */
void connections_drain(struct connections *connections)
{
	struct connection *connection = TAILQ_FIRST(&connections->list);

	connections->draining = true;
	while (connection) {
		struct connection *next = TAILQ_NEXT(connection, link);

		if (!connection->request)
			connection_close(connection, NULL);
		connection = next;
	}
}

void connections_abort(struct connections *connections, const char *reason)
{
	while (!TAILQ_EMPTY(&connections->list))
		connection_close(TAILQ_FIRST(&connections->list), reason);
}
