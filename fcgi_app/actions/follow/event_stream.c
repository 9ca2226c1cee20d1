/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "fcgi_app/actions/follow/event_stream.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/min.h"
#include "common/parse_number.h"
#include "common/utf8.h"

/* How long a client waits before it comes back. */
#define RETRY_MS "2000"
/* Hexadecimal digits of the file in an id. */
#define FILE_DIGITS 16

/* --- ids ------------------------------------------------------------------ */

size_t event_id_format(const struct event_id *id, char ret[EVENT_ID_MAX])
{
	return (size_t)snprintf(
	    ret, EVENT_ID_MAX, "%016" PRIx64 "-%" PRIu64, id->file, id->offset);
}

int event_id_parse(const char *text, struct event_id *ret)
{
	static const char digits[] = "0123456789abcdef";
	struct event_id id = { 0 };

	for (int i = 0; i < FILE_DIGITS; i++, text++) {
		const char *digit = *text ? strchr(digits, *text) : NULL;

		if (!digit)
			return -EINVAL;
		id.file = id.file << 4 | (uint64_t)(digit - digits);
	}
	if (*text++ != '-' || parse_digits(&text, &id.offset) < 0)
		return -EINVAL;
	/* nginx leaves a tab after a value. */
	if (text[strspn(text, " \t")] != '\0')
		return -EINVAL;
	*ret = id;
	return 0;
}

/* --- lines ---------------------------------------------------------------- */

/* Where to cut a line that is too long: a character has up to four bytes. */
static size_t cut(const char *data)
{
	for (size_t n = EVENT_STREAM_LINE_MAX; n > EVENT_STREAM_LINE_MAX - 4;
	     n--)
		/* Not amid a character (RFC 3629, 3). */
		if (((unsigned char)data[n] & 0xc0) != 0x80)
			return n;
	return EVENT_STREAM_LINE_MAX;
}

size_t event_stream_next(const char *data, size_t length, bool last)
{
	size_t most = EVENT_STREAM_LINE_MAX + 1;
	const char *newline = memchr(data, '\n', size_min(length, most));

	if (newline)
		return (size_t)(newline - data) + 1;
	if (length >= most)
		return cut(data);
	return last ? length : 0;
}

/* --- events --------------------------------------------------------------- */

static char *put(char *to, const void *bytes, size_t length)
{
	memcpy(to, bytes, length);
	return to + length;
}

static char *put_text(char *to, const char *text)
{
	return put(to, text, strlen(text));
}

static char *put_id(char *to, const struct event_id *id)
{
	char text[EVENT_ID_MAX];
	size_t length = event_id_format(id, text);

	to = put_text(to, "id: ");
	to = put(to, text, length);
	return put_text(to, "\n");
}

/* One character, or what is sent in its place; returns what follows it. */
static const char *put_character(char **to, const char *p, const char *end)
{
	bool valid;
	size_t n = utf8_take(p, (size_t)(end - p), &valid);

	if (*p == '\r')
		*to = put_text(*to, "\ndata: ");
	else if (valid)
		*to = put(*to, p, n);
	else
		*to = put_text(*to, UTF8_REPLACEMENT);
	return p + n;
}

size_t event_stream_event(
    const char *data, size_t length, const struct event_id *id, char *ret)
{
	const char *end = data + length;
	char *to = put_id(ret, id);

	if (end > data && end[-1] == '\n') {
		end--;
		if (end > data && end[-1] == '\r')
			end--;
	}
	to = put_text(to, "data: ");
	while (data < end)
		data = put_character(&to, data, end);
	to = put_text(to, "\n\n");
	return (size_t)(to - ret);
}

size_t event_stream_begin(const struct event_id *id, char *ret)
{
	char *to = put_text(ret, "retry: " RETRY_MS "\n");

	return (size_t)(to - ret) + event_stream_move(id, to);
}

size_t event_stream_move(const struct event_id *id, char *ret)
{
	char *to = put_id(ret, id);

	return (size_t)(put_text(to, "\n") - ret);
}

size_t event_stream_beat(char *ret)
{
	return (size_t)(put_text(ret, ":\n\n") - ret);
}

size_t event_stream_end(char *ret)
{
	return (size_t)(put_text(ret, "event: end\ndata: finished\n\n") - ret);
}
