/* SPDX-License-Identifier: MIT */
/*
 * Thousands wait, and few have something to send: memory is there while it is
 * needed, and a text no longer than it is. Those whose clients are slow keep
 * theirs for long, so that all of them together have a budget.
 */
#include "config.h"
#include "fcgi_app/actions/follow/follow_events.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory_budget.h"

_Static_assert(FOLLOW_EVENTS_SMALL >= EVENT_LINES_ROOM,
    "events get on in the smallest text, too");

static void drop_text(struct follow_events *events)
{
	free(events->text);
	memory_budget_give_back(events->budget, events->taken);
	events->text = NULL;
	events->start = events->length = events->taken = 0;
}

void follow_events_fini(struct follow_events *events)
{
	drop_text(events);
}

/* Returns how much there is room for: 0 if out of memory. */
static size_t open_text(struct follow_events *events)
{
	const size_t more = FOLLOW_EVENTS_TEXT - FOLLOW_EVENTS_SMALL;
	size_t room;

	assert(!events->text);
	if (memory_budget_take(events->budget, more))
		events->taken = more;
	room = FOLLOW_EVENTS_SMALL + events->taken;
	events->text = malloc(room);
	if (events->text)
		return room;
	drop_text(events);
	return 0;
}

/* Gives the room back that was not written into. */
static void close_text(struct follow_events *events)
{
	size_t kept = events->length > FOLLOW_EVENTS_SMALL
	    ? events->length - FOLLOW_EVENTS_SMALL
	    : 0;
	char *text;

	if (events->length == 0) {
		drop_text(events);
		return;
	}
	text = realloc(events->text, events->length);
	if (!text)
		return;
	events->text = text;
	memory_budget_give_back(events->budget, events->taken - kept);
	events->taken = kept;
}

int follow_events_take(struct follow_events *events, uint64_t file,
    const void *bytes, size_t length)
{
	size_t room = open_text(events);

	if (room == 0)
		return -ENOMEM;
	events->length = event_lines_take(
	    &events->lines, file, bytes, length, events->text, room);
	close_text(events);
	return 0;
}

int follow_events_note(
    struct follow_events *events, const char *note, size_t length)
{
	assert(!events->text);
	events->text = malloc(length);
	if (!events->text)
		return -ENOMEM;
	memcpy(events->text, note, length);
	events->length = length;
	return 0;
}

void follow_events_sent(struct follow_events *events, size_t length)
{
	events->start += length;
	if (events->start == events->length)
		drop_text(events);
}
