/* SPDX-License-Identifier: MIT */
/*
 * Fuzz entry of fcgi_app/actions/follow/event_stream. The input is taken for a
 * Last-Event-ID field, and for the content of a file.
 */
#include "config.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "fcgi_app/actions/follow/event_stream.h"

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

/* An event has no other lines than its id and its data, and one end. */
static void check_event(const char *text, size_t length)
{
	const char *end = text + length;

	require(length > 2 && memcmp(end - 2, "\n\n", 2) == 0);
	require(memcmp(text, "id: ", 4) == 0);
	require(!memchr(text, '\r', length));
	text = (const char *)memchr(text, '\n', length) + 1;
	while (text < end - 1) {
		require(end - text > 6 && memcmp(text, "data: ", 6) == 0);
		text =
		    (const char *)memchr(text, '\n', (size_t)(end - text)) + 1;
	}
	require(text == end - 1);
}

static void check_lines(const char *data, size_t size)
{
	static char text[EVENT_STREAM_ROOM(EVENT_STREAM_LINE_MAX + 1)];
	struct event_id id = { 1, 0 };

	while (size > 0) {
		size_t n = event_stream_next(data, size, true);
		size_t early = event_stream_next(data, size, false);
		size_t length;

		require(n > 0 && n <= size && n <= EVENT_STREAM_LINE_MAX + 1);
		require(early == n || (early == 0 && n == size));
		id.offset += n;
		length = event_stream_event(data, n, &id, text);
		require(length <= EVENT_STREAM_ROOM(n));
		check_event(text, length);
		data += n;
		size -= n;
	}
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
