/* SPDX-License-Identifier: MIT */
/* What all connections of a worker share. */
#ifndef FCGI_APP_CONNECTION_CONNECTIONS_H
#define FCGI_APP_CONNECTION_CONNECTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <uv.h>

struct chunk_pool;
struct connection;
struct fcgi_params_parser;
struct request;
struct services;

/* Bytes that one turn of the loop reads from a connection at most. */
#define CONNECTION_READ_MAX 65536
/*
 * A request body longer than this ends the connection when the answer is out.
 * Until then it is read and dropped: Apache takes what it has not sent of the
 * body of a broken request for requests of the same client.
 */
#define CONNECTION_BODY_MAX ((uint64_t)16 << 20)
/* Connections over the limit that are still answered, with 503. */
#define CONNECTION_SPARE 64

/* Answers a request, now or later; see request.h. */
typedef void connections_request_fn(struct request *request);

/* A connection was closed. */
typedef void connections_changed_fn(void *context);

/* One for each worker, which sets the first group. */
struct connections {
	struct services *services;
	struct fcgi_params_parser *parser;
	/* Buffers of FCGI_BATCH_BUFFER_SIZE. */
	struct chunk_pool *records;
	unsigned int limit;
	connections_request_fn *on_request;
	connections_changed_fn *changed;
	void *context;

	TAILQ_HEAD(, connection) list;
	unsigned int count;
	bool draining;
	uint64_t requests;
	uv_poll_cb on_poll;
	uint8_t input[CONNECTION_READ_MAX];
};

/* Returns whether one more is accepted, be it only to be answered 503. */
static inline bool connections_have_room(const struct connections *all)
{
	return all->count < all->limit + CONNECTION_SPARE;
}

#endif
