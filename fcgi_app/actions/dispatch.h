/* SPDX-License-Identifier: MIT */
/* Which action answers a request. */
#ifndef FCGI_APP_ACTIONS_DISPATCH_H
#define FCGI_APP_ACTIONS_DISPATCH_H

#include <stdbool.h>

struct request;

/* Request methods (RFC 9110, 9), as bits of struct dispatch_action.methods. */
enum dispatch_method {
	DISPATCH_GET = 1 << 0,
	DISPATCH_HEAD = 1 << 1,
	DISPATCH_POST = 1 << 2,
	DISPATCH_OPTIONS = 1 << 3, /* answered by dispatch() for every action */
};

/* A row of the table. */
struct dispatch_action {
	/* As in STREAM_ACTION. */
	const char *name;
	unsigned int methods;
	/* Answers the request, now or later; see request.h. */
	void (*start)(struct request *request);
};

/* Whether there is always an action of this name. */
bool dispatch_is_built_in(const char *name);

/*
 * Starts the action that STREAM_ACTION names, "file" without it; --action adds
 * to those that are built in. An unknown
 * name is answered 404, OPTIONS 204 with Allow (RFC 9110, 9.3.7), and a method
 * the action has no use for 405 with Allow (15.5.6).
 */
void dispatch(struct request *request);

#endif
