/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "fcgi_app/actions/follow/event_stream.h"

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
	/* nginx leaves a tab after a value. */
	if (text[strspn(text, " \t")] != '\0')
		return -EINVAL;
	*ret = id;
	return 0;
}

/* --- notes ---------------------------------------------------------------- */

static char *put_text(char *to, const char *text)
{
	size_t length = strlen(text);

	memcpy(to, text, length);
	return to + length;
}

size_t event_stream_id(const struct event_id *id, char *ret)
{
	char *to = put_text(ret, "id: ");
	char text[EVENT_ID_MAX];

	event_id_format(id, text);
	to = put_text(to, text);
	return (size_t)(put_text(to, "\n\n") - ret);
}

size_t event_stream_begin(
    const struct event_id *id, enum event_gap gap, char *ret)
{
	char *to = put_text(ret, "retry: " RETRY_MS "\n");

	return (size_t)(to - ret) + event_stream_move(id, gap, to);
}

/* In one block, so that nobody can get the id without the gap. */
size_t event_stream_move(
    const struct event_id *id, enum event_gap gap, char *ret)
{
	static const char *const words[] = {
		[EVENT_GAP_CUT] = "cut",
		[EVENT_GAP_GONE] = "gone",
		[EVENT_GAP_BETWEEN] = "between",
		[EVENT_GAP_ID] = "id",
	};
	char *to = ret;

	if (gap != EVENT_GAP_NONE) {
		to = put_text(to, "event: gap\ndata: ");
		to = put_text(to, words[gap]);
		to = put_text(to, "\n");
	}
	return (size_t)(to - ret) + event_stream_id(id, to);
}

size_t event_stream_beat(char *ret)
{
	return (size_t)(put_text(ret, ":\n\n") - ret);
}

size_t event_stream_end(char *ret)
{
	return (size_t)(put_text(ret, "event: end\ndata: finished\n\n") - ret);
}
