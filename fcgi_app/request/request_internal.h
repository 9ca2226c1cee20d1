/* SPDX-License-Identifier: MIT */
/* What request.c has for request_answer.c. */
#ifndef FCGI_APP_REQUEST_REQUEST_INTERNAL_H
#define FCGI_APP_REQUEST_REQUEST_INTERNAL_H

#include <stdbool.h>

struct request;

/* The room for a parameter's value in a message. */
#define REQUEST_VALUE_MAX 256

/*
 * Nothing more is sent: 0, or -errno. The request is freed at the end of the
 * loop's turn, as what uses it may be on the stack.
 */
void request_finish(struct request *request, int error);

/* Returns whether the front or its client is gone: it is not the file. */
bool request_peer_left(int error);

/* Returns what to log for -errno of a stream. */
const char *request_reason(int error);

#endif
