/* SPDX-License-Identifier: MIT */
/* Who may read an answer from a page of another origin (Fetch, 3.2). */
#ifndef FCGI_APP_POLICY_CORS_H
#define FCGI_APP_POLICY_CORS_H

#include <stdbool.h>
#include <stddef.h>

/* Access-Control-Expose-Headers: what PDF viewers and players look at. */
#define CORS_EXPOSE_HEADERS                                      \
	"Accept-Ranges, Content-Disposition, Content-Encoding, " \
	"Content-Length, Content-Range, ETag, Repr-Digest"

/*
 * Access-Control-Allow-Headers of a preflight's answer: the request fields that
 * files depend on. An action may have more.
 */
#define CORS_ALLOW_HEADERS                                       \
	"If-Match, If-Modified-Since, If-None-Match, If-Range, " \
	"If-Unmodified-Since, Range, Want-Repr-Digest"

/* Access-Control-Max-Age, in seconds: a day; browsers cut it to their own. */
#define CORS_MAX_AGE "86400"

enum cors_result {
	CORS_ANY,    /* the list has "*": any origin, sent or not */
	CORS_LISTED, /* the origin is in the list */
	CORS_OTHER   /* it is not, or none was sent */
};

/*
 * Looks an origin up.
 *
 * list: the operator's STREAM_CORS, "*" or origins ("https://a.example:8080")
 * separated by blanks or commas. A slash at the end of one is ignored.
 * origin: the Origin field, NULL if absent. Blanks after it are tolerated.
 *
 * Compared are serialized origins (HTML, 7.1.1), with these liberties: letters
 * may be upper or lower case, and the default port of http or https may be
 * written out. "null", which any sandboxed page sends, is only what "null" in
 * the list stands for.
 *
 * For CORS_LISTED the answer names the origin as it was sent and, as for
 * CORS_OTHER, varies by Origin (Fetch, 3.2.5).
 */
enum cors_result cors_match(const char *list, const char *origin);

/*
 * Returns whether a word of STREAM_CORS can match at all: "*", "null", or
 * SCHEME://HOST with or without :PORT and a slash.
 */
bool cors_is_origin(const char *word, size_t length);

#endif
