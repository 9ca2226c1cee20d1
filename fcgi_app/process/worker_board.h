/* SPDX-License-Identifier: MIT */
/*
 * How many connections each worker has, in memory that all workers share: so
 * that a worker which has more than others lets them accept first.
 */
#ifndef FCGI_APP_PROCESS_WORKER_BOARD_H
#define FCGI_APP_PROCESS_WORKER_BOARD_H

#include <stdbool.h>
#include <stdint.h>

/* For a worker that is missing for longer nobody waits. */
#define WORKER_BOARD_PATIENCE_MS 20
/*
 * After this it has another chance: it may well be there, and the others so
 * quick that it hears of nothing.
 */
#define WORKER_BOARD_FORGET_MS 1000

/* Times are those of one clock, in ms and not 0: uv_now(). */
struct worker_board;

/*
 * Made before the workers are forked (mmap(2)), for workers 0 to `count` - 1.
 * NULL: errno says why.
 */
struct worker_board *worker_board_new(unsigned int count);

/* NULL is allowed. */
void worker_board_free(struct worker_board *board);

/* A new process takes the worker's place. For the master, before it forks. */
void worker_board_reset(struct worker_board *board, unsigned int worker);

/* The worker has so many connections now. */
void worker_board_set(
    struct worker_board *board, unsigned int worker, unsigned int connections);

/* The worker has heard of a connection to accept: it is there. */
void worker_board_attend(struct worker_board *board, unsigned int worker);

/*
 * Whether the worker may accept a connection at `now`: no other has fewer, or
 * a 32nd fewer of many, but for those that are missing for too long.
 */
bool worker_board_may_accept(
    const struct worker_board *board, unsigned int worker, uint64_t now);

/*
 * The worker has let the others go first and they did not come: those that have
 * fewer connections are missing (stopped, stuck, full, dead, or waiting for the
 * processor) until worker_board_attend().
 */
void worker_board_miss(
    struct worker_board *board, unsigned int worker, uint64_t now);

#endif
