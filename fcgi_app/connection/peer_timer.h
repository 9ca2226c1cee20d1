/* SPDX-License-Identifier: MIT */
/* How long a peer may keep its connection waiting, and for what. */
#ifndef FCGI_APP_CONNECTION_PEER_TIMER_H
#define FCGI_APP_CONNECTION_PEER_TIMER_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

struct options;
struct peer_timer;

enum peer_timer_use {
	PEER_TIMER_OFF,
	PEER_TIMER_HEAD, /* for the rest of a head: --head-timeout */
	PEER_TIMER_BODY, /* for the rest of a body: --head-timeout */
	PEER_TIMER_SEND, /* for room in the socket: --send-timeout */
};

/* The peer's time is over; `reason` is a constant, for the log. */
typedef void peer_timer_expired_fn(
    struct peer_timer *timer, const char *reason);

/* Embedded by value. */
struct peer_timer {
	/* To be closed by the owner (uv_close()). */
	uv_timer_t handle;
	const struct options *options;
	peer_timer_expired_fn *expired;
	enum peer_timer_use use;
	bool waiting;
	uint64_t waiting_since; /* uv_now() */
};

/* Off. */
void peer_timer_init(struct peer_timer *timer, uv_loop_t *loop,
    const struct options *options, peer_timer_expired_fn *expired);

/* Starts the timer for another use; for the same use it runs on. */
void peer_timer_set(struct peer_timer *timer, enum peer_timer_use use);

/*
 * Whether it is the peer's turn to take something. For PEER_TIMER_SEND only
 * that time counts, not what the program itself needs.
 */
void peer_timer_wait(struct peer_timer *timer, bool waiting);

/* The peer took something: what it waited counts no more. */
void peer_timer_progress(struct peer_timer *timer);

#endif
