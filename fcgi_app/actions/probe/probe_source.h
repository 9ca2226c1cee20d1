/* SPDX-License-Identifier: MIT */
/* A source of made-up bytes that may pause, and that tells how far it is. */
#ifndef FCGI_APP_ACTIONS_PROBE_PROBE_SOURCE_H
#define FCGI_APP_ACTIONS_PROBE_PROBE_SOURCE_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "fcgi_app/actions/probe/probe_board.h"

struct source;

struct probe_source_plan {
	uv_loop_t *loop;
	uint64_t size;
	/* Offset before which to pause; `size`: nowhere. */
	uint64_t pause_at;
	/* For so long, or until it is released on the board. */
	uint64_t pause_ms;
	/* Instead of going on after the pause, fail with -ECANCELED. */
	bool cut;
	/* NULL: without a place on it, and so without a pause. */
	struct probe_board *board;
	struct probe_lease lease;
};

/*
 * Returns a source of the bytes of probe_query_byte(), or NULL if out of
 * memory. The plan is copied; board and loop must outlive the source.
 */
struct source *probe_source_new(const struct probe_source_plan *plan);

#endif
