/* SPDX-License-Identifier: MIT */
/*
 * A head may come in pieces. Of each line only the beginning is kept, and no
 * more than the current one, so that a connection stays small.
 */
#include "config.h"
#include "bench/load/load_head.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "common/parse_number.h"

void load_head_reset(struct load_head *head, bool http)
{
	/* The line is only read up to its length. */
	head->http = http;
	head->begun = false;
	head->ended = false;
	head->has_length = false;
	head->chunked = false;
	head->closes = false;
	head->status = http ? 0 : 200; /* RFC 3875, 6.3.3 */
	head->length = 0;
	head->size = 0;
	head->line_length = 0;
}

/* The field's value if the line has this name, else NULL. */
static const char *value_of(const char *line, const char *name)
{
	size_t length = strlen(name);

	if (strncasecmp(line, name, length) != 0 || line[length] != ':')
		return NULL;
	line += length + 1;
	return line + strspn(line, " \t");
}

static int read_status(struct load_head *head, const char *text)
{
	uint64_t status;

	if (parse_digits(&text, &status) < 0 || status < 100 || status > 999)
		return -EPROTO;
	head->status = (unsigned int)status;
	return 0;
}

static int read_field(struct load_head *head, const char *line)
{
	const char *value;

	if ((value = value_of(line, "Content-Length"))) {
		head->has_length = true;
		return parse_digits(&value, &head->length) < 0 ? -EPROTO : 0;
	}
	if (!head->http && (value = value_of(line, "Status")))
		return read_status(head, value);
	if ((value = value_of(line, "Transfer-Encoding")))
		head->chunked = strncasecmp(value, "chunked", 7) == 0;
	else if ((value = value_of(line, "Connection")))
		head->closes = strncasecmp(value, "close", 5) == 0;
	return strchr(line, ':') ? 0 : -EPROTO;
}

static int read_status_line(struct load_head *head, const char *line)
{
	const char *blank = strchr(line, ' ');

	if (strncmp(line, "HTTP/1.", 7) != 0 || !blank)
		return -EPROTO;
	if (line[7] == '0')
		head->closes = true;
	return read_status(head, blank + 1);
}

static int end_line(struct load_head *head)
{
	bool first = !head->begun;

	if (head->line_length && head->line[head->line_length - 1] == '\r')
		head->line_length--;
	head->line[head->line_length] = '\0';
	head->begun = true;
	if (head->line_length == 0) {
		head->ended = true;
		return first ? -EPROTO : 0;
	}
	head->line_length = 0;
	if (first && head->http)
		return read_status_line(head, head->line);
	return read_field(head, head->line);
}

static void add_to_line(
    struct load_head *head, const uint8_t *bytes, size_t length)
{
	size_t room = LOAD_HEAD_LINE_MAX - 1 - head->line_length;

	if (length > room)
		length = room;
	memcpy(head->line + head->line_length, bytes, length);
	head->line_length += length;
}

ptrdiff_t load_head_take(
    struct load_head *head, const uint8_t *bytes, size_t length)
{
	size_t used = 0;

	while (used < length && !head->ended) {
		const uint8_t *from = bytes + used;
		const uint8_t *end = memchr(from, '\n', length - used);
		size_t piece = end ? (size_t)(end - from) : length - used;

		add_to_line(head, from, piece);
		used += end ? piece + 1 : piece;
		head->size += end ? piece + 1 : piece;
		if (head->size > LOAD_HEAD_MAX || (end && end_line(head) < 0))
			return -EPROTO;
	}
	return (ptrdiff_t)used;
}
