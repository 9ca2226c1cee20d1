/* SPDX-License-Identifier: MIT */
/*
 * Fuzz entry of fcgi_app/actions/follow/follow_query and follow_range. The
 * input is taken for a query string, for an Accept and for a Range field.
 */
#include "config.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "fcgi_app/actions/follow/follow_query.h"
#include "fcgi_app/actions/follow/follow_range.h"

static void check_query(const char *text)
{
	struct follow_query query;

	if (follow_query_parse(text, &query) < 0)
		return;
	require(query.lines <= FOLLOW_LINES_MAX);
	require(!query.has_lines || strstr(text, "lines="));
	require(!query.has_after || strstr(text, "after="));
	require(query.format == FOLLOW_FORMAT_NONE || strstr(text, "format="));
}

typedef enum follow_range_result parse_fn(
    const char *field, uint64_t size, struct follow_range *ret);

static void check_range(const char *text, uint64_t size, parse_fn *parse)
{
	char value[FOLLOW_RANGE_TEXT_MAX];
	struct follow_range range;
	enum follow_range_result result = parse(text, size, &range);

	if (result != FOLLOW_RANGE_PRESENT && result != FOLLOW_RANGE_LIVE)
		return;
	require(range.first <= range.last);
	require(range.first <= size);
	require(range.last <= FOLLOW_RANGE_LAST_MAX);
	require((range.last < size) == (result == FOLLOW_RANGE_PRESENT));
	follow_range_format(&range, value);
	require(strlen(value) < sizeof(value));
}

static void check_ranges(const char *text, uint64_t size)
{
	check_range(text, size, follow_range_parse);
	check_range(text, size, follow_range_parse_head);
}

int fuzz_follow_query(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size);

	require(text != NULL);
	check_query(text);
	if (follow_accepts_events(text))
		require(strcasestr(text, "text/event-stream") != NULL);
	check_ranges(text, 0);
	check_ranges(text, 1000);
	check_ranges(text, FOLLOW_RANGE_LAST_MAX);
	free(text);
	return 0;
}
