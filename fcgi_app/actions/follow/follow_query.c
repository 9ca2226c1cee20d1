/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "fcgi_app/actions/follow/follow_query.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "common/parse_number.h"
#include "fcgi_app/policy/accept.h"
#include "fcgi_app/policy/query_pair.h"

/* The longest value that makes sense is an id. */
#define VALUE_MAX EVENT_ID_MAX
#define EVENTS_TYPE "text/event-stream"

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

/* A page may have kept it from a time when the ids were others. */
static int take_after(struct follow_query *query, const char *value)
{
	if (query->has_after || query->has_foreign_after)
		return -EINVAL;
	query->has_after = event_id_parse(value, &query->after) == 0;
	query->has_foreign_after = !query->has_after && *value;
	return 0;
}

static const struct {
	const char *name;
	int (*take)(struct follow_query *query, const char *value);
	int too_long; /* what a value is that can't be any; 0: as "-" is */
} keys[] = {
	{ "lines", take_lines, -ERANGE },
	{ "format", take_format, -EINVAL },
	{ "after", take_after, 0 },
};

#define KEYS (sizeof(keys) / sizeof(keys[0]))

static int take_pair(struct follow_query *query, const struct query_pair *pair)
{
	char value[VALUE_MAX];
	size_t i = 0;

	while (i < KEYS && !query_pair_is(pair, keys[i].name))
		i++;
	if (i == KEYS)
		return 0;
	if (!pair->value)
		return -EINVAL;
	if (pair->value_length >= sizeof(value))
		return keys[i].too_long < 0 ? keys[i].too_long
					    : keys[i].take(query, "-");
	memcpy(value, pair->value, pair->value_length);
	value[pair->value_length] = '\0';
	return keys[i].take(query, value);
}

int follow_query_parse(const char *query, struct follow_query *ret)
{
	struct follow_query found = { 0 };
	struct query_pair pair;
	int r = 0;

	while (r == 0 && query_pair_next(&query, &pair))
		r = take_pair(&found, &pair);
	if (r == 0)
		*ret = found;
	return r;
}

/* --- Accept --------------------------------------------------------------- */

bool follow_accepts_events(const char *accept)
{
	return accept_names(accept, EVENTS_TYPE);
}
