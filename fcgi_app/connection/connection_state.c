/* SPDX-License-Identifier: MIT */
/*
 * The states of a connection, and the one place that changes them.
 *
 *	NEW ──────────► STARTING ──► ANSWERING ◄──► BODY, HOLDING
 *	IDLE ◄─► HEAD ────►┘              │
 *	   ▲       ▲                      ▼
 *	   └───────┴──────────────────────┴──► LINGERING
 *
 * Each may become CLOSED; a request that is refused as a whole (a role unknown)
 * or aborted before it has started goes the way of an answer at once.
 *
 * The socket is read in every state: that is how the peer's close is noticed,
 * and how a request body that nobody wants is drained.
 *
 * A peer that closes its sending side alone still gets its answer where the
 * socket tells that from a close of both, which AF_UNIX does: EPOLLHUP comes
 * with the latter alone (unix_poll() in net/unix/af_unix.c). As such a socket
 * is readable for good, libuv watches it for UV_PRIORITIZED then, which nothing
 * sets but EPOLLHUP; UV_DISCONNECT is EPOLLRDHUP, which stays set as well. A
 * connection like that is never kept. TCP has the same sign for both, and as
 * fronts close both, its peer counts as gone.
 *
 * Replies to management records leave at once, between an answer's records: the
 * answer may wait for long. What the socket has no room for leaves with the
 * answer's next bytes. Outside of an answer the connection itself sends it, and
 * times the peer for that, whatever the state.
 */
#include "config.h"
#include "fcgi_app/connection/connection_state.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/fcgi/fcgi_output.h"
#include "fcgi_app/connection/connections.h"
#include "fcgi_app/request/request.h"
#include "fcgi_app/setup/log.h"

/*
 * The socket is always watched for input. For room it is watched as the
 * answer's writer asks (connection_want_room()) in the states that answer, and
 * while replies wait in the others.
 */
static const struct {
	const char *name; /* what it does: "dropped while …" */
	enum peer_timer_use timer;
	bool is_answering;
} states[] = {
	[CONNECTION_NEW] = { "waiting for its first request", PEER_TIMER_HEAD,
	    false },
	[CONNECTION_IDLE] = { "idle", PEER_TIMER_OFF, false },
	[CONNECTION_HEAD] = { "reading a request's head", PEER_TIMER_HEAD,
	    false },
	[CONNECTION_STARTING] = { "starting a request", PEER_TIMER_OFF, false },
	[CONNECTION_BODY] = { "reading a request's body", PEER_TIMER_BODY,
	    false },
	[CONNECTION_ANSWERING] = { "answering", PEER_TIMER_OFF, true },
	[CONNECTION_HOLDING] = { "reading the rest of a request's body",
	    PEER_TIMER_BODY, false },
	[CONNECTION_LINGERING] = { "lingering after the answer",
	    PEER_TIMER_BODY, false },
	[CONNECTION_CLOSED] = { "closed", PEER_TIMER_OFF, false },
};

/* --- timer and events ----------------------------------------------------- */

static void watch_room(struct connection *connection, bool on)
{
	int events = connection->is_half_closed ? UV_PRIORITIZED : UV_READABLE;

	if (on)
		events |= UV_WRITABLE;
	peer_timer_wait(&connection->timer, on);
	if (connection->events == events)
		return;
	connection->events = events;
	uv_poll_start(&connection->poll, events, connection->all->on_poll);
}

/* Sets timer and events as state and output want them. */
static void settle(struct connection *connection)
{
	bool waits = !states[connection->state].is_answering &&
	    fcgi_output_pending(connection->output) > 0;

	watch_room(connection, waits);
	peer_timer_set(&connection->timer,
	    waits ? PEER_TIMER_SEND : states[connection->state].timer);
}

void connection_enter(
    struct connection *connection, enum connection_state state)
{
	connection->state = state;
	if (state == CONNECTION_CLOSED)
		return;
	/* For the same use the timer would run on. */
	if (connection->timer.use == states[state].timer)
		peer_timer_set(&connection->timer, PEER_TIMER_OFF);
	settle(connection);
}

void connection_flush(struct connection *connection)
{
	int r = fcgi_output_flush(connection->output);

	if (r < 0 && r != -EAGAIN)
		connection_close(connection, CONNECTION_PEER_CLOSED);
	else if (r == 0 && connection->state == CONNECTION_LINGERING &&
	    !fcgi_scan_in_request(&connection->scan))
		connection_close(connection, NULL);
	else if (!states[connection->state].is_answering)
		settle(connection);
	/* Else what did not fit leaves with the next bytes of the answer. */
}

void connection_stop_reading(struct connection *connection)
{
	connection->is_half_closed = true;
	watch_room(connection, (connection->events & UV_WRITABLE) != 0);
}

void connection_want_room(void *context, bool on)
{
	struct connection *connection = context;

	/* The action answers without having waited for the body's end. */
	if (connection->state == CONNECTION_BODY && on)
		connection_enter(connection, CONNECTION_ANSWERING);
	if (connection->state != CONNECTION_ANSWERING)
		return;
	watch_room(connection, on);
	/* It runs on meanwhile, see peer_timer.c. */
	if (on)
		peer_timer_set(&connection->timer, PEER_TIMER_SEND);
}

/* --- end ------------------------------------------------------------------ */

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

	if (connection->state == CONNECTION_CLOSED)
		return;
	/* Of an answer whose end is held all content has left. */
	if (connection->state == CONNECTION_HOLDING)
		reason = NULL;
	connection_enter(connection, CONNECTION_CLOSED);
	connection->request = NULL;
	if (request) {
		request_abort(request, reason);
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
	const char *state = states[connection->state].name;

	if (connection->request)
		log_message(LOG_LEVEL_WARNING,
		    "%s: connection dropped while %s: %s",
		    connection->request->id, state, reason);
	else
		log_message(LOG_LEVEL_WARNING,
		    "connection dropped while %s: %s", state, reason);
	connection_close(connection, reason);
}
