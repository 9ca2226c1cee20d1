/* SPDX-License-Identifier: MIT */
/*
 * Handles of actions. A handle is a number that looks like a pointer: the place
 * of a slot, and how often that slot was used before. So it is never given out
 * twice, and one that is used too late, or was none, is found out.
 */
#ifndef FCGI_APP_ACTION_API_ACTION_HANDLE_H
#define FCGI_APP_ACTION_API_ACTION_HANDLE_H

struct action; /* a handle; never to be dereferenced */
struct action_answer;

/* The most handles that a worker has at a time. */
#define ACTION_HANDLE_MAX ((1u << 20) - 1)

/*
 * Returns a new handle of `answer`, which the action `name` is making, or NULL
 * if out of memory or of handles. `name` is borrowed for as long as the process
 * runs.
 */
struct action *action_handle_new(
    struct action_answer *answer, const char *name);

/*
 * Returns what a handle stands for. NULL: it was freed, or is none; the first
 * time the log has that, with the action's name and `caller`, the function
 * that was given it.
 */
struct action_answer *action_handle_find(
    const struct action *handle, const char *caller);

/* The handle stands for nothing from now on, for ever. */
void action_handle_free(struct action *handle);

#endif
