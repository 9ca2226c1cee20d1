/* SPDX-License-Identifier: MIT */
/*
 * Header fields and the pace that the operator asks for, with STREAM_
 * parameters that the front sets. A client can't: its fields arrive as HTTP_.
 */
#ifndef FCGI_APP_REQUEST_OPERATOR_FIELDS_H
#define FCGI_APP_REQUEST_OPERATOR_FIELDS_H

#include <stdbool.h>
#include <time.h>

#include "fcgi_app/policy/content_disposition.h"
#include "fcgi_app/policy/expires.h"

struct fcgi_params;
struct pacer_plan;
struct param_rule;
struct response_head;

/* What the parameters say of a file; strings are the parameters' own. */
struct operator_fields {
	const char *cache_control; /* STREAM_CACHE_CONTROL, or NULL */
	bool ranges;               /* STREAM_RANGES */
	bool has_expires;          /* STREAM_EXPIRES */
	struct expires expires;
	/* STREAM_DISPOSITION and STREAM_FILENAME; "" for none */
	char disposition[CONTENT_DISPOSITION_MAX];
};

/*
 * Reads the parameters. Returns NULL, or the rule that one of them breaks; *ret
 * must then not be used.
 */
const struct param_rule *operator_fields_read(
    const struct fcgi_params *params, time_t now, struct operator_fields *ret);

/*
 * Reads STREAM_RANGES: whether ranges of an answer can be had, which is so
 * without it. Returns NULL, or the rule that it breaks; *ret_on is then as it
 * was.
 */
const struct param_rule *operator_fields_read_ranges(
    const struct fcgi_params *params, bool *ret_on);

/* Adds Cache-Control and Expires (RFC 9111, 5.2, 5.3): for 200, 206 and 304. */
void operator_fields_add_caching(
    const struct operator_fields *fields, struct response_head *head);

/* Adds Content-Disposition (RFC 6266): for 200 and 206. */
void operator_fields_add_disposition(
    const struct operator_fields *fields, struct response_head *head);

/*
 * Adds what every response has: STREAM_CORS as Access-Control-* (Fetch, "CORS
 * protocol"), X-Content-Type-Options unless STREAM_NOSNIFF=off, and Vary (RFC
 * 9110, 12.5.5), which also names `vary`, another request field that the
 * response depends on, unless that is NULL.
 */
void operator_fields_add_common(const struct fcgi_params *params,
    struct response_head *head, const char *vary);

/* What a page of another origin may ask for. */
struct preflight {
	const char *methods;        /* as in Allow */
	bool takes_body;            /* with a Content-Type */
	const char *request_fields; /* of struct stream_action */
};

/* Answers to a CORS preflight request; nothing if the request is none. */
void operator_fields_add_preflight(const struct fcgi_params *params,
    struct response_head *head, const struct preflight *preflight);

/*
 * Reads how fast a response may leave, STREAM_RATE and STREAM_BURST: bytes,
 * maybe with K, M or G. `ret->rate` is 0 without a pace; STREAM_BURST counts
 * with a rate only. Returns NULL, or the rule that one of them breaks; *ret
 * must then not be used.
 */
const struct param_rule *operator_fields_read_pace(
    const struct fcgi_params *params, struct pacer_plan *ret);

/*
 * Writes the media type, with STREAM_CONTENT_TYPE in place of `type` and with
 * STREAM_CHARSET where that has a meaning, into `size` bytes at `ret`.
 * Returns NULL, or the rule that one of them breaks, or for a `type` that does
 * not fit one of the name Content-Type.
 */
const struct param_rule *operator_fields_media_type(
    const struct fcgi_params *params, const char *type, char *ret, size_t size);

#endif
