/* SPDX-License-Identifier: MIT */
/* Lets each --root of a worker lead to what stands at its name now. */
#ifndef FCGI_APP_PROCESS_ROOT_WATCH_H
#define FCGI_APP_PROCESS_ROOT_WATCH_H

#include <stdbool.h>
#include <uv.h>

#include "fcgi_app/setup/options.h"

struct roots;
struct root_look;

/* How often each name is looked at. */
#define ROOT_WATCH_MS 500

/* Embedded by value; for its own functions only. */
struct root_watch {
	struct roots *roots;
	bool reports;
	uv_timer_t timer;
	struct root_look *looks[OPTIONS_ROOTS_MAX]; /* under way, or NULL */
};

/*
 * From now on looks at each name in turn, first in the next turn of the loop.
 * A name that leads elsewhere, to nothing, or somewhere again is taken within a
 * second, and logged if `reports`; requests that run keep what they began with.
 * Nothing here blocks, and a name that does not answer, on another machine that
 * is gone for instance, holds up no other one. `roots` outlives it.
 */
void root_watch_start(struct root_watch *watch, uv_loop_t *loop,
    struct roots *roots, bool reports);

/* Ends it; a look under way is left to itself. */
void root_watch_close(struct root_watch *watch);

#endif
