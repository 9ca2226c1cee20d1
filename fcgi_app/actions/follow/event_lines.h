/* SPDX-License-Identifier: MIT */
/*
 * The lines of a file become Server-Sent Events (WHATWG HTML, 9.2.6), piece by
 * piece, so that a long line takes no more memory than a short one; pure.
 *
 * An event is a line. It begins when its newline has been seen, so that it
 * never has to wait in its middle, and its id is that of the place after it. A
 * longer line than allowed is several events, of the types "part" and, for the
 * last one, "part-end".
 */
#ifndef FCGI_APP_ACTIONS_FOLLOW_EVENT_LINES_H
#define FCGI_APP_ACTIONS_FOLLOW_EVENT_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The least room to write into with which each call gets on. */
#define EVENT_LINES_ROOM 128

/* Embedded by value; offsets are of the file. */
struct event_lines {
	uint64_t max; /* bytes of a line, its newline not counted */
	/* For event_lines.c; `at` is for others to read. */
	uint64_t at;      /* what is before is in events that were begun */
	uint64_t scanned; /* there is no newline from `at` to here */
	uint64_t end;     /* of the event that comes next; 0: not known yet */
	bool has_newline; /* that is its last byte */
	bool is_part;     /* its line goes on after it */
	bool is_rest;     /* its line began before it */
	bool has_begun;   /* it is written in part */
	bool looks_back;  /* is the byte before `at` a newline? */
};

/* Begins at a place: in the middle of a line what comes is the rest of that. */
void event_lines_begin(struct event_lines *lines, uint64_t offset);

/* Returns which byte of the file is to be taken next. */
uint64_t event_lines_next(const struct event_lines *lines);

/*
 * Takes `length` bytes, which stand at event_lines_next(), as far as they lead
 * to events, and writes these into `room` bytes, at least EVENT_LINES_ROOM.
 * Returns the bytes written; there is no NUL. If they are none, it has looked
 * at all of the bytes, or needs more than these, or others. `file` is for the
 * ids. A newline is not sent, nor is a carriage return before it; any other
 * one, which would end the line there, begins another "data" line, and is read
 * as a newline. What is not UTF-8 becomes U+FFFD.
 */
size_t event_lines_take(struct event_lines *lines, uint64_t file,
    const char *data, size_t length, char *ret, size_t room);

/*
 * No more bytes come after those that were taken. Returns whether there is a
 * rest, which is a line now: take it.
 */
bool event_lines_finish(struct event_lines *lines);

#endif
