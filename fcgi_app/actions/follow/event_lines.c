/* SPDX-License-Identifier: MIT */
/*
 * Two things are done by turns: look for the end of the next event, and write
 * the event, whose bytes are read again if they are not at hand any more.
 */
#include "config.h"

#include "fcgi_app/actions/follow/event_lines.h"

#include <string.h>

#include "common/min.h"
#include "common/utf8.h"
#include "fcgi_app/actions/follow/event_stream.h"

#define BEGIN_REST "event: part-end\ndata: "
#define BEGIN_PART "event: part\ndata: "
#define BEGIN_LINE "data: "
#define BEGIN_AGAIN "\ndata: "
/* Room for the most that one character becomes, and for an event's end. */
#define CHARACTER_MAX (sizeof(BEGIN_AGAIN) - 1)
#define END_MAX (1 + EVENT_ID_MAX + 6)

_Static_assert(EVENT_LINES_ROOM >= sizeof(BEGIN_REST) + CHARACTER_MAX + END_MAX,
    "an event of one character has room");

/* Bytes of the file: the first stands at `offset`. */
struct window {
	const char *data;
	uint64_t offset;
	uint64_t end;
};

/* What is written, and how much more may be. */
struct text {
	char *to;
	size_t room;
};

/* --- the text ------------------------------------------------------------- */

static void put(struct text *text, const char *bytes, size_t length)
{
	memcpy(text->to, bytes, length);
	text->to += length;
	text->room -= length;
}

static void put_text(struct text *text, const char *string)
{
	put(text, string, strlen(string));
}

/* --- the end of the next event -------------------------------------------- */

/* Returns false if it is not in the window: all of that was looked at. */
static bool find_end(struct event_lines *lines, const struct window *window)
{
	uint64_t most = lines->at + lines->max + 1;
	uint64_t until = u64_min(window->end, most);
	const char *from = window->data + (lines->scanned - window->offset);
	const char *newline = NULL;

	if (lines->scanned < until)
		newline = memchr(from, '\n', (size_t)(until - lines->scanned));
	lines->scanned = until;
	lines->has_newline = newline;
	lines->is_part = !newline;
	if (newline)
		lines->end =
		    window->offset + (uint64_t)(newline - window->data) + 1;
	else if (until == most)
		lines->end = lines->at + lines->max;
	else
		return false;
	return true;
}

/* --- an event ------------------------------------------------------------- */

static void begin_event(struct event_lines *lines, struct text *text)
{
	if (lines->has_begun)
		return;
	lines->has_begun = true;
	if (lines->is_part)
		put_text(text, BEGIN_PART);
	else if (lines->is_rest)
		put_text(text, BEGIN_REST);
	else
		put_text(text, BEGIN_LINE);
}

static void end_event(
    struct event_lines *lines, uint64_t file, struct text *text)
{
	const struct event_id id = { file, lines->end };
	char line[EVENT_ID_MAX + 6];

	put_text(text, "\n");
	put(text, line, event_stream_id(&id, line));
	lines->at = lines->scanned = lines->end;
	lines->end = 0;
	lines->is_rest = lines->is_part;
	lines->has_begun = false;
}

/*
 * Writes the first character of `length` bytes; `is_last`: they are all that is
 * left of the event's line. Returns how many bytes it was; 0 if it is not
 * whole, and goes on after these.
 */
static size_t put_character(const struct event_lines *lines, const char *data,
    size_t length, bool is_last, struct text *text)
{
	bool is_valid;
	size_t n = utf8_take(data, length, &is_valid);

	if (!is_valid && n == length && (!is_last || lines->is_part))
		return 0;
	if (*data == '\r' && is_last && length == 1 && lines->has_newline)
		return 1;
	if (*data == '\r')
		put_text(text, BEGIN_AGAIN);
	else if (is_valid)
		put(text, data, n);
	else
		put_text(text, UTF8_REPLACEMENT);
	return n;
}

/*
 * Writes what the window has of the event. Returns whether it is whole: then it
 * was ended.
 */
static bool put_event(struct event_lines *lines, uint64_t file,
    const struct window *window, struct text *text)
{
	uint64_t content_end = lines->end - lines->has_newline;
	uint64_t until = u64_min(window->end, content_end);
	size_t n = 1;

	begin_event(lines, text);
	while (lines->at < until && text->room >= CHARACTER_MAX + END_MAX) {
		n = put_character(lines,
		    window->data + (lines->at - window->offset),
		    (size_t)(until - lines->at), until == content_end, text);
		if (n == 0)
			break;
		lines->at += n;
	}
	/* A part ends where a character does. */
	if (n == 0 && until == content_end)
		lines->end = content_end = lines->at;
	if (lines->at < content_end || window->end < lines->end)
		return false;
	end_event(lines, file, text);
	return true;
}

/* --- the interface -------------------------------------------------------- */

void event_lines_begin(struct event_lines *lines, uint64_t offset)
{
	*lines = (struct event_lines){
		.max = lines->max,
		.at = offset,
		.scanned = offset,
		.looks_back = offset > 0,
	};
}

uint64_t event_lines_next(const struct event_lines *lines)
{
	if (lines->looks_back)
		return lines->at - 1;
	return lines->end > 0 ? lines->at : lines->scanned;
}

size_t event_lines_take(struct event_lines *lines, uint64_t file,
    const char *data, size_t length, char *ret, size_t room)
{
	struct text text = { ret, room };
	struct window window = { .data = data };

	window.offset = event_lines_next(lines);
	window.end = window.offset + length;
	if (lines->looks_back)
		lines->is_rest = data[0] != '\n';
	lines->looks_back = false;
	while (text.room >= EVENT_LINES_ROOM &&
	    (lines->end > 0 || find_end(lines, &window))) {
		if (lines->at < window.offset ||
		    !put_event(lines, file, &window, &text))
			break;
	}
	return (size_t)(text.to - ret);
}

bool event_lines_finish(struct event_lines *lines)
{
	if (lines->at == lines->scanned)
		return false;
	lines->end = lines->scanned;
	lines->has_newline = lines->is_part = false;
	return true;
}
