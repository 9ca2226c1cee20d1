/* SPDX-License-Identifier: MIT */
/*
 * A timer wheel: very many timers of about a millisecond's precision, each
 * armed and fired in constant time.
 */
#ifndef BENCH_LOAD_LOAD_WHEEL_H
#define BENCH_LOAD_LOAD_WHEEL_H

#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

/* Slots of one millisecond; later timers wait for another round. */
#define LOAD_WHEEL_SLOTS 1024

/* A timer, embedded in its owner. */
struct load_timer {
	TAILQ_ENTRY(load_timer) link;
	uint64_t due_us;
};

TAILQ_HEAD(load_timer_list, load_timer);

struct load_wheel {
	struct load_timer_list slots[LOAD_WHEEL_SLOTS];
	uint64_t next_ms; /* the first slot that has not been looked at */
	size_t count;     /* of armed timers */
};

/* Called for a timer that is due; it is no longer armed, and may be again. */
typedef void load_wheel_fire_fn(struct load_timer *timer, uint64_t now_us);

void load_wheel_init(struct load_wheel *wheel, uint64_t now_us);

/*
 * Arms a timer that is not armed. It fires at the first load_wheel_advance in
 * or after the millisecond that follows `due_us`; never in the one that arms
 * it.
 */
void load_wheel_add(
    struct load_wheel *wheel, struct load_timer *timer, uint64_t due_us);

/* Fires all timers that are due. */
void load_wheel_advance(
    struct load_wheel *wheel, uint64_t now_us, load_wheel_fire_fn *fire);

/* Milliseconds until a timer may be due, at most `most`. */
int load_wheel_wait(const struct load_wheel *wheel, uint64_t now_us, int most);

#endif
