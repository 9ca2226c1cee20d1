/* SPDX-License-Identifier: MIT */
/* A worker's FastCGI connections. */
#ifndef FCGI_APP_CONNECTION_CONNECTION_H
#define FCGI_APP_CONNECTION_CONNECTION_H

#include "fcgi_app/connection/connections.h"

/* Empties the list; the first group of fields is the caller's to set. */
void connections_init(struct connections *connections);

/*
 * Takes over `fd`, an accepted non-blocking socket. Beyond the limit its
 * request is answered 503. Returns 0 or -ENOMEM; `fd` was closed then.
 */
int connection_new(struct connections *connections, int fd);

/* Closes idle connections now, and each of the others after its response. */
void connections_drain(struct connections *connections);

/* Breaks all connections; the log gives `reason` for requests under way. */
void connections_abort(struct connections *connections, const char *reason);

#endif
