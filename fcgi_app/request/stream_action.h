/* SPDX-License-Identifier: MIT */
/* An action: one way to answer requests, chosen by STREAM_ACTION. */
#ifndef FCGI_APP_REQUEST_STREAM_ACTION_H
#define FCGI_APP_REQUEST_STREAM_ACTION_H

#include <stdbool.h>

struct options;
struct request;
struct services;

/*
 * What an action keeps beyond a request: its state, one pointer that requests
 * find in request->action_state. Every function but `free` is optional.
 */
struct stream_action_state {
	/*
	 * Makes what all workers share; called once, in the master. Returns 0,
	 * or -errno, which it has logged. *ret_state stays NULL if the options
	 * turn the action off.
	 */
	int (*prepare)(const struct options *options, void **ret_state);
	/* Makes a worker's state. Returns 0 or -errno. */
	int (*open)(const struct services *services, void **ret_state);
	/* The worker stops: answers that wait for events should end. */
	void (*drain)(void *state);
	/* No request is left: closes the handles of the loop. */
	void (*close)(void *state);
	/* Frees the state, in each process; the loop has ended. */
	void (*free)(void *state);
};

/* Each action's folder exports one, for the table of dispatch.c. */
struct stream_action {
	/* As in STREAM_ACTION. */
	const char *name;
	/* Some of enum action_methods (action.h). */
	unsigned int methods;
	/*
	 * The fields of a request that it takes, as in "Last-Event-ID, X-Tag",
	 * beyond those that files depend on and the Content-Type of a POST:
	 * a page of another origin may send no others (Fetch, "CORS-preflight
	 * fetch"). NULL: no more.
	 */
	const char *request_fields;
	/* Answers the request, now or later; see request.h. */
	void (*start)(struct request *request);
	/* Its requests are for files, and another action may claim them. */
	bool is_claimable;
	/*
	 * NULL, or returns whether to answer a request here that names an
	 * action which is claimable. Not called while the action is off.
	 */
	bool (*claims)(const struct request *request);
	/* NULL: it keeps none. */
	const struct stream_action_state *state;
	/* It may read STREAM_ parameters of any name: none is a mistake. */
	bool has_own_params;
	/* For the log, if options can turn it off: "needs --option". */
	const char *off_fault;
};

#endif
