/* SPDX-License-Identifier: MIT */
/*
 * Lines of a file as Server-Sent Events (WHATWG HTML, 9.2.5, 9.2.6).
 *
 * An event is a line; its id tells where in which file it ends, so that a
 * client which comes back with Last-Event-ID goes on just there.
 */
#ifndef FCGI_APP_ACTIONS_FOLLOW_EVENT_STREAM_H
#define FCGI_APP_ACTIONS_FOLLOW_EVENT_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of a line, its newline not counted; a longer one becomes several. */
#define EVENT_STREAM_LINE_MAX 8192
/* Room for the event that so many bytes of a file become, at most. */
#define EVENT_STREAM_ROOM(length) (7 * (length) + 128)
/* Room for any of the notes. */
#define EVENT_STREAM_NOTE_MAX 128
/* What an id takes: 16 digits, "-", 20 digits, NUL. */
#define EVENT_ID_MAX 38

/* A place in a file. */
struct event_id {
	uint64_t file;   /* of whatever names the file, and no other */
	uint64_t offset; /* the next byte to send */
};

/* Writes an id. Returns its length. */
size_t event_id_format(const struct event_id *id, char ret[EVENT_ID_MAX]);

/*
 * Reads the Last-Event-ID field (9.2.4); blanks at its end are tolerated.
 * Returns 0, or -EINVAL if it is not an id of ours.
 */
int event_id_parse(const char *text, struct event_id *ret);

/*
 * Returns how many of the bytes at `data`, which begin a line, are the next
 * event: up to the newline, or a part of a line that is too long, not cut
 * within a character of UTF-8; 0 if the line is not complete. `last`: no more
 * will come, so the rest is a line.
 */
size_t event_stream_next(const char *data, size_t length, bool last);

/*
 * Writes the event that `length` bytes at `data` are, from
 * event_stream_next(), into EVENT_STREAM_ROOM(length) bytes. A newline at their
 * end, and a carriage return before it, is not sent; any other carriage return,
 * which would end the line there, begins another "data" line, and is read as a
 * newline. What is not UTF-8 becomes U+FFFD. `id` is the place after the line.
 * Returns the bytes written; there is no NUL.
 */
size_t event_stream_event(
    const char *data, size_t length, const struct event_id *id, char *ret);

/* --- notes: into EVENT_STREAM_NOTE_MAX bytes, no NUL ---------------------- */

/* Each returns the bytes written. */

/* When to come back, and where the stream begins; not an event. */
size_t event_stream_begin(const struct event_id *id, char *ret);

/* The stream goes on elsewhere, without an event. */
size_t event_stream_move(const struct event_id *id, char *ret);

/* A comment: the stream is alive. */
size_t event_stream_beat(char *ret);

/* An event of type "end": the file is finished, do not come back. */
size_t event_stream_end(char *ret);

#endif
