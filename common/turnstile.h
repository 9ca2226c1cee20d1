/* SPDX-License-Identifier: MIT */
/* Lets at most so many jobs run at a time; the others wait, in order. */
#ifndef COMMON_TURNSTILE_H
#define COMMON_TURNSTILE_H

#include <stdbool.h>
#include <sys/queue.h>

struct turnstile_job;

typedef void turnstile_begin_fn(struct turnstile_job *job);

enum turnstile_state {
	TURNSTILE_OUTSIDE,
	TURNSTILE_WAITS,
	TURNSTILE_RUNS,
};

/* Embedded in what wants to run. Zeroed but for `begin`: it is outside. */
struct turnstile_job {
	/* Called once for each turnstile_enter(), from inside that or later. */
	turnstile_begin_fn *begin;
	enum turnstile_state state;
	TAILQ_ENTRY(turnstile_job) link;
};

/* Embedded by value; for one thread. */
struct turnstile {
	unsigned int room; /* for jobs to begin now */
	bool is_turning;   /* jobs that waited are being begun */
	TAILQ_HEAD(turnstile_queue, turnstile_job) waiting;
};

/* At most `most` jobs will run at a time. */
void turnstile_init(struct turnstile *turnstile, unsigned int most);

/* Begins a job that is outside: at once, or after those that came before it. */
void turnstile_enter(struct turnstile *turnstile, struct turnstile_job *job);

/*
 * The job has ended, or need not begin any more: it is outside, and the one
 * that waits longest may begin, in here. Harmless if it is outside already.
 */
void turnstile_leave(struct turnstile *turnstile, struct turnstile_job *job);

#endif
