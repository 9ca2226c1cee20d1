/* SPDX-License-Identifier: MIT */
/*
 * The life of a connection, and the events of its socket and its timer; each
 * goes to what its state (connection_state.c) makes of it.
 *
 * The connection owns socket, output, writer, gate and, while it has one, the
 * request.
 */
#include "config.h"
#include "fcgi_app/connection/connection.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/container_of.h"
#include "common/fcgi/fcgi_output.h"
#include "common/turn_end.h"
#include "fcgi_app/connection/connection_input.h"
#include "fcgi_app/connection/connection_state.h"
#include "fcgi_app/request/request.h"
#include "fcgi_app/request/services.h"
#include "fcgi_app/setup/options.h"

/* --- events --------------------------------------------------------------- */

static void on_expired(struct peer_timer *timer, const char *reason)
{
	struct connection *connection =
	    container_of(timer, struct connection, timer);

	/* Another timer ended it in this turn: on_over() comes soon. */
	if (connection->request && connection->request->is_over)
		return;
	/* While replies wait, a body's peer is timed for these. */
	if ((connection->state == CONNECTION_BODY &&
		timer->use != PEER_TIMER_SEND) ||
	    connection->state == CONNECTION_HOLDING)
		connection_give_up_body(connection);
	else
		connection_refuse(connection, reason);
}

static void on_end_held(struct end_gate *gate)
{
	connection_enter(
	    container_of(gate, struct connection, gate), CONNECTION_HOLDING);
}

/* The peer sends no more: returns whether it still takes what is sent. */
static bool peer_receives(const struct connection *connection)
{
	struct pollfd peer = { .fd = connection->fd };

	return !connection->writer.tcp && poll(&peer, 1, 0) == 0;
}

static void on_end_of_input(struct connection *connection)
{
	if (connection->is_half_closed || !peer_receives(connection))
		connection_close(connection, CONNECTION_PEER_CLOSED);
	else
		connection_end_input(connection);
}

static void on_readable(struct connection *connection)
{
	uint8_t *in = connection->all->input;
	ssize_t n = recv(connection->fd, in, CONNECTION_READ_MAX, MSG_DONTWAIT);

	if (n > 0)
		connection_feed(connection, in, (size_t)n);
	else if (n == 0)
		on_end_of_input(connection);
	else if (errno == ECONNRESET)
		connection_close(connection, CONNECTION_PEER_CLOSED);
	else if (errno != EAGAIN && errno != EINTR)
		connection_close(connection, strerror(errno));
}

static void on_writable(struct connection *connection)
{
	peer_timer_progress(&connection->timer);
	if (connection->state == CONNECTION_ANSWERING)
		writer_fcgi_ready(&connection->writer);
	else
		connection_flush(connection);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct connection *connection =
	    container_of(poll, struct connection, poll);

	/*
	 * With very many events libuv polls again before the turn ends: an
	 * answer that has left is over before the next request is read.
	 */
	turn_ends_run(&connection->all->services->ends);
	if (connection->state == CONNECTION_CLOSED)
		return;
	/* An error of the socket shows in what is read from it. */
	if (status < 0 || (events & (UV_READABLE | UV_PRIORITIZED)))
		on_readable(connection);
	if (status < 0)
		connection_close(connection, CONNECTION_PEER_CLOSED);
	if ((events & UV_WRITABLE) && connection->state != CONNECTION_CLOSED)
		on_writable(connection);
}

/* --- beginning and end ---------------------------------------------------- */

static void init_writer(struct connection *connection)
{
	const struct services *services = connection->all->services;
	struct writer_fcgi *writer = &connection->writer;

	end_gate_init(&connection->gate, on_end_held);
	writer_fcgi_init(writer, connection->output, connection->fd,
	    services->options->chunk_size);
	writer->loop = services->loop;
	writer->gate = &connection->gate;
	writer->watch = connection_want_room;
	writer->watch_context = connection;
}

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
	init_writer(connection);
	fcgi_scan_init(&connection->scan);
	TAILQ_INSERT_TAIL(&all->list, connection, link);
	all->count++;
	connection_enter(connection, CONNECTION_NEW);
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
	connections->on_poll = on_poll;
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
