/* SPDX-License-Identifier: MIT */
/* Turns of a worker: who is to look at something, and who is to be woken. */
#ifndef FCGI_APP_ACTIONS_FOLLOW_FOLLOW_HUB_H
#define FCGI_APP_ACTIONS_FOLLOW_FOLLOW_HUB_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>
#include <uv.h>

#include "common/memory_budget.h"
#include "common/turnstile.h"

struct aio_reader;
struct follow_file;
struct follow_look;
struct follow_waiter;

/* So many are woken in one turn of the loop; the others have the next ones. */
#define FOLLOW_WAKE_MAX 64
/* Bytes of events that wait to be sent, of all followers of a worker. */
#define FOLLOW_TEXT_MEMORY ((size_t)32 << 20)
/* Searches (follow_past.h) at a time in a worker; the others wait. */
#define FOLLOW_SEARCHES_MAX 2
/* Of the table of files (follow_file.c); a power of two. */
#define FOLLOW_BUCKETS 1024

/* What was waited for may be there; the waiter is off its list. */
typedef void follow_wake_fn(struct follow_waiter *waiter);

TAILQ_HEAD(follow_waiters, follow_waiter);

/* Embedded in what waits. Zeroed but for `wake`: not waiting. */
struct follow_waiter {
	follow_wake_fn *wake;
	struct follow_waiters *list; /* that it is on, or NULL */
	TAILQ_ENTRY(follow_waiter) link;
};

typedef void follow_look_fn(struct follow_look *look);

/* Embedded in what is to be looked at. Zeroed but for `look`: not due. */
struct follow_look {
	follow_look_fn *look;
	bool is_due;
	TAILQ_ENTRY(follow_look) link;
};

/* One for each worker. */
struct follow_hub {
	uv_loop_t *loop;
	struct aio_reader *reader;
	struct memory_budget text_memory; /* see follow_events.c */
	struct turnstile searches;        /* of follow_past.c */
	bool draining; /* a reader that would have to wait must end */
	struct follow_waiters ready;
	TAILQ_HEAD(, follow_look) changed;
	uv_idle_t idle; /* active while one of both has something */
	/* Kept by follow_file.c. */
	LIST_HEAD(, follow_file) buckets[FOLLOW_BUCKETS];
};

/* For files that are read through `reader`. Returns NULL if out of memory. */
struct follow_hub *follow_hub_new(uv_loop_t *loop, struct aio_reader *reader);

/*
 * Nobody follows any more. Run the loop to its end, then call
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

/* Wakes it soon: others have their turn before. */
void follow_hub_wake(struct follow_hub *hub, struct follow_waiter *waiter);

/* The same for all on a list. */
void follow_hub_wake_all(struct follow_hub *hub, struct follow_waiters *list);

/* --- looking -------------------------------------------------------------- */

/* Calls look->look() once, soon, however often this is called until then. */
void follow_hub_changed(struct follow_hub *hub, struct follow_look *look);

/* It will not be called. */
void follow_hub_forget(struct follow_hub *hub, struct follow_look *look);

#endif
