/* SPDX-License-Identifier: MIT */
/*
 * Thousands wait, and few have something to send: memory is there while it is
 * needed, and a text no longer than it is.
 */
#include "config.h"
#include "fcgi_app/actions/follow/follow_events.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fcgi_app/actions/follow/event_stream.h"

_Static_assert(FOLLOW_EVENTS_TEXT >=
	EVENT_STREAM_ROOM(EVENT_STREAM_LINE_MAX + 1) + EVENT_STREAM_NOTE_MAX,
    "any event fits into an empty text");
_Static_assert(FOLLOW_EVENTS_RAW > EVENT_STREAM_LINE_MAX + 1,
    "what can be looked at has an end of a line, or is too long for one");

void follow_events_forget(struct follow_events *events)
{
	free(events->raw);
	events->raw = NULL;
	events->raw_length = 0;
}

static void drop_text(struct follow_events *events)
{
	free(events->text);
	events->text = NULL;
	events->start = events->length = 0;
}

void follow_events_fini(struct follow_events *events)
{
	follow_events_forget(events);
	drop_text(events);
}

size_t follow_events_room(const struct follow_events *events)
{
	return FOLLOW_EVENTS_RAW - events->raw_length;
}

int follow_events_add(
    struct follow_events *events, const void *bytes, size_t length)
{
	if (!events->raw)
		events->raw = malloc(FOLLOW_EVENTS_RAW);
	if (!events->raw)
		return -ENOMEM;
	memcpy(events->raw + events->raw_length, bytes, length);
	events->raw_length += length;
	return 0;
}

/* Gives the room back that was not written into. */
static void close_text(struct follow_events *events)
{
	char *text;

	if (events->length == 0) {
		drop_text(events);
		return;
	}
	text = realloc(events->text, events->length);
	if (text)
		events->text = text;
}

/* Writes the events of `raw`. Returns how many of its bytes they took. */
static size_t write_events(
    struct follow_events *events, struct event_id *place, bool last)
{
	const char *raw = events->raw;
	size_t used = 0;
	size_t n;

	while (used < events->raw_length &&
	    events->length < FOLLOW_EVENTS_ENOUGH) {
		n = event_stream_next(
		    raw + used, events->raw_length - used, last);
		if (n == 0)
			break;
		if (EVENT_STREAM_ROOM(n) > FOLLOW_EVENTS_TEXT - events->length)
			break;
		place->offset += n;
		events->length += event_stream_event(
		    raw + used, n, place, events->text + events->length);
		used += n;
	}
	return used;
}

int follow_events_write(
    struct follow_events *events, struct event_id *place, bool last)
{
	char *text;
	size_t used;

	if (events->raw_length == 0)
		return 0;
	text = realloc(events->text, FOLLOW_EVENTS_TEXT);
	if (!text)
		return -ENOMEM;
	events->text = text;
	used = write_events(events, place, last);
	close_text(events);
	events->raw_length -= used;
	if (events->raw_length == 0)
		follow_events_forget(events);
	else
		memmove(events->raw, events->raw + used, events->raw_length);
	return 0;
}

int follow_events_note(
    struct follow_events *events, const char *note, size_t length)
{
	char *text = realloc(events->text, events->length + length);

	if (!text)
		return -ENOMEM;
	events->text = text;
	memcpy(text + events->length, note, length);
	events->length += length;
	return 0;
}

void follow_events_sent(struct follow_events *events, size_t length)
{
	events->start += length;
	if (events->start == events->length)
		drop_text(events);
}
