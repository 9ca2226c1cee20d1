/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/actions/follow/follow_events. */
#include "config.h"
#include "fcgi_app/actions/follow/follow_events.h"

#include <stdlib.h>
#include <string.h>

#include "fcgi_app/actions/follow/event_stream.h"
#include "tests/unit/support/unit.h"

#define FILE_ID 0xabc
#define EVENT(offset, line) \
	"id: 0000000000000abc-" offset "\ndata: " line "\n\n"

static void add(struct follow_events *events, const char *text)
{
	assert_int_equal(follow_events_add(events, text, strlen(text)), 0);
}

static void check_text(const struct follow_events *events, const char *expected)
{
	assert_int_equal(events->length - events->start, strlen(expected));
	assert_memory_equal(
	    events->text + events->start, expected, strlen(expected));
}

static void whole_lines_become_events(void **state)
{
	struct follow_events events = { 0 };
	struct event_id place = { FILE_ID, 100 };

	(void)state;
	assert_int_equal(follow_events_write(&events, &place, false), 0);
	assert_int_equal(events.length, 0);
	add(&events, "one\ntw");
	assert_int_equal(follow_events_write(&events, &place, false), 0);
	check_text(&events, EVENT("104", "one"));
	assert_int_equal(place.offset, 104);
	assert_int_equal(events.raw_length, 2);
	follow_events_sent(&events, 5);
	check_text(&events, &EVENT("104", "one")[5]);
	follow_events_sent(&events, events.length - events.start);
	assert_int_equal(events.length, 0);
	add(&events, "o");
	assert_int_equal(follow_events_write(&events, &place, false), 0);
	assert_int_equal(events.length, 0);
	assert_int_equal(follow_events_write(&events, &place, true), 0);
	check_text(&events, EVENT("107", "two"));
	assert_int_equal(events.raw_length, 0);
	assert_null(events.raw);
	follow_events_fini(&events);
}

static void what_is_forgotten_does_not_come(void **state)
{
	struct follow_events events = { 0 };
	struct event_id place = { FILE_ID, 0 };

	(void)state;
	add(&events, "half");
	assert_int_equal(follow_events_room(&events), FOLLOW_EVENTS_RAW - 4);
	follow_events_forget(&events);
	assert_int_equal(follow_events_room(&events), FOLLOW_EVENTS_RAW);
	add(&events, "one\n");
	assert_int_equal(follow_events_write(&events, &place, false), 0);
	check_text(&events, EVENT("4", "one"));
	follow_events_fini(&events);
}

static void notes_follow_events(void **state)
{
	struct follow_events events = { 0 };
	struct event_id place = { FILE_ID, 0 };

	(void)state;
	assert_int_equal(follow_events_note(&events, ":\n\n", 3), 0);
	check_text(&events, ":\n\n");
	follow_events_sent(&events, 3);
	add(&events, "one");
	assert_int_equal(follow_events_write(&events, &place, true), 0);
	assert_int_equal(follow_events_note(&events, ":\n\n", 3), 0);
	check_text(&events, EVENT("3", "one") ":\n\n");
	follow_events_fini(&events);
}

/* Each byte is a line, and many times as much text. */
static void the_text_has_a_bound(void **state)
{
	struct follow_events events = { 0 };
	struct event_id place = { FILE_ID, 0 };
	char newlines[FOLLOW_EVENTS_RAW];
	size_t left;

	(void)state;
	memset(newlines, '\n', sizeof(newlines));
	assert_int_equal(
	    follow_events_add(&events, newlines, sizeof(newlines)), 0);
	assert_int_equal(follow_events_room(&events), 0);
	for (left = sizeof(newlines); left > 0; left = events.raw_length) {
		assert_int_equal(
		    follow_events_write(&events, &place, false), 0);
		assert_true(events.length <
		    FOLLOW_EVENTS_ENOUGH + EVENT_STREAM_ROOM(1));
		/* And it is used. */
		assert_true(events.length >= FOLLOW_EVENTS_ENOUGH ||
		    events.raw_length == 0);
		assert_true(events.raw_length < left);
		assert_int_equal(
		    place.offset, sizeof(newlines) - events.raw_length);
		follow_events_sent(&events, events.length);
	}
	follow_events_fini(&events);
}

static void the_worst_line_fits(void **state)
{
	struct follow_events events = { 0 };
	struct event_id place = { FILE_ID, 0 };
	char line[EVENT_STREAM_LINE_MAX + 1];

	(void)state;
	memset(line, '\r', sizeof(line));
	line[sizeof(line) - 1] = '\n';
	assert_int_equal(follow_events_add(&events, line, sizeof(line)), 0);
	assert_int_equal(follow_events_write(&events, &place, false), 0);
	assert_int_equal(events.raw_length, 0);
	assert_in_range(events.length, 1, FOLLOW_EVENTS_TEXT);
	follow_events_fini(&events);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_lines_become_events),
		cmocka_unit_test(what_is_forgotten_does_not_come),
		cmocka_unit_test(notes_follow_events),
		cmocka_unit_test(the_text_has_a_bound),
		cmocka_unit_test(the_worst_line_fits),
	};

	return cmocka_run_group_tests_name("follow_events", tests, NULL, NULL);
}
