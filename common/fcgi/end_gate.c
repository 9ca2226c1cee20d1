/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "common/fcgi/end_gate.h"

#include <assert.h>

void end_gate_init(struct end_gate *gate, end_gate_held_fn *held)
{
	*gate = (struct end_gate){ .state = END_GATE_OPEN, .held = held };
}

void end_gate_begin(struct end_gate *gate, bool is_body_pending)
{
	gate->state = is_body_pending ? END_GATE_SHUT : END_GATE_OPEN;
}

bool end_gate_is_open(const struct end_gate *gate)
{
	return gate->state == END_GATE_OPEN;
}

void end_gate_hold(struct end_gate *gate)
{
	assert(gate->state != END_GATE_OPEN);
	if (gate->state == END_GATE_HOLDS)
		return;
	gate->state = END_GATE_HOLDS;
	gate->held(gate);
}

void end_gate_open(struct end_gate *gate)
{
	gate->state = END_GATE_OPEN;
}
