/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "fcgi_app/policy/follow_query.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "common/parse_number.h"

/* The longest value that makes sense: a number below FOLLOW_LINES_MAX. */
#define VALUE_MAX 24
#define EVENTS_TYPE "text/event-stream"

static const char blanks[] = " \t";

int follow_format_parse(const char *text, enum follow_format *ret)
{
	if (!text)
		*ret = FOLLOW_FORMAT_NONE;
	else if (strcmp(text, "raw") == 0)
		*ret = FOLLOW_FORMAT_RAW;
	else if (strcmp(text, "events") == 0)
		*ret = FOLLOW_FORMAT_EVENTS;
	else
		return -EINVAL;
	return 0;
}

/* --- the query ------------------------------------------------------------ */

static int take_lines(struct follow_query *query, const char *value)
{
	int r;

	if (query->has_lines)
		return -EINVAL;
	query->has_lines = true;
	r = parse_u64(value, &query->lines);
	if (r < 0)
		return r;
	return query->lines > FOLLOW_LINES_MAX ? -ERANGE : 0;
}

static int take_format(struct follow_query *query, const char *value)
{
	if (query->format != FOLLOW_FORMAT_NONE)
		return -EINVAL;
	return follow_format_parse(value, &query->format);
}

/* One "name=value" of `length` bytes. */
static int take_pair(
    struct follow_query *query, const char *pair, size_t length)
{
	size_t name = strcspn(pair, "=&");
	bool is_lines = name == 5 && memcmp(pair, "lines", name) == 0;
	bool is_format = name == 6 && memcmp(pair, "format", name) == 0;
	char value[VALUE_MAX];
	size_t value_length;

	if (!is_lines && !is_format)
		return 0;
	if (name == length)
		return -EINVAL;
	value_length = length - name - 1;
	if (value_length >= sizeof(value))
		return is_lines ? -ERANGE : -EINVAL;
	memcpy(value, pair + name + 1, value_length);
	value[value_length] = '\0';
	return is_lines ? take_lines(query, value) : take_format(query, value);
}

int follow_query_parse(const char *query, struct follow_query *ret)
{
	struct follow_query found = { 0 };
	int r = 0;

	while (r == 0 && query && *query) {
		size_t length = strcspn(query, "&");

		r = take_pair(&found, query, length);
		query += length;
		query += *query == '&';
	}
	if (r == 0)
		*ret = found;
	return r;
}

/* --- Accept --------------------------------------------------------------- */

/* Whether the parameters at `p`, up to a comma, have a weight of 0. */
static bool is_refused(const char *p)
{
	while (*p == ';') {
		p++;
		p += strspn(p, blanks);
		if (strncasecmp(p, "q=", 2) == 0) {
			p += 2;
			return *p == '0' &&
			    strspn(p, "0.") == strcspn(p, ",; \t");
		}
		p += strcspn(p, ";,");
	}
	return false;
}

bool follow_accepts_events(const char *accept)
{
	const char *p = accept ? accept : "";

	for (;; p += strcspn(p, ",")) {
		size_t length;

		p += strspn(p, " \t,");
		if (*p == '\0')
			return false;
		length = strcspn(p, " \t;,");
		if (length == strlen(EVENTS_TYPE) &&
		    strncasecmp(p, EVENTS_TYPE, length) == 0) {
			p += length;
			p += strspn(p, blanks);
			return !is_refused(p);
		}
	}
}
