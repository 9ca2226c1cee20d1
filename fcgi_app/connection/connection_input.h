/* SPDX-License-Identifier: MIT */
/* What a connection's bytes mean. */
#ifndef FCGI_APP_CONNECTION_CONNECTION_INPUT_H
#define FCGI_APP_CONNECTION_CONNECTION_INPUT_H

#include <stddef.h>
#include <stdint.h>

struct connection;

/* Acts on bytes that came: starts requests, and gives them their bodies. */
void connection_feed(
    struct connection *connection, const uint8_t *input, size_t length);

/*
 * The peer sends no more but takes its answer. A body that is not whole is
 * answered 400; without a request the connection is closed.
 */
void connection_end_input(struct connection *connection);

/*
 * The rest of the body did not come in time: in BODY the action's request is
 * answered 408, in HOLDING the answer ends without it. Neither keeps the
 * connection.
 */
void connection_give_up_body(struct connection *connection);

#endif
