/* SPDX-License-Identifier: MIT */
/* Actions from shared objects: --action. */
#ifndef FCGI_APP_ACTION_API_ACTION_MODULES_H
#define FCGI_APP_ACTION_API_ACTION_MODULES_H

#include <stdbool.h>

struct action_modules;
struct options;
struct stream_action;

/* The longest name of an action, in bytes. */
#define ACTION_MODULES_NAME_MAX 32

/* Returns whether an action of the program has this name. */
typedef bool action_modules_taken_fn(const char *name);

/*
 * Loads what --action names, in order (dlopen(3)). Returns NULL if one of them
 * can't be used, and the log says why: the name is not one, or taken; the file
 * can't be loaded, has no `fcgi_stream_action`, or one of another version; its
 * `load` failed; or out of memory. To be called once, in the master.
 */
struct action_modules *action_modules_load(
    const struct options *options, action_modules_taken_fn *is_taken);

/* The objects stay loaded: they may have threads. NULL is allowed. */
void action_modules_free(struct action_modules *modules);

/* Returns the action of this name, or NULL. `modules` may be NULL. */
const struct stream_action *action_modules_find(
    const struct action_modules *modules, const char *name);

#endif
