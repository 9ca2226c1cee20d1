/* SPDX-License-Identifier: MIT */
/* Action `follow`: a file that grows, and what is appended to it, live. */
#ifndef FCGI_APP_ACTIONS_FOLLOW_FOLLOW_ACTION_H
#define FCGI_APP_ACTIONS_FOLLOW_FOLLOW_ACTION_H

#include "fcgi_app/request/stream_action.h"

/*
 * Answers GET with the regular file at the request's path and goes on with what
 * is appended, until the client leaves, the file is finished or nothing came
 * for STREAM_IDLE; HEAD with the head of that. As bytes: 200 without
 * Content-Length, or 206 and 416 (RFC 8673). As Server-Sent Events (WHATWG
 * HTML, 9.2): 200, or 204 where nothing more will come. 400 for an
 * invalid query, 500 for an invalid parameter; 403 and 404 as the action
 * `file`. Params: DOCUMENT_ROOT, QUERY_STRING, HTTP_ACCEPT, HTTP_RANGE,
 * HTTP_IF_RANGE, HTTP_LAST_EVENT_ID; STREAM_FORMAT, STREAM_IDLE,
 * STREAM_HEARTBEAT, STREAM_ROTATE, STREAM_END_MARKER, STREAM_LINE_MAX.
 */
extern const struct stream_action follow_action;

#endif
