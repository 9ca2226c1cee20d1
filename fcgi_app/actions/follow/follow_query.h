/* SPDX-License-Identifier: MIT */
/* What a client asks of a file that it follows. */
#ifndef FCGI_APP_ACTIONS_FOLLOW_FOLLOW_QUERY_H
#define FCGI_APP_ACTIONS_FOLLOW_FOLLOW_QUERY_H

#include <stdbool.h>
#include <stdint.h>

#include "fcgi_app/actions/follow/event_stream.h"

/* The most lines, of those that are there already, that can be asked for. */
#define FOLLOW_LINES_MAX 10000

enum follow_format {
	FOLLOW_FORMAT_NONE, /* not said */
	FOLLOW_FORMAT_RAW,
	FOLLOW_FORMAT_EVENTS, /* Server-Sent Events */
};

struct follow_query {
	bool has_lines;
	uint64_t lines;
	enum follow_format format;
	/* What Last-Event-ID says elsewhere, of a page that began anew. */
	bool has_after;
	struct event_id after;
	bool has_foreign_after; /* it is none of our ids */
};

/*
 * Reads a query string, NULL for none: "lines=N", "format=raw" or
 * "format=events", and "after=ID", with "&" between them; other names are
 * ignored. A malformed id is no error. Returns 0; -EINVAL if one of the first
 * two is malformed or a name is repeated; -ERANGE above FOLLOW_LINES_MAX lines.
 */
int follow_query_parse(const char *query, struct follow_query *ret);

/* Reads "raw" or "events", or NULL. Returns 0 or -EINVAL. */
int follow_format_parse(const char *text, enum follow_format *ret);

/*
 * Returns whether an Accept field (RFC 9110, 12.5.1), NULL for none, names
 * text/event-stream, as that of an EventSource does; a mere wildcard is not
 * enough.
 */
bool follow_accepts_events(const char *accept);

#endif
