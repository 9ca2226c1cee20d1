/* SPDX-License-Identifier: MIT */
/*
 * Memory that the master and all workers share: whether one has come as far as
 * to serve; and how many connections each has, so that a worker which has more
 * than others lets them accept first.
 */
#ifndef FCGI_APP_PROCESS_WORKER_BOARD_H
#define FCGI_APP_PROCESS_WORKER_BOARD_H

#include <stdbool.h>
#include <stdint.h>

/* Milliseconds that others defer to a worker that does not respond. */
#define WORKER_BOARD_PATIENCE_MS 20
/*
 * After so many milliseconds it gets another chance: it may be alive, and the
 * others so quick that it never sees a connection.
 */
#define WORKER_BOARD_FORGET_MS 1000

/* Times are those of one clock, in ms and not 0: uv_now(). */
struct worker_board;

/*
 * Returns a board for workers 0 to `count` - 1, or NULL with errno set. To be
 * made before they are forked (mmap(2)).
 */
struct worker_board *worker_board_new(unsigned int count);

/* NULL is allowed. */
void worker_board_free(struct worker_board *board);

/* Notes that a worker serves. */
void worker_board_begin(struct worker_board *board);

/* Returns whether one ever did. */
bool worker_board_has_begun(const struct worker_board *board);

/* Clears the slot of a worker, for the master before it forks a new one. */
void worker_board_reset(struct worker_board *board, unsigned int worker);

/* Sets how many connections the worker has. */
void worker_board_set(
    struct worker_board *board, unsigned int worker, unsigned int connections);

/* Notes that the worker responds: it has seen a connection to accept. */
void worker_board_attend(struct worker_board *board, unsigned int worker);

/*
 * Returns whether the worker may accept a connection at `now`: no other has
 * fewer, beyond a 32nd, except for workers that have been missing too long.
 */
bool worker_board_may_accept(
    const struct worker_board *board, unsigned int worker, uint64_t now);

/*
 * Notes that the worker let the others go first and they did not come: those
 * with fewer connections are missing (stopped, stuck, full, dead, or waiting
 * for the processor) until worker_board_attend().
 */
void worker_board_miss(
    struct worker_board *board, unsigned int worker, uint64_t now);

#endif
