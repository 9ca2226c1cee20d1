/* SPDX-License-Identifier: MIT */
/*
 * Fuzz entry of fcgi_app/actions/follow/event_stream and event_lines. The input
 * is taken for a Last-Event-ID field, and for the content of a file.
 */
#include "config.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "fcgi_app/actions/follow/event_lines.h"
#include "fcgi_app/actions/follow/event_stream.h"

/* A short one, so that small inputs have longer lines. */
#define LINE_MAX_BYTES 40

/* What is read is written the same, but for zeros in front of a number. */
static void check_id(const char *text)
{
	struct event_id id, again;
	char written[EVENT_ID_MAX];

	if (event_id_parse(text, &id) < 0)
		return;
	event_id_format(&id, written);
	require(event_id_parse(written, &again) == 0);
	require(again.file == id.file && again.offset == id.offset);
}

/* What the content of a file becomes. */
struct output {
	char *text;
	size_t length;
	size_t room;
};

/* Takes the content in windows of so many bytes, and writes into `room`. */
static void write_all(struct output *output, const char *data, size_t size,
    size_t window, size_t room)
{
	struct event_lines lines = { .max = LINE_MAX_BYTES };
	uint64_t next, left;

	event_lines_begin(&lines, 0);
	output->length = 0;
	for (;;) {
		next = event_lines_next(&lines);
		require(next <= size);
		if (next == size && !event_lines_finish(&lines))
			return;
		next = event_lines_next(&lines);
		left = size - next;
		require(output->length + room <= output->room);
		output->length += event_lines_take(&lines, 1, data + next,
		    left < window ? left : window,
		    output->text + output->length, room);
	}
}

/* Each event has one line of data or more, a type or none, and an id. */
static void check_events(const char *text, size_t length)
{
	const char *end = text + length;
	const char *line;
	bool has_id = true;

	require(!memchr(text, '\r', length));
	for (; text < end; text = line) {
		line =
		    (const char *)memchr(text, '\n', (size_t)(end - text)) + 1;
		if (line - text == 1) {
			require(has_id);
			has_id = false;
			continue;
		}
		has_id = memcmp(text, "id: ", 4) == 0;
		require(has_id || memcmp(text, "data: ", 6) == 0 ||
		    memcmp(text, "event: part", 11) == 0);
	}
}

/* How the bytes come makes no difference. */
static void check_lines(const char *data, size_t size)
{
	const size_t room = 128 * (size + 1) + (64 << 10);
	struct output whole = { malloc(room), 0, room };
	struct output pieces = { malloc(room), 0, room };

	require(whole.text && pieces.text);
	write_all(&whole, data, size, size, 64 << 10);
	check_events(whole.text, whole.length);
	write_all(&pieces, data, size, 5, EVENT_LINES_ROOM);
	require(whole.length == pieces.length);
	require(memcmp(whole.text, pieces.text, whole.length) == 0);
	free(whole.text);
	free(pieces.text);
}

int fuzz_event_stream(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size);

	require(text != NULL);
	check_id(text);
	free(text);
	check_lines((const char *)data, size);
	return 0;
}
