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
#include "fcgi_app/connection/connection.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/container_of.h"
#include "common/fcgi/byte_queue.h"
#include "common/fcgi/fcgi_output.h"
#include "common/fcgi/fcgi_scan.h"
#include "common/fcgi/writer_fcgi.h"
#include "fcgi_app/connection/connection_internal.h"
#include "fcgi_app/connection/peer_timer.h"
#include "fcgi_app/request/request.h"
#include "fcgi_app/request/services.h"
#include "fcgi_app/setup/log.h"
#include "fcgi_app/setup/options.h"

#define PEER_CLOSED "peer closed the connection"

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

void connection_close(struct connection *connection, const char *reason)
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

void connection_refuse(struct connection *connection, const char *reason)
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

void connection_set_timer(
    struct connection *connection, enum peer_timer_use use)
{
	if (!connection->closing)
		peer_timer_set(&connection->timer, use);
}

/*
 * A response that waits for the end of the body ends without it. One that is
 * under way meanwhile does not need it.
 */
static void on_expired(struct peer_timer *timer, const char *reason)
{
	struct connection *connection =
	    container_of(timer, struct connection, timer);
	struct request *request = connection->request;

	if (request && request_wants_body(request)) {
		connection->scan.keep_conn = false;
		writer_fcgi_body_done(&connection->writer);
		request_stop_body(request);
	} else if (connection->writer.held) {
		connection->scan.keep_conn = false;
		writer_fcgi_body_done(&connection->writer);
	} else if (!request || timer->use == PEER_TIMER_SEND) {
		connection_refuse(connection, reason);
	}
}

/* Waits for room in the socket; who takes nothing for long is dropped. */
static void watch_writable(struct connection *connection)
{
	peer_timer_wait(&connection->timer, true);
	watch(connection, UV_READABLE | UV_WRITABLE);
	connection_set_timer(connection, PEER_TIMER_SEND);
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
		connection_set_timer(connection, PEER_TIMER_LINGER);
}

void connection_time_input(struct connection *connection)
{
	if (connection->lingering)
		connection_set_timer(connection, PEER_TIMER_LINGER);
	else if (fcgi_scan_in_head(&connection->scan) || !connection->served)
		connection_set_timer(connection, PEER_TIMER_HEAD);
	else
		connection_set_timer(connection, PEER_TIMER_OFF);
}

void connection_flush(struct connection *connection)
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

/* --- input ------------------------------------------------------------------
 */

static void on_readable(struct connection *connection)
{
	uint8_t *in = connection->all->input;
	ssize_t n = recv(connection->fd, in, CONNECTION_READ_MAX, MSG_DONTWAIT);

	if (n > 0)
		connection_feed(connection, in, (size_t)n);
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
	connection_flush(connection);
	if (!(connection->events & UV_WRITABLE))
		connection_time_input(connection);
}

/* --- beginning ---------------------------------------------------------- */

int connection_new(struct connections *all, int fd)
{
	struct connection *connection = calloc(1, sizeof(*connection));
	uv_loop_t *loop = all->services->loop;

	if (!connection)
		goto out_close;
	connection->output = fcgi_output_new(fd, all->records);
	if (!connection->output || uv_poll_init(loop, &connection->poll, fd))
		goto out_free;
	peer_timer_init(
	    &connection->timer, loop, all->services->options, on_expired);
	connection->poll.data = connection->timer.handle.data = connection;
	connection->open_handles = 2;
	connection->all = all;
	connection->fd = fd;
	connection->over_limit = all->count >= all->limit;
	writer_fcgi_init(&connection->writer, connection->output, fd,
	    all->services->options->chunk_size);
	connection->writer.loop = loop;
	connection->writer.watch = on_want;
	connection->writer.watch_context = connection;
	fcgi_scan_init(&connection->scan);
	TAILQ_INSERT_TAIL(&all->list, connection, link);
	all->count++;
	watch(connection, UV_READABLE);
	connection_time_input(connection);
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
