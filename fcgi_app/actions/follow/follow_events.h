/* SPDX-License-Identifier: MIT */
/* Bytes of a file become a text of events, in bounded memory. */
#ifndef FCGI_APP_ACTIONS_FOLLOW_FOLLOW_EVENTS_H
#define FCGI_APP_ACTIONS_FOLLOW_FOLLOW_EVENTS_H

#include <stddef.h>
#include <stdint.h>

#include "fcgi_app/actions/follow/event_lines.h"

struct memory_budget;

/* Bytes of text that wait to be sent, at most. */
#define FOLLOW_EVENTS_TEXT 16384
/* The same where all followers together have used their memory up. */
#define FOLLOW_EVENTS_SMALL 1024

/* Embedded by value; zeroed but for the first two: empty, without memory. */
struct follow_events {
	struct memory_budget *budget; /* for what is above the small size */
	struct event_lines lines;
	/* To be sent: from `start` on. */
	char *text;
	size_t start;
	size_t length;
	size_t taken; /* out of the budget */
};

/* Gives all memory back. */
void follow_events_fini(struct follow_events *events);

/*
 * Writes the events that `length` bytes of `file` lead to, into the text, which
 * is empty: see event_lines_take(). Returns 0 or -ENOMEM.
 */
int follow_events_take(struct follow_events *events, uint64_t file,
    const void *bytes, size_t length);

/*
 * Makes a note (event_stream.h) of `length` bytes the text, which is empty.
 * Returns 0 or -ENOMEM.
 */
int follow_events_note(
    struct follow_events *events, const char *note, size_t length);

/* So many bytes of the text were sent. */
void follow_events_sent(struct follow_events *events, size_t length);

#endif
