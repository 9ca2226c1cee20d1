/* SPDX-License-Identifier: MIT */
/* A connection, and the states that it goes through. */
#ifndef FCGI_APP_CONNECTION_CONNECTION_STATE_H
#define FCGI_APP_CONNECTION_CONNECTION_STATE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <uv.h>

#include "common/fcgi/byte_queue.h"
#include "common/fcgi/end_gate.h"
#include "common/fcgi/fcgi_management.h"
#include "common/fcgi/fcgi_scan.h"
#include "common/fcgi/writer_fcgi.h"
#include "fcgi_app/connection/peer_timer.h"

struct connections;
struct fcgi_output;
struct request;

#define CONNECTION_PEER_CLOSED "peer closed the connection"

enum connection_state {
	/* Accepted; its first head has to come in time. */
	CONNECTION_NEW,
	/* Kept after an answer, for as long as the front likes. */
	CONNECTION_IDLE,
	/* Kept, and a record was begun that may be of the next head. */
	CONNECTION_HEAD,
	/* The head is whole; what was read along with it comes first. */
	CONNECTION_STARTING,
	/* An action waits for the body of its request, until it answers. */
	CONNECTION_BODY,
	/* An action has the request; the peer must take the answer. */
	CONNECTION_ANSWERING,
	/* The answer has left but its end, which waits for the body. */
	CONNECTION_HOLDING,
	/*
	 * The request was answered and the connection will not be kept, but the
	 * rest of the request is still coming: if it were closed with unread
	 * input, the kernel would reset it. Or the last bytes wait for room.
	 */
	CONNECTION_LINGERING,
	/* Handles are being closed; nothing else may touch it. */
	CONNECTION_CLOSED,
};

struct connection {
	TAILQ_ENTRY(connection) link;
	struct connections *all;
	enum connection_state state; /* set by connection_enter() alone */
	/* In BODY, ANSWERING and HOLDING; else NULL. */
	struct request *request;
	struct fcgi_output *output;
	struct writer_fcgi writer;
	struct end_gate gate;
	struct fcgi_scan scan;
	struct fcgi_management management;
	struct byte_queue head;
	uint64_t body_length;
	int fd;
	int events; /* what the poll handle watches */
	unsigned int open_handles;
	bool over_limit;
	bool is_half_closed; /* the peer sends no more, and takes its answer */
	uv_poll_t poll;
	struct peer_timer timer;
};

/* Changes the state: its timer begins anew, and its events are watched. */
void connection_enter(
    struct connection *connection, enum connection_state state);

/*
 * Closes the socket; a request under way is aborted for `reason`. The peer
 * sees the end at once, the memory goes when libuv has let go of the handles.
 */
void connection_close(struct connection *connection, const char *reason);

/* As connection_close(), for a peer at fault: the log says in which state. */
void connection_refuse(struct connection *connection, const char *reason);

/*
 * Sends what the output holds outside of a response. A connection that lingers
 * is closed when all has left and come.
 */
void connection_flush(struct connection *connection);

/* The peer sends no more: only that it is gone is watched for from now on. */
void connection_stop_reading(struct connection *connection);

/*
 * What the answer's writer asks for (a writer_fcgi_watch_fn): watches the
 * socket for room, or no longer. A peer that takes nothing for --send-timeout
 * is dropped.
 */
void connection_want_room(void *context, bool on);

#endif
