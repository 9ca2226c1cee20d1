/* SPDX-License-Identifier: MIT */
/* A source of made-up bytes that may pause, and that tells how far it is. */
#ifndef FCGI_APP_PROBE_SOURCE_H
#define FCGI_APP_PROBE_SOURCE_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

struct probe_board;
struct source;

/* For an answer without a place on the board. */
#define PROBE_SOURCE_NO_SLOT (-1)

struct probe_source_plan {
	uv_loop_t *loop;
	uint64_t size;
	/* Offset before which to pause; `size`: nowhere. */
	uint64_t pause_at;
	/* For so long, or until the board says that it is released. */
	uint64_t pause_ms;
	/* Instead of going on after the pause, fail with -ECANCELED. */
	bool cut;
	struct probe_board *board;
	int slot;
	/* Called once when the source is so old; it may be closed therein. */
	uint64_t lifetime_ms;
	void (*expired)(void *context);
	void *context;
};

/*
 * Bytes as by probe_query_byte(). The plan is copied; board and loop must
 * outlive the source. NULL: out of memory.
 */
struct source *probe_source_new(const struct probe_source_plan *plan);

#endif
