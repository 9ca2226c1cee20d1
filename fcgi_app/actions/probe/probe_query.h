/* SPDX-License-Identifier: MIT */
/*
 * What the action `probe` can be asked, and what it and its client, the command
 * doctor, have agreed on. A question is a query string such as
 * "test=pieces&size=1000&pause=3000&token=0123456789abcdef".
 */
#ifndef FCGI_APP_ACTIONS_PROBE_PROBE_QUERY_H
#define FCGI_APP_ACTIONS_PROBE_PROBE_QUERY_H

#include <stdbool.h>
#include <stdint.h>

/* Where the probe is asked in a location that serves files. */
#define PROBE_PATH_NAME ".fcgi-stream-probe"
/* In every JSON answer, with the number of this agreement. */
#define PROBE_MARK "fcgi_stream_probe"
#define PROBE_AGREEMENT 1
/* The last field of a long head, and where HTTP_RANGE is repeated. */
#define PROBE_LAST_FIELD "X-Fcgi-Stream-Last"
#define PROBE_RANGE_FIELD "X-Fcgi-Stream-Range"

#define PROBE_BODY_MAX ((uint64_t)1 << 20)
#define PROBE_HEAD_MIN ((uint64_t)512)
#define PROBE_HEAD_MAX ((uint64_t)16 << 10)
#define PROBE_PIECE_MAX ((uint64_t)1 << 20)
#define PROBE_FLOOD_MAX ((uint64_t)64 << 20)
#define PROBE_PAUSE_MAX_MS ((uint64_t)5000)
/* The longest that an answer of the probe takes. */
#define PROBE_LIFETIME_MS ((uint64_t)15000)
/* Hexadecimal digits of a token. */
#define PROBE_TOKEN_LENGTH 16

enum probe_test {
	PROBE_ECHO,    /* JSON: what the front sent */
	PROBE_BODY,    /* `size` bytes, or a range of them */
	PROBE_HEAD,    /* a head of `size` bytes */
	PROBE_PIECES,  /* `size` bytes, a pause, `size` more */
	PROBE_CUT,     /* the same, but broken off at the pause */
	PROBE_FLOOD,   /* `size` bytes, as fast as they are taken */
	PROBE_RELEASE, /* ends the pause of the answer with that token */
	PROBE_STATUS,  /* JSON: how far the answer with that token is */
};

struct probe_query {
	enum probe_test test;
	uint64_t size; /* bytes */
	uint64_t pause_ms;
	uint64_t token;
};

/*
 * Reads a query string. Strict: "test" must be there, and each other key just
 * once if the test uses it, not at all if it does not.
 *
 * query: NULL counts as empty.
 * Returns 0, -EINVAL (malformed) or -ERANGE (a number beyond its limit);
 * *ret_query is untouched then.
 */
int probe_query_parse(const char *query, struct probe_query *ret_query);

/*
 * Returns whether the last component of a path without its query is
 * PROBE_PATH_NAME.
 */
bool probe_query_is_path(const char *path);

/* Returns the byte at an offset of every body that the probe sends. */
unsigned char probe_query_byte(uint64_t offset);

#endif
