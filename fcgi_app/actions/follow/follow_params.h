/* SPDX-License-Identifier: MIT */
/* What the operator and the client ask of the action follow. */
#ifndef FCGI_APP_ACTIONS_FOLLOW_FOLLOW_PARAMS_H
#define FCGI_APP_ACTIONS_FOLLOW_FOLLOW_PARAMS_H

#include <stdbool.h>
#include <stdint.h>

#include "fcgi_app/actions/follow/event_stream.h"
#include "fcgi_app/actions/follow/follow_query.h"
#include "fcgi_app/actions/follow/follow_source.h"
#include "fcgi_app/request/request.h"

struct follow_params {
	/* From the start of the file; its times are there. */
	struct follow_plan plan;
	struct follow_query query;
	uint64_t rotate_ms;
	const char *marker; /* a suffix, or NULL; the request's */
	bool ranges;        /* can be had: STREAM_RANGES */
	/* The client comes back (Last-Event-ID); events only. */
	bool has_last;
	struct event_id last;
	bool has_foreign_id; /* it does, but with none of our ids */
};

/*
 * Reads them from a request's parameters and fields. Returns 0, or the status
 * to refuse it with, and why.
 */
int follow_params_read(const struct request *request,
    struct follow_params *ret_params, char ret_why[REQUEST_FAULT_MAX]);

#endif
