/* SPDX-License-Identifier: MIT */
/*
 * What is known of the probe's slow answers, by their tokens. It lies in memory
 * that all workers share, since the question about an answer may reach another
 * worker than the one that gives it.
 */
#ifndef FCGI_APP_PROBE_BOARD_H
#define FCGI_APP_PROBE_BOARD_H

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

/* Times are those of one clock, in ms: CLOCK_MONOTONIC, uv_hrtime(). */

/* Made before the workers are forked (mmap(2)). NULL: errno says why. */
struct probe_board *probe_board_new(void);

/* NULL is allowed. */
void probe_board_free(struct probe_board *board);

/*
 * Takes a slot for an answer. Returns its number, which stays the caller's
 * until probe_board_end(); -EEXIST: the token is in use; -EBUSY: no slot.
 */
int probe_board_begin(struct probe_board *board, uint64_t token, uint64_t now);

/* The front has taken `bytes` so far. */
void probe_board_sent(struct probe_board *board, int slot, uint64_t bytes);

/* Whether somebody has ended the pause of this slot's answer. */
bool probe_board_released(const struct probe_board *board, int slot);

/* The answer is over; it is remembered for PROBE_BOARD_KEEP_MS. */
void probe_board_end(
    struct probe_board *board, int slot, enum probe_end end, uint64_t now);

/* Ends a pause. -ENOENT: no such answer; -EALREADY: it is over. */
int probe_board_release(struct probe_board *board, uint64_t token);

/* -ENOENT: no such answer, or it is forgotten. */
int probe_board_find(const struct probe_board *board, uint64_t token,
    uint64_t now, struct probe_record *ret_record);

#endif
