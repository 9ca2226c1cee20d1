/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "common/turnstile.h"

#include <assert.h>
#include <stddef.h>

void turnstile_init(struct turnstile *turnstile, unsigned int most)
{
	turnstile->room = most;
	turnstile->is_turning = false;
	TAILQ_INIT(&turnstile->waiting);
}

/* A job that fails at once leaves in its `begin`: that must not nest. */
static void turn(struct turnstile *turnstile)
{
	struct turnstile_job *job;

	if (turnstile->is_turning)
		return;
	turnstile->is_turning = true;
	while (turnstile->room > 0 &&
	    (job = TAILQ_FIRST(&turnstile->waiting)) != NULL) {
		TAILQ_REMOVE(&turnstile->waiting, job, link);
		job->state = TURNSTILE_RUNS;
		turnstile->room--;
		job->begin(job);
	}
	turnstile->is_turning = false;
}

void turnstile_enter(struct turnstile *turnstile, struct turnstile_job *job)
{
	assert(job->state == TURNSTILE_OUTSIDE);
	job->state = TURNSTILE_WAITS;
	TAILQ_INSERT_TAIL(&turnstile->waiting, job, link);
	turn(turnstile);
}

void turnstile_leave(struct turnstile *turnstile, struct turnstile_job *job)
{
	enum turnstile_state state = job->state;

	job->state = TURNSTILE_OUTSIDE;
	switch (state) {
	case TURNSTILE_OUTSIDE:
		break;
	case TURNSTILE_WAITS:
		TAILQ_REMOVE(&turnstile->waiting, job, link);
		break;
	case TURNSTILE_RUNS:
		turnstile->room++;
		turn(turnstile);
		break;
	}
}
