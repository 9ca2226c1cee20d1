/* SPDX-License-Identifier: MIT */
/* What connection.c and connection_input.c share. */
#ifndef FCGI_APP_CONNECTION_CONNECTION_INTERNAL_H
#define FCGI_APP_CONNECTION_CONNECTION_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <uv.h>

#include "common/fcgi/byte_queue.h"
#include "common/fcgi/fcgi_scan.h"
#include "common/fcgi/writer_fcgi.h"
#include "fcgi_app/connection/peer_timer.h"

struct connections;
struct fcgi_output;
struct request;

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

/* --- connection.c --------------------------------------------------------- */

/*
 * Closes the socket; a request under way is aborted for `reason`. The peer
 * sees the end at once, the memory goes when libuv has let go of the handles.
 */
void connection_close(struct connection *connection, const char *reason);

/* The same, for a peer that broke a rule: the log shall say which. */
void connection_refuse(struct connection *connection, const char *reason);

void connection_set_timer(
    struct connection *connection, enum peer_timer_use use);

/*
 * Between responses: a begun record may be a head, which has its time, as has
 * the rest of a body. A connection that has been served may be idle.
 */
void connection_time_input(struct connection *connection);

/* Sends what the output holds outside of a response. */
void connection_flush(struct connection *connection);

/* --- connection_input.c --------------------------------------------------- */

/* Acts on bytes that came: starts requests, and gives them their bodies. */
void connection_feed(
    struct connection *connection, const uint8_t *input, size_t length);

#endif
