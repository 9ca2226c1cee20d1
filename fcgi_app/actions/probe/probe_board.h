/* SPDX-License-Identifier: MIT */
/*
 * What is known of the probe's slow answers, by their tokens. It lies in memory
 * that all workers share, since the question about an answer may reach another
 * worker than the one that gives it.
 */
#ifndef FCGI_APP_ACTIONS_PROBE_PROBE_BOARD_H
#define FCGI_APP_ACTIONS_PROBE_PROBE_BOARD_H

#include <stdbool.h>
#include <stdint.h>

/* Answers under way and remembered, in all workers together. */
#define PROBE_BOARD_SLOTS 32
/* How long an answer is remembered after its end. */
#define PROBE_BOARD_KEEP_MS ((uint64_t)10000)
/* After this an answer without an end is lost: its worker died. */
#define PROBE_BOARD_LEASE_MS ((uint64_t)60000)

struct probe_board;

enum probe_end {
	PROBE_END_NONE,     /* under way */
	PROBE_END_COMPLETE, /* all bytes have left */
	PROBE_END_LEFT,     /* the front closed the connection */
	PROBE_END_EXPIRED,  /* it took too long */
	PROBE_END_CUT,      /* broken off, as was asked for */
};

/* What is known of an answer. */
struct probe_record {
	enum probe_end end;
	bool released;
	uint64_t sent; /* bytes that the front has taken */
	uint64_t lasted_ms;
};

/*
 * An answer's place on the board. It is lost to another answer when its time,
 * PROBE_BOARD_LEASE_MS, is over before the answer is, because its worker was
 * stopped meanwhile; what is written with it then has no effect.
 */
struct probe_lease {
	int slot;
	uint64_t until; /* no other answer has the same for this slot */
};

/* Times are those of one clock, in ms: CLOCK_MONOTONIC, uv_hrtime(). */

/* Returns a board, or NULL and errno. Call it before forking (mmap(2)). */
struct probe_board *probe_board_new(void);

/* NULL is allowed. */
void probe_board_free(struct probe_board *board);

/*
 * Takes a slot for an answer. Returns 0, -EEXIST if the token (not 0) is in
 * use, or -EBUSY if no slot is free; *ret_lease is untouched then.
 */
int probe_board_begin(struct probe_board *board, uint64_t token, uint64_t now,
    struct probe_lease *ret_lease);

/* The front has taken `bytes` so far. */
void probe_board_sent(
    struct probe_board *board, const struct probe_lease *lease, uint64_t bytes);

/* Returns whether the pause of this answer was ended. */
bool probe_board_released(
    const struct probe_board *board, const struct probe_lease *lease);

/* The answer is over; it is remembered for PROBE_BOARD_KEEP_MS. */
void probe_board_end(struct probe_board *board, const struct probe_lease *lease,
    enum probe_end end, uint64_t now);

/*
 * Ends a pause. Returns 0, -ENOENT for an answer that is unknown or forgotten,
 * or -EALREADY for one that is over.
 */
int probe_board_release(
    struct probe_board *board, uint64_t token, uint64_t now);

/* Returns 0, or -ENOENT for an answer that is unknown or forgotten. */
int probe_board_find(const struct probe_board *board, uint64_t token,
    uint64_t now, struct probe_record *ret_record);

#endif
