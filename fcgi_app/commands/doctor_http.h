/* SPDX-License-Identifier: MIT */
/*
 * The doctor's HTTP client, on libcurl: requests that can be watched while
 * their answer comes, and left in the middle of it.
 */
#ifndef FCGI_APP_COMMANDS_DOCTOR_HTTP_H
#define FCGI_APP_COMMANDS_DOCTOR_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of a body so much is kept; the rest is counted. */
#define HTTP_KEEP_MAX 65536

struct http_options {
	uint64_t timeout_ms; /* for one request as a whole */
	bool insecure;       /* any certificate will do */
};

struct http_question {
	const char *url;
	const char *field; /* one more header field, or NULL */
	/* Read so many bytes of the body and no more; 0: all. */
	uint64_t stop_after;
};

struct http_exchange;

/*
 * Sends a GET on a connection of its own (HTTP/1.1, no proxy, no redirects
 * followed). Returns when the body has `stop_after` bytes or the exchange is
 * over. NULL: out of memory. The caller owns the result.
 */
struct http_exchange *http_ask(
    const struct http_options *options, const struct http_question *question);

/* Reads on until it is over. */
void http_finish(struct http_exchange *exchange);

/* Reads on until nothing has come for so long. */
void http_drain(struct http_exchange *exchange, int ms);

/* Leaves: closes the connection, whatever was read. NULL is allowed. */
void http_free(struct http_exchange *exchange);

/* NULL: over in good order, or not over; else what libcurl says went wrong. */
const char *http_error(const struct http_exchange *exchange);

/* 0: no head came. */
long http_status(const struct http_exchange *exchange);

/* A field of the head, NULL if it is not there. Lives until the next call. */
const char *http_field(const struct http_exchange *exchange, const char *name);

/* What has come of the body: NUL-terminated, HTTP_KEEP_MAX bytes at most. */
const char *http_body(const struct http_exchange *exchange);

/* How many bytes of the body have come. */
uint64_t http_body_length(const struct http_exchange *exchange);

#endif
