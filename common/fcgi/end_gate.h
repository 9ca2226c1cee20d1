/* SPDX-License-Identifier: MIT */
/*
 * May the END_REQUEST of an answer leave yet?
 *
 * HAProxy (2.6) mishandles an END_REQUEST that comes in the middle of the
 * request body it is sending, and lets the client's next request hang. So the
 * gate is shut while the body is still coming; an end that comes to a shut gate
 * is held until it opens.
 */
#ifndef COMMON_FCGI_END_GATE_H
#define COMMON_FCGI_END_GATE_H

#include <stdbool.h>

struct end_gate;

/* All of an answer has left but its end, which is held from now on. */
typedef void end_gate_held_fn(struct end_gate *gate);

enum end_gate_state {
	END_GATE_OPEN,
	END_GATE_SHUT,
	END_GATE_HOLDS, /* shut, and an end waits */
};

/* Embedded by value. */
struct end_gate {
	enum end_gate_state state;
	end_gate_held_fn *held;
};

/* Open. */
void end_gate_init(struct end_gate *gate, end_gate_held_fn *held);

/* Before each answer: shuts the gate if the request's body is not whole. */
void end_gate_begin(struct end_gate *gate, bool is_body_pending);

/* Returns whether the end may leave. */
bool end_gate_is_open(const struct end_gate *gate);

/* Holds the end at a shut gate, and calls `held` if it was not held before. */
void end_gate_hold(struct end_gate *gate);

/* The body is whole, or no longer waited for. An end that is held may leave. */
void end_gate_open(struct end_gate *gate);

#endif
