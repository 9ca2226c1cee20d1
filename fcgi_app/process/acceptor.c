/* SPDX-License-Identifier: MIT */
/*
 * When a worker accepts:
 *
 *	polling   each connection that arrives
 *	resting   none for a while: descriptors or memory have run out
 *	yielding  none for a moment: others have fewer connections and may go
 *	          first; what they leave is taken, one by one, and each moment
 *	          is longer, until they have had WORKER_BOARD_PATIENCE_MS
 *	full      none until a connection is closed
 *	draining  none any more
 */
#include "config.h"
#include "fcgi_app/process/acceptor.h"

#include <errno.h>
#include <netdb.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fcgi_app/connection/connection.h"
#include "fcgi_app/process/worker_board.h"
#include "fcgi_app/process/worker_config.h"
#include "fcgi_app/setup/listener.h"
#include "fcgi_app/setup/log.h"
#include "fcgi_app/setup/web_server_addrs.h"

/* Connections taken from one listener in one turn of the loop. */
#define ACCEPT_MAX 8
/* How long to wait when accept(2) ran out of something. */
#define REST_MS 250
/* How long the others may go first: the first time, and at most. */
#define YIELD_MS 1
#define YIELD_MAX_MS 8
/* A busy worker may come to accept as late as this after its yield. */
#define YIELD_OVER_MS 50

static void on_acceptable(uv_poll_t *poll, int status, int events);

static void set_polling(struct acceptor *acceptor, bool on)
{
	if (acceptor->is_polling == on)
		return;
	acceptor->is_polling = on;
	for (size_t i = 0; i < acceptor->count; i++) {
		uv_poll_t *poll = &acceptor->polls[i];

		if (on)
			uv_poll_start(poll, UV_READABLE, on_acceptable);
		else
			uv_poll_stop(poll);
	}
}

static void on_rest_over(uv_timer_t *timer)
{
	acceptor_update(timer->data);
}

/* The descriptor table or the kernel's memory is full: spinning won't help. */
static void rest_for_a_while(struct acceptor *acceptor, int error)
{
	log_message(LOG_LEVEL_ERROR, "accept: %s; trying again in %d ms",
	    strerror(error), REST_MS);
	set_polling(acceptor, false);
	uv_timer_start(&acceptor->rest, on_rest_over, REST_MS, 0);
}

/* --- an even spread ------------------------------------------------------- */

static void tell_board(const struct acceptor *acceptor)
{
	worker_board_set(acceptor->board, acceptor->options.number,
	    acceptor->options.connections->count);
}

static void on_yield_over(uv_timer_t *timer)
{
	struct acceptor *acceptor = timer->data;

	acceptor->has_yielded = true;
	acceptor->yielded_until = uv_now(timer->loop);
	acceptor_update(acceptor);
}

/* Returns true if we just yielded and no other worker took the connection. */
static bool yield_just_ended(struct acceptor *acceptor, uint64_t now)
{
	bool has_yielded = acceptor->has_yielded;

	acceptor->has_yielded = false;
	return has_yielded && now - acceptor->yielded_until <= YIELD_OVER_MS;
}

/* Returns true if it lets workers with fewer connections go first. */
static bool yields(struct acceptor *acceptor)
{
	unsigned int number = acceptor->options.number;
	uint64_t now = uv_now(acceptor->options.loop);

	if (worker_board_may_accept(acceptor->board, number, now)) {
		acceptor->yield_ms = YIELD_MS;
		return false;
	}
	if (!yield_just_ended(acceptor, now)) {
		set_polling(acceptor, false);
		uv_timer_start(
		    &acceptor->yield, on_yield_over, acceptor->yield_ms, 0);
		return true;
	}
	worker_board_miss(acceptor->board, number, now);
	if (acceptor->yield_ms < YIELD_MAX_MS)
		acceptor->yield_ms *= 2;
	return false;
}

/* --- accepting ------------------------------------------------------------ */

