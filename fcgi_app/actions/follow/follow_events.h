/* SPDX-License-Identifier: MIT */
/* Bytes of a file become a text of events, in bounded memory. */
#ifndef FCGI_APP_ACTIONS_FOLLOW_FOLLOW_EVENTS_H
#define FCGI_APP_ACTIONS_FOLLOW_FOLLOW_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event_id;

/* Bytes of a file that are looked at at once: more than a line. */
#define FOLLOW_EVENTS_RAW 16384
/* A text of so many bytes is not added to: its client is slow. */
#define FOLLOW_EVENTS_ENOUGH 16384
/* Bytes of text that wait to be sent, at most: one event may be long. */
#define FOLLOW_EVENTS_TEXT 65536

/* Embedded by value; zeroed: empty, without memory. */
struct follow_events {
	/* Of the file, from a line's begin on. */
	char *raw;
	size_t raw_length;
	/* To be sent: from `start` on. */
	char *text;
	size_t start;
	size_t length;
};

/* Gives all memory back. */
void follow_events_fini(struct follow_events *events);

/* Returns how many bytes of the file may be added. */
size_t follow_events_room(const struct follow_events *events);

/* Adds bytes that follow those before. Returns 0 or -ENOMEM. */
int follow_events_add(
    struct follow_events *events, const void *bytes, size_t length);

/*
 * Writes the events of what was added, as far as there are whole lines and
 * until the text is enough. `place` is where in its file the first byte that
 * was added stands, and then, what is left; `last`: no more bytes follow, so
 * the rest is a line. Returns 0 or -ENOMEM.
 */
int follow_events_write(
    struct follow_events *events, struct event_id *place, bool last);

/* Forgets what was added and not written. */
void follow_events_forget(struct follow_events *events);

/* Adds a note (event_stream.h) of `length` bytes. Returns 0 or -ENOMEM. */
int follow_events_note(
    struct follow_events *events, const char *note, size_t length);

/* So many bytes of the text were sent. */
void follow_events_sent(struct follow_events *events, size_t length);

#endif
