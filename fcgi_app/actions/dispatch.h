/* SPDX-License-Identifier: MIT */
/* Which action answers a request. */
#ifndef FCGI_APP_ACTIONS_DISPATCH_H
#define FCGI_APP_ACTIONS_DISPATCH_H

#include <stdbool.h>

struct options;
struct request;
struct services;

/* Returns whether an action of this name is built in. */
bool dispatch_is_built_in(const char *name);

/*
 * Starts the action that claims the request, else the one that STREAM_ACTION
 * names, "file" without it; --action adds to those that are built in. An
 * unknown name is answered 404, OPTIONS 204 with Allow (RFC 9110, 9.3.7), a
 * method that the action doesn't have 405 with Allow (15.5.6), and a request
 * without a method 500: its parameters are not those of a CGI request.
 */
void dispatch(struct request *request);

/* --- what actions keep beyond a request ----------------------------------- */

/*
 * Returns the states of all actions, for services.action_states, as far as
 * workers share them, or NULL if one can't be made, which is logged. To be
 * called once, in the master.
 */
void **dispatch_prepare(const struct options *options);

/* Makes this worker's part of services->action_states. Returns 0 or -errno. */
int dispatch_open(const struct services *services);

/* The worker stops: answers that wait for events should end. */
void dispatch_drain(const struct services *services);

/* No request is left; dispatch_free() may be called once the loop has ended. */
void dispatch_close(const struct services *services);

/* Frees this process's states. NULL is allowed. */
void dispatch_free(void **states);

#endif
