/* SPDX-License-Identifier: MIT */
/* Action `probe`: helps fcgi-stream doctor to find out what a front does. */
#ifndef FCGI_APP_ACTIONS_PROBE_PROBE_ACTION_H
#define FCGI_APP_ACTIONS_PROBE_PROBE_ACTION_H

#include "fcgi_app/request/stream_action.h"

/*
 * Answers GET by QUERY_STRING (probe_query.h): 400 if it is not a question, 404
 * about a token that is not known, 503 when too many slow answers are under
 * way. What is not over after PROBE_LIFETIME_MS is broken off. It never opens a
 * file. It is off without --probe; with it, it also claims the path
 * PROBE_PATH_NAME in every location that serves files. Params: QUERY_STRING,
 * HTTP_RANGE, DOCUMENT_ROOT, and those that it repeats.
 */
extern const struct stream_action probe_action;

#endif
