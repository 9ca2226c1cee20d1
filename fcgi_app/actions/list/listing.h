/* SPDX-License-Identifier: MIT */
/*
 * Makes the listing of a folder step by step, in jobs of the thread pool, in a
 * bounded memory whatever the folder holds.
 */
#ifndef FCGI_APP_ACTIONS_LIST_LISTING_H
#define FCGI_APP_ACTIONS_LIST_LISTING_H

#include <stdbool.h>
#include <stddef.h>

#include "fcgi_app/actions/list/list_page.h"

struct file_open_target;
struct memory_budget;
struct listing;
struct text_out;

/* A step reads at most so many entries, for at most so long. */
#define LISTING_STEP_ENTRIES 256
#define LISTING_STEP_NS 10000000
/*
 * A step ends when it has written LISTING_FILL bytes; what it writes never
 * exceeds LISTING_OUTPUT_MAX: a beginning is the first thing in a step.
 */
#define LISTING_FILL 32768
#define LISTING_OUTPUT_MAX LIST_PAGE_BEGIN_MAX

enum listing_state {
	LISTING_COLLECTING, /* to sort; nothing is written yet */
	LISTING_WRITING,
	LISTING_COMPLETE,
};

/* What to list and how; strings and what is pointed to are copied. */
struct listing_plan {
	int fd; /* the folder, opened at `target` */
	const struct file_open_target *target;
	bool hidden; /* also names that begin with a dot */
	struct list_page page;
	const struct list_format_ops *format;
	struct memory_budget *budget; /* outlives the listing */
};

/* Takes plan->fd over. Returns NULL if out of memory; fd stays the caller's. */
struct listing *listing_new(const struct listing_plan *plan);

/* Blocks as listing_step() does, if listing_is_open(). NULL is allowed. */
void listing_free(struct listing *listing);

/* Returns whether the folder is still open. */
bool listing_is_open(const struct listing *listing);

/*
 * Does some of the work; blocks, so it is for the thread pool. Returns 0, or
 * -errno if the folder can't be read or memory is out; then no other step may
 * follow. A folder of up to LIST_ENTRIES_MAX entries is read whole and sorted
 * if the budget, or LIST_ENTRIES_OWN, allows it; else it is listed as it is
 * read.
 */
int listing_step(struct listing *listing);

enum listing_state listing_state(const struct listing *listing);

/* Returns what was written since listing_drop_output(); may be empty. */
const struct text_out *listing_output(const struct listing *listing);

/* Frees the output; must be called before the next step. */
void listing_drop_output(struct listing *listing);

#endif
