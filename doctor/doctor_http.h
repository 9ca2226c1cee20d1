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

/* So many bytes of a body are kept; the rest is counted. */
#define HTTP_KEEP_MAX 65536

struct doctor_http_options {
	uint64_t timeout_ms; /* for one request as a whole */
	bool insecure;       /* any certificate will do */
};

struct doctor_http_question {
	const char *url;
	const char *field; /* one more header field, or NULL */
	/* Stop reading the body after so many bytes; 0: read all. */
	uint64_t stop_after;
};

struct doctor_http_exchange;

/*
 * Sends a GET on a connection of its own (HTTP/1.1, no proxy, no redirects
 * followed). Returns when the body has `stop_after` bytes or the exchange is
 * over. The caller owns the result; it is NULL if out of memory.
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

/* Returns NULL while there was no error, else libcurl's text for it. */
const char *doctor_http_error(const struct doctor_http_exchange *exchange);

/* Returns the status, or 0 if no head came. */
long doctor_http_status(const struct doctor_http_exchange *exchange);

/* Returns a field of the head, valid until the next call, or NULL. */
const char *doctor_http_field(
    const struct doctor_http_exchange *exchange, const char *name);

/* Returns the first HTTP_KEEP_MAX bytes of the body, NUL-terminated. */
const char *doctor_http_body(const struct doctor_http_exchange *exchange);

/* Returns how many bytes of the body have come. */
uint64_t doctor_http_body_length(const struct doctor_http_exchange *exchange);

#endif
