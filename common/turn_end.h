/* SPDX-License-Identifier: MIT */
/*
 * What is over is freed at the end of the loop's turn, when no code that used
 * it is on the stack any more. So nobody has to ask after a call whether what
 * was called, or called it, is still there.
 */
#ifndef COMMON_TURN_END_H
#define COMMON_TURN_END_H

#include <stdbool.h>
#include <sys/queue.h>

struct turn_end;

/* Frees what the end is embedded in, or lets go of it otherwise. */
typedef void turn_end_fn(struct turn_end *end);

/* Embedded in what is freed; zeroed before it is added. */
struct turn_end {
	turn_end_fn *run;
	bool is_queued;
	TAILQ_ENTRY(turn_end) link;
};

/* One for each loop. Embedded by value. */
struct turn_ends {
	TAILQ_HEAD(, turn_end) list;
	/* The first was added: time for turn_ends_run() soon. Or NULL. */
	void (*on_first)(void *context);
	void *context;
};

/* Empties the list; `on_first` and `context` are the caller's to set. */
void turn_ends_init(struct turn_ends *ends);

/* Has turn_ends_run() call `run` once. Harmless if it is queued already. */
void turn_ends_add(
    struct turn_ends *ends, struct turn_end *end, turn_end_fn *run);

/* `run` is not called any more. Harmless if it is not queued. */
void turn_ends_remove(struct turn_ends *ends, struct turn_end *end);

/*
 * Runs all in the order in which they were added, with those that are added
 * meanwhile. To be called where nothing is on the stack but what called it.
 */
void turn_ends_run(struct turn_ends *ends);

#endif
