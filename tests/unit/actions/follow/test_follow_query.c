/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/actions/follow/follow_query. */
#include "config.h"

#include "fcgi_app/actions/follow/follow_query.h"

#include <errno.h>
#include <stddef.h>

#include "tests/unit/support/unit.h"

static void queries(void **state)
{
	static const struct {
		const char *query;
		bool has_lines;
		uint64_t lines;
		enum follow_format format;
	} rows[] = {
		{ NULL, false, 0, FOLLOW_FORMAT_NONE },
		{ "", false, 0, FOLLOW_FORMAT_NONE },
		{ "lines=0", true, 0, FOLLOW_FORMAT_NONE },
		{ "lines=10000", true, 10000, FOLLOW_FORMAT_NONE },
		{ "lines=007", true, 7, FOLLOW_FORMAT_NONE },
		{ "format=events", false, 0, FOLLOW_FORMAT_EVENTS },
		{ "format=raw&lines=5", true, 5, FOLLOW_FORMAT_RAW },
		{ "&&lines=5&", true, 5, FOLLOW_FORMAT_NONE },
		{ "x=1&line=2&linesx=y&formats=z&Lines=q", false, 0,
		    FOLLOW_FORMAT_NONE },
		{ "token=lines=5", false, 0, FOLLOW_FORMAT_NONE },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		struct follow_query query;

		assert_int_equal(follow_query_parse(rows[i].query, &query), 0);
		if (query.has_lines != rows[i].has_lines ||
		    query.lines != rows[i].lines ||
		    query.format != rows[i].format)
			fail_msg("row %zu: %s", i, rows[i].query);
	}
}

static void queries_without_a_sense(void **state)
{
	static const struct {
		const char *query;
		int error;
	} rows[] = {
		{ "lines", -EINVAL },
		{ "lines=", -EINVAL },
		{ "lines=-1", -EINVAL },
		{ "lines=5x", -EINVAL },
		{ "lines=5;x", -EINVAL },
		{ "lines=1&lines=1", -EINVAL },
		{ "lines=10001", -ERANGE },
		{ "lines=18446744073709551616", -ERANGE },
		{ "lines=99999999999999999999999999999999", -ERANGE },
		{ "format", -EINVAL },
		{ "format=", -EINVAL },
		{ "format=Raw", -EINVAL },
		{ "format=zip", -EINVAL },
		{ "format=eventseventseventseventsevents", -EINVAL },
		{ "format=raw&format=raw", -EINVAL },
		{ "a=b&lines=x", -EINVAL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		struct follow_query query;

		if (follow_query_parse(rows[i].query, &query) != rows[i].error)
			fail_msg("row %zu: %s", i, rows[i].query);
	}
}

static void an_id_to_go_on_after(void **state)
{
	struct follow_query query;

	(void)state;
	assert_int_equal(
	    follow_query_parse("lines=5&after=00000000000000ff-12", &query), 0);
	assert_true(query.has_after);
	assert_int_equal(query.after.file, 255);
	assert_int_equal(query.after.offset, 12);
	assert_int_equal(
	    follow_query_parse(
		"after=00000000000000ff-18446744073709551615", &query),
	    0);
	assert_true(query.has_after);
	/* None of ours, too. */
	assert_false(query.has_foreign_after);
	assert_int_equal(follow_query_parse("after=x", &query), 0);
	assert_false(query.has_after);
	assert_true(query.has_foreign_after);
	assert_int_equal(
	    follow_query_parse(
		"after=00000000000000ff-00000000000000000000000012", &query),
	    0);
	assert_false(query.has_after);
	assert_true(query.has_foreign_after);
	assert_int_equal(follow_query_parse("after=", &query), 0);
	assert_false(query.has_after);
	assert_false(query.has_foreign_after);
	assert_int_equal(follow_query_parse("after", &query), -EINVAL);
	assert_int_equal(
	    follow_query_parse(
		"after=00000000000000ff-1&after=00000000000000ff-1", &query),
	    -EINVAL);
}

static void formats(void **state)
{
	enum follow_format format;

	(void)state;
	assert_int_equal(follow_format_parse(NULL, &format), 0);
	assert_int_equal(format, FOLLOW_FORMAT_NONE);
	assert_int_equal(follow_format_parse("raw", &format), 0);
	assert_int_equal(format, FOLLOW_FORMAT_RAW);
	assert_int_equal(follow_format_parse("events", &format), 0);
	assert_int_equal(format, FOLLOW_FORMAT_EVENTS);
	assert_int_equal(follow_format_parse("zip", &format), -EINVAL);
}

static void accepted(void **state)
{
	static const struct {
		const char *accept;
		bool expected;
	} rows[] = {
		{ NULL, false },
		{ "", false },
		{ "*/*", false },
		{ "text/*", false },
		{ "text/event-stream", true },
		{ "Text/Event-Stream\t", true },
		{ "text/event-streams", false },
		{ "xtext/event-stream", false },
		{ "text/html, text/event-stream;q=0.5", true },
		{ ",,text/html,text/event-stream , */*", true },
		{ "text/event-stream;q=0", false },
		{ "text/event-stream ; q=0.000 , */*", false },
		{ "text/event-stream;a=b;Q=0.0", false },
		{ "text/event-stream;q=0.001", true },
		{ "text/event-stream;charset=utf-8", true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
		if (follow_accepts_events(rows[i].accept) != rows[i].expected)
			fail_msg("row %zu: %s", i, rows[i].accept);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(queries),
		cmocka_unit_test(queries_without_a_sense),
		cmocka_unit_test(an_id_to_go_on_after),
		cmocka_unit_test(formats),
		cmocka_unit_test(accepted),
	};

	return cmocka_run_group_tests_name("follow_query", tests, NULL, NULL);
}
