/* SPDX-License-Identifier: MIT */
/* Accepts a worker's connections, with an eye on the other workers. */
#ifndef FCGI_APP_PROCESS_ACCEPTOR_H
#define FCGI_APP_PROCESS_ACCEPTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "fcgi_app/setup/options.h"

struct connections;
struct worker_board;
struct worker_config;

/* All of these outlive the acceptor. */
struct acceptor_options {
	uv_loop_t *loop;
	/* Its listeners, the addresses it allows, its board. */
	const struct worker_config *config;
	/* The worker's place on the board. */
	unsigned int number;
	struct connections *connections;
};

/* Embedded by value and zeroed; for its own functions only. */
struct acceptor {
	struct acceptor_options options;
	struct worker_board *board;
	uv_timer_t rest;
	uv_timer_t yield;
	uint64_t yield_ms; /* the next one */
	uint64_t yielded_until;
	bool has_yielded;
	bool is_polling;
	size_t count;
	uv_poll_t polls[OPTIONS_LISTEN_MAX]; /* one for each listener */
};

/*
 * Makes the handles; accepts nothing before acceptor_update(). Returns 0, or
 * the error of libuv: the loop must not be used then.
 */
int acceptor_init(
    struct acceptor *acceptor, const struct acceptor_options *options);

/*
 * To be called when the number of connections has changed: accepts if there is
 * room and no reason to wait.
 */
void acceptor_update(struct acceptor *acceptor);

/* Accepts no more. The connections must be draining by the next update. */
void acceptor_stop(struct acceptor *acceptor);

/* Closes the handles, after acceptor_stop(). */
void acceptor_close(struct acceptor *acceptor);

#endif
