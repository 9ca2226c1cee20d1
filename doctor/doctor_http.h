/* SPDX-License-Identifier: MIT */
/*
 * The doctor's HTTP client, on libcurl: requests that can be watched while
 * their answer comes, and left in the middle of it.
 */
#ifndef DOCTOR_DOCTOR_HTTP_H
#define DOCTOR_DOCTOR_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of a body so much is kept; the rest is counted. */
#define HTTP_KEEP_MAX 65536

struct doctor_http_options {
	uint64_t timeout_ms; /* for one request as a whole */
	bool insecure;       /* any certificate will do */
};

struct doctor_http_question {
	const char *url;
	const char *field; /* one more header field, or NULL */
	/* Read so many bytes of the body and no more; 0: all. */
	uint64_t stop_after;
};

struct doctor_http_exchange;

/*
 * Sends a GET on a connection of its own (HTTP/1.1, no proxy, no redirects
 * followed). Returns when the body has `stop_after` bytes or the exchange is
 * over. NULL: out of memory. The caller owns the result.
 */
struct doctor_http_exchange *doctor_http_ask(
    const struct doctor_http_options *options,
    const struct doctor_http_question *question);

/* Reads on until it is over. */
void doctor_http_finish(struct doctor_http_exchange *exchange);

/* Reads on until nothing has come for so long. */
void doctor_http_drain(struct doctor_http_exchange *exchange, int ms);

/* Leaves: closes the connection, whatever was read. NULL is allowed. */
void doctor_http_free(struct doctor_http_exchange *exchange);

/* NULL: over in good order, or not over; else what libcurl says went wrong. */
const char *doctor_http_error(const struct doctor_http_exchange *exchange);

/* 0: no head came. */
long doctor_http_status(const struct doctor_http_exchange *exchange);

/* A field of the head, NULL if it is not there. Lives until the next call. */
const char *doctor_http_field(
    const struct doctor_http_exchange *exchange, const char *name);

/* What has come of the body: NUL-terminated, HTTP_KEEP_MAX bytes at most. */
const char *doctor_http_body(const struct doctor_http_exchange *exchange);

/* How many bytes of the body have come. */
uint64_t doctor_http_body_length(const struct doctor_http_exchange *exchange);

#endif
