/* SPDX-License-Identifier: MIT */
/*
 * The files that a worker's requests follow, each watched once however many
 * follow it, and those who wait for them.
 */
#ifndef FCGI_APP_ACTIONS_FOLLOW_FOLLOW_HUB_H
#define FCGI_APP_ACTIONS_FOLLOW_FOLLOW_HUB_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>
#include <uv.h>

struct aio_reader;
struct follow_file;
struct follow_waiter;

/* So many are woken in one turn of the loop, the others in the next ones. */
#define FOLLOW_WAKE_MAX 64
/* Of the table of files; a power of two. */
#define FOLLOW_BUCKETS 1024

/* What was waited for may be there; the waiter is off its list. */
typedef void follow_wake_fn(struct follow_waiter *waiter);

TAILQ_HEAD(follow_waiters, follow_waiter);

/* Embedded in whoever waits. Zeroed but for `wake`: not waiting. */
struct follow_waiter {
	follow_wake_fn *wake;
	struct follow_waiters *list; /* that it is on, or NULL */
	TAILQ_ENTRY(follow_waiter) link;
};

/* One for each worker; follow_hub.c, follow_file.c and follow_watch.c
 * keep it. */
struct follow_hub {
	uv_loop_t *loop;
	struct aio_reader *reader;
	bool draining; /* whoever would have to wait shall end */
	struct follow_waiters ready;
	TAILQ_HEAD(, follow_file) changed; /* to be looked at */
	LIST_HEAD(, follow_file) buckets[FOLLOW_BUCKETS];
	uv_idle_t idle; /* active while one of both has something */
};

/* For the files of `loop`, read through `reader`. NULL: out of memory. */
struct follow_hub *follow_hub_new(uv_loop_t *loop, struct aio_reader *reader);

/*
 * Whoever would have to wait from now on, or does so, shall end: the program
 * stops, and what is to come would hold it up for ever.
 */
void follow_hub_drain(struct follow_hub *hub);

/*
 * Nobody follows any more; the loop has to run to its end, and then
 * follow_hub_free(). NULL is allowed for both.
 */
void follow_hub_close(struct follow_hub *hub);
void follow_hub_free(struct follow_hub *hub);

/* --- waiting -------------------------------------------------------------- */

/* Joins a list of waiters, of a file for instance; not if it is on one. */
void follow_waiter_join(
    struct follow_waiter *waiter, struct follow_waiters *list);

/* Leaves its list; harmless if it is on none. */
void follow_waiter_leave(struct follow_waiter *waiter);

/* It shall be woken soon: others have their turn before. */
void follow_hub_wake(struct follow_hub *hub, struct follow_waiter *waiter);

/* The same for all on a list. */
void follow_hub_wake_all(struct follow_hub *hub, struct follow_waiters *list);

/* --- for follow_watch.c ----------------------------------------------------
 */

/* Something of it changed: follow_watch_look() is called once, soon. */
void follow_hub_changed(struct follow_hub *hub, struct follow_file *file);

#endif
