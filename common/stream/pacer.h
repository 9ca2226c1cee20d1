/* SPDX-License-Identifier: MIT */
/*
 * When the bytes of a stream may leave, at so many a second. Pure: the clock
 * is the caller's, in nanoseconds from any point on, and never runs back.
 */
#ifndef COMMON_STREAM_PACER_H
#define COMMON_STREAM_PACER_H

#include <stdbool.h>
#include <stdint.h>

/* No faster pace: 1 TiB/s. */
#define PACER_RATE_MAX ((uint64_t)1 << 40)

struct pacer_plan {
	/* Bytes per second, at most PACER_RATE_MAX; 0: no pace. */
	uint64_t rate;
	/* Bytes that may leave before it counts. */
	uint64_t burst;
};

/* Embedded by value; all fields are the pacer's own. */
struct pacer {
	uint64_t rate;
	uint64_t piece;    /* bytes that are worth a wake-up */
	uint64_t most;     /* bytes that it catches up on */
	uint64_t free;     /* bytes to go until the clock counts */
	uint64_t start_ns; /* from here on it counts … */
	uint64_t sent;     /* … and so many bytes have left since */
	bool is_open;      /* a piece is due, and has not left as a whole */
};

/* Begins with the burst; `plan->rate` is not 0. */
void pacer_init(struct pacer *pacer, const struct pacer_plan *plan);

/*
 * Returns how many bytes may leave at `now_ns`, when `left` (not 0) are still
 * to be sent. 0: it is not time yet for a piece, nor for all that is left.
 */
uint64_t pacer_allow(struct pacer *pacer, uint64_t now_ns, uint64_t left);

/* `taken` bytes left at `now_ns`, no more than were allowed. */
void pacer_take(struct pacer *pacer, uint64_t now_ns, uint64_t taken);

/* After pacer_allow() returned 0: returns the nanoseconds until it allows. */
uint64_t pacer_wait(const struct pacer *pacer, uint64_t now_ns, uint64_t left);

#endif