static void refuse_peer(const struct sockaddr *peer, socklen_t length)
{
	char host[NI_MAXHOST] = "?";

	getnameinfo(peer, length, host, sizeof(host), NULL, 0, NI_NUMERICHOST);
	log_message(LOG_LEVEL_WARNING,
	    "connection refused: %s is not in FCGI_WEB_SERVER_ADDRS", host);
}

static void take(struct acceptor *acceptor, int fd, const struct sockaddr *peer,
    socklen_t length)
{
	const struct worker_config *config = acceptor->options.config;

	if (!web_server_addrs_allow(config->web_server_addrs, peer)) {
		refuse_peer(peer, length);
		close(fd);
		return;
	}
	if (connection_new(acceptor->options.connections, fd) < 0)
		log_message(
		    LOG_LEVEL_ERROR, "connection refused: out of memory");
	tell_board(acceptor);
}

/* Returns false when it can accept no more for now. */
static bool accept_one(struct acceptor *acceptor, int listener)
{
	struct sockaddr_storage storage = { 0 };
	struct sockaddr *peer = (struct sockaddr *)&storage;
	socklen_t length = sizeof(storage);
	int fd;

	if (!connections_have_room(acceptor->options.connections)) {
		set_polling(acceptor, false);
		return false;
	}
	fd = accept4(listener, peer, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd >= 0) {
		take(acceptor, fd, peer, length);
		return true;
	}
	switch (errno) {
	case EMFILE:
	case ENFILE:
	case ENOBUFS:
	case ENOMEM:
		rest_for_a_while(acceptor, errno);
		return false;
	case EAGAIN:
		return false;
	default:
		/* The peer's fault (accept(2)); try the next one. */
		return true;
	}
}

static void on_acceptable(uv_poll_t *poll, int status, int events)
{
	struct acceptor *acceptor = poll->data;
	const struct listeners *listeners = acceptor->options.config->listeners;
	int fd = listeners->list[poll - acceptor->polls].fd;

	(void)status;
	(void)events;
	worker_board_attend(acceptor->board, acceptor->options.number);
	for (int i = 0; i < ACCEPT_MAX; i++)
		if (yields(acceptor) || !accept_one(acceptor, fd))
			break;
}

/* --- the interface -------------------------------------------------------- */

static void make_timer(struct acceptor *acceptor, uv_timer_t *timer)
{
	uv_timer_init(acceptor->options.loop, timer);
	timer->data = acceptor;
}

int acceptor_init(
    struct acceptor *acceptor, const struct acceptor_options *options)
{
	const struct listeners *listeners = options->config->listeners;

	acceptor->options = *options;
	acceptor->board = options->config->board;
	acceptor->yield_ms = YIELD_MS;
	make_timer(acceptor, &acceptor->rest);
	make_timer(acceptor, &acceptor->yield);
	for (size_t i = 0; i < listeners->count; i++) {
		int r = uv_poll_init(
		    options->loop, &acceptor->polls[i], listeners->list[i].fd);

		if (r < 0)
			return r;
		acceptor->polls[i].data = acceptor;
		acceptor->count++;
	}
	return 0;
}

void acceptor_update(struct acceptor *acceptor)
{
	const struct connections *connections = acceptor->options.connections;

	tell_board(acceptor);
	if (!connections->draining && connections_have_room(connections) &&
	    !uv_is_active((uv_handle_t *)&acceptor->rest) &&
	    !uv_is_active((uv_handle_t *)&acceptor->yield))
		set_polling(acceptor, true);
}

void acceptor_stop(struct acceptor *acceptor)
{
	set_polling(acceptor, false);
	uv_timer_stop(&acceptor->rest);
	uv_timer_stop(&acceptor->yield);
}

void acceptor_close(struct acceptor *acceptor)
{
	for (size_t i = 0; i < acceptor->count; i++)
		uv_close((uv_handle_t *)&acceptor->polls[i], NULL);
	uv_close((uv_handle_t *)&acceptor->rest, NULL);
	uv_close((uv_handle_t *)&acceptor->yield, NULL);
}
