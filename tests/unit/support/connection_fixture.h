/* SPDX-License-Identifier: MIT */
/*
 * A connection over a socket pair, and as much of a worker as it needs. The
 * action is one of ours. Nothing takes time: its timer is fired by hand.
 */
#ifndef TESTS_UNIT_SUPPORT_CONNECTION_FIXTURE_H
#define TESTS_UNIT_SUPPORT_CONNECTION_FIXTURE_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "fcgi_app/connection/connection.h"
#include "fcgi_app/connection/connection_state.h"
#include "fcgi_app/request/services.h"
#include "fcgi_app/setup/options.h"
#include "tests/unit/support/mock_source.h"

/* Longer than any test: --head-timeout and --send-timeout. */
#define HOUR_MS 3600000

/* What our action does with a request. */
enum connection_conduct {
	CONDUCT_WAITS,
	CONDUCT_ANSWERS, /* 404 */
	CONDUCT_READS_BODY,
};

struct connection_fixture {
	uv_loop_t loop;
	struct options options;
	struct services services;
	struct connections all;
	int peer; /* the front's end of the connection made last */
	enum connection_conduct conduct;
	struct mock_source source;
	struct request *request; /* NULL: none, or it is over */
	unsigned int requests;
	const char *reason;    /* why the last that is over was cut short */
	bool was_body_pending; /* when the last of them started */
	char body[16];
	unsigned int changes; /* connections that were closed */
	char log[4096];
};

/* For cmocka: one connection, where only one is allowed. */
int connection_fixture_setup(void **state);

/* Breaks what is left; nothing may stay behind. */
int connection_fixture_teardown(void **state);

/* Makes one more connection. */
void connection_fixture_connect(struct connection_fixture *f);

/* Answers the request with `size` bytes, which are `late` or come at once. */
void connection_fixture_stream(
    struct connection_fixture *f, uint64_t size, bool late);

/* Makes turns of the loop until nothing more happens by itself. */
void connection_fixture_run(struct connection_fixture *f);

/* Returns the first connection, or NULL if all are closed. */
struct connection *connection_fixture_first(struct connection_fixture *f);

/* Return its state and its timer's use; CLOSED and OFF without one. */
enum connection_state connection_fixture_state(struct connection_fixture *f);
enum peer_timer_use connection_fixture_timer(struct connection_fixture *f);

/* Fires its timer, if it runs, as if its time were over. */
void connection_fixture_expire(struct connection_fixture *f);

#endif
