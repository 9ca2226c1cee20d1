/* SPDX-License-Identifier: MIT */
/*
 * The ids and notes of a stream of Server-Sent Events (WHATWG HTML, 9.2.5,
 * 9.2.6) that are the lines of files. event_lines.h writes the events.
 */
#ifndef FCGI_APP_ACTIONS_FOLLOW_EVENT_STREAM_H
#define FCGI_APP_ACTIONS_FOLLOW_EVENT_STREAM_H

#include <stddef.h>
#include <stdint.h>

/* Room for any of the notes. */
#define EVENT_STREAM_NOTE_MAX 128
/* What an id takes: 16 digits, "-", 20 digits, NUL. */
#define EVENT_ID_MAX 38

/* A place in a file. */
struct event_id {
	uint64_t file;   /* of whatever names the file, and no other */
	uint64_t offset; /* the next byte to send */
};

/* Why events may be missing at a place of the stream. */
enum event_gap {
	EVENT_GAP_NONE,
	EVENT_GAP_CUT,     /* the file was cut */
	EVENT_GAP_GONE,    /* the file of the client's id can't be found */
	EVENT_GAP_BETWEEN, /* a file between that and the present can't be */
	EVENT_GAP_ID,      /* the client's id is none of ours */
};

/* Writes an id. Returns its length. */
size_t event_id_format(const struct event_id *id, char ret[EVENT_ID_MAX]);

/*
 * Reads the Last-Event-ID field (9.2.4); blanks at its end are tolerated.
 * Returns 0, or -EINVAL if it is not an id of ours.
 */
int event_id_parse(const char *text, struct event_id *ret);

/*
 * Writes the line of an id, and the empty line after it: so much ends an event.
 * Returns the bytes written, EVENT_ID_MAX + 6 at most; there is no NUL.
 */
size_t event_stream_id(const struct event_id *id, char *ret);

/* --- notes: into EVENT_STREAM_NOTE_MAX bytes, no NUL ---------------------- */

/* Each returns the bytes written. */

/*
 * When to come back, and where the stream begins; an event of the type "gap" if
 * there is one before that, else not an event.
 */
size_t event_stream_begin(
    const struct event_id *id, enum event_gap gap, char *ret);

/* The stream goes on elsewhere. An event as above. */
size_t event_stream_move(
    const struct event_id *id, enum event_gap gap, char *ret);

/* A comment: the stream is alive. */
size_t event_stream_beat(char *ret);

/* An event of type "end": the file is finished, do not come back. */
size_t event_stream_end(char *ret);

#endif
