/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/actions/follow/follow_events. */
#include "config.h"
#include "fcgi_app/actions/follow/follow_events.h"

#include <stdlib.h>
#include <string.h>

#include "common/memory_budget.h"
#include "tests/unit/support/unit.h"

#define FILE_ID 0xabc
#define EVENT(offset, line) \
	"data: " line "\nid: 0000000000000abc-" offset "\n\n"
#define BUDGET ((size_t)1 << 20)

static void take(struct follow_events *events, const char *text)
{
	assert_int_equal(
	    follow_events_take(events, FILE_ID, text, strlen(text)), 0);
}

static void check_text(const struct follow_events *events, const char *expected)
{
	assert_int_equal(events->length - events->start, strlen(expected));
	assert_memory_equal(
	    events->text + events->start, expected, strlen(expected));
}

static struct follow_events new_events(struct memory_budget *budget)
{
	struct follow_events events = { .budget = budget, .lines.max = 1000 };

	event_lines_begin(&events.lines, 0);
	return events;
}

static void whole_lines_become_events(void **state)
{
	struct memory_budget budget;
	struct follow_events events = new_events(&budget);

	(void)state;
	memory_budget_init(&budget, BUDGET);
	take(&events, "on");
	assert_int_equal(events.length, 0);
	assert_null(events.text);
	take(&events, "e\n");
	/* The end is known now, and the bytes are read again. */
	assert_int_equal(event_lines_next(&events.lines), 0);
	take(&events, "one\ntw");
	check_text(&events, EVENT("4", "one"));
	follow_events_sent(&events, 5);
	check_text(&events, &EVENT("4", "one")[5]);
	follow_events_sent(&events, events.length - events.start);
	assert_null(events.text);
	assert_int_equal(follow_events_note(&events, ":\n\n", 3), 0);
	check_text(&events, ":\n\n");
	follow_events_fini(&events);
	assert_int_equal(atomic_load(&budget.left), BUDGET);
}

/* Each byte is a line, and many times as much text. */
static void the_text_has_a_bound(void **state)
{
	struct memory_budget budget;
	struct follow_events events = new_events(&budget);
	char newlines[16384];
	uint64_t next;

	(void)state;
	memory_budget_init(&budget, BUDGET);
	memset(newlines, '\n', sizeof(newlines));
	while ((next = event_lines_next(&events.lines)) < sizeof(newlines)) {
		assert_int_equal(follow_events_take(&events, FILE_ID, newlines,
				     sizeof(newlines) - (size_t)next),
		    0);
		assert_true(events.length <= FOLLOW_EVENTS_TEXT);
		/* And it is used. */
		assert_true(
		    events.length >= FOLLOW_EVENTS_TEXT - EVENT_LINES_ROOM ||
		    events.lines.at == sizeof(newlines));
		assert_int_equal(events.taken,
		    events.length > FOLLOW_EVENTS_SMALL
			? events.length - FOLLOW_EVENTS_SMALL
			: 0);
		follow_events_sent(&events, events.length);
	}
	follow_events_fini(&events);
	assert_int_equal(atomic_load(&budget.left), BUDGET);
}

/* What all of them may hold is used up: it goes on in smaller texts. */
static void without_a_budget_the_text_is_small(void **state)
{
	struct memory_budget budget;
	struct follow_events events = new_events(&budget);
	char newlines[2000];

	(void)state;
	memory_budget_init(&budget, 1);
	memset(newlines, '\n', sizeof(newlines));
	assert_int_equal(
	    follow_events_take(&events, FILE_ID, newlines, sizeof(newlines)),
	    0);
	assert_in_range(events.length, 1, FOLLOW_EVENTS_SMALL);
	assert_int_equal(events.taken, 0);
	follow_events_fini(&events);
	assert_int_equal(atomic_load(&budget.left), 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_lines_become_events),
		cmocka_unit_test(the_text_has_a_bound),
		cmocka_unit_test(without_a_budget_the_text_is_small),
	};

	return cmocka_run_group_tests_name("follow_events", tests, NULL, NULL);
}
