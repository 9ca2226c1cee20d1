/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "fcgi_app/policy/event_stream.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/parse_number.h"

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
	/* nginx leaves a tab behind a value. */
	if (text[strspn(text, " \t")] != '\0')
		return -EINVAL;
	*ret = id;
	return 0;
}

/* --- lines ---------------------------------------------------------------- */

static bool continues(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

/* Where to cut a line that is too long: a character has up to four bytes. */
static size_t cut(const char *data)
{
	for (size_t n = EVENT_STREAM_LINE_MAX; n > EVENT_STREAM_LINE_MAX - 4;
	     n--)
		if (!continues(data[n]))
			return n;
	return EVENT_STREAM_LINE_MAX;
}

size_t event_stream_next(const char *data, size_t length, bool last)
{
	size_t most = EVENT_STREAM_LINE_MAX + 1;
	const char *newline = memchr(data, '\n', length < most ? length : most);

	if (newline)
		return (size_t)(newline - data) + 1;
	if (length >= most)
		return cut(data);
	return last ? length : 0;
}

/* --- UTF-8 ---------------------------------------------------------------- */

/* Which second bytes may follow a first one (Unicode, table 3-7). */
static const struct lead {
	unsigned char first, last; /* the first byte */
	unsigned char low, high;   /* the second */
	size_t length;
} leads[] = {
	{ 0x00, 0x7f, 0, 0, 1 },
	{ 0xc2, 0xdf, 0x80, 0xbf, 2 },
	{ 0xe0, 0xe0, 0xa0, 0xbf, 3 },
	{ 0xe1, 0xec, 0x80, 0xbf, 3 },
	{ 0xed, 0xed, 0x80, 0x9f, 3 },
	{ 0xee, 0xef, 0x80, 0xbf, 3 },
	{ 0xf0, 0xf0, 0x90, 0xbf, 4 },
	{ 0xf1, 0xf3, 0x80, 0xbf, 4 },
	{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
};

static const struct lead *find_lead(char c)
{
	unsigned char byte = (unsigned char)c;

	for (size_t i = 0; i < sizeof(leads) / sizeof(leads[0]); i++)
		if (byte >= leads[i].first && byte <= leads[i].last)
			return &leads[i];
	return NULL;
}

/*
 * How many bytes are the character at `p`, or as much of one as there is: that
 * is replaced as a whole (Unicode, 3.9, "maximal subpart").
 */
static size_t take_character(const char *p, const char *end, bool *ret_valid)
{
	const struct lead *lead = find_lead(*p);
	size_t n = 1;

	*ret_valid = false;
	if (!lead)
		return 1;
	while (n < lead->length && p + n < end) {
		unsigned char c = (unsigned char)p[n];

		if (c < (n == 1 ? lead->low : 0x80) ||
		    c > (n == 1 ? lead->high : 0xbf))
			return n;
		n++;
	}
	*ret_valid = n == lead->length;
	return n;
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
	size_t n = take_character(p, end, &valid);

	if (*p == '\r')
		*to = put_text(*to, "\ndata: ");
	else if (valid)
		*to = put(*to, p, n);
	else
		*to = put_text(*to, "\xef\xbf\xbd");
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
