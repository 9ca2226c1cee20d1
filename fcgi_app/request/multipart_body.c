/* SPDX-License-Identifier: MIT */
/*
 * A sequence of 2n + 1 parts: delimiter, range, delimiter, … and the closing
 * delimiter. Delimiters are written anew each time they are asked for, so none
 * waits in memory for a slow client.
 */
#include "config.h"
#include "fcgi_app/request/multipart_body.h"

#include <stdlib.h>
#include <string.h>

#include "common/stream/source.h"
#include "common/stream/source_memory.h"
#include "common/stream/source_sequence.h"
#include "fcgi_app/policy/byte_range.h"
#include "fcgi_app/policy/multipart.h"

struct multipart_body {
	struct source_maker bytes;
	struct multipart text; /* its strings and its set are the ones below */
	struct byte_range_set set;
	char boundary[MULTIPART_BOUNDARY_MAX];
	char content_type[];
};

static struct source *open_delimiter(
    const struct multipart_body *body, size_t index)
{
	char *text = malloc(MULTIPART_DELIMITER_MAX);
	struct source *source = NULL;
	size_t length;

	if (text &&
	    multipart_format_delimiter(&body->text, index, text,
		MULTIPART_DELIMITER_MAX, &length) == 0)
		source = source_memory_new(text, length, free, text);
	if (!source)
		free(text);
	return source;
}

static struct source *open_part(
    void *context, size_t index, uint64_t *ret_offset)
{
	struct multipart_body *body = context;

	*ret_offset = 0;
	if (index % 2 == 0)
		return open_delimiter(body, index / 2);
	*ret_offset = body->set.parts[index / 2].first;
	return body->bytes.open(body->bytes.context);
}

static void release(void *context)
{
	struct multipart_body *body = context;

	source_maker_release(&body->bytes);
	free(body);
}

/* Writes the lengths of all parts. Returns 0, or -errno of a delimiter. */
static int measure(const struct multipart *text, uint64_t *lengths)
{
	char delimiter[MULTIPART_DELIMITER_MAX];

	for (size_t i = 0; i <= text->set->count; i++) {
		size_t length;
		int r = multipart_format_delimiter(
		    text, i, delimiter, sizeof(delimiter), &length);

		if (r < 0)
			return r;
		lengths[2 * i] = length;
		if (i < text->set->count)
			lengths[2 * i + 1] = text->set->parts[i].length;
	}
	return 0;
}

static struct multipart_body *copy(const struct multipart *text)
{
	size_t type_size = strlen(text->content_type) + 1;
	struct multipart_body *body = calloc(1, sizeof(*body) + type_size);

	if (!body)
		return NULL;
	body->set = *text->set;
	memcpy(body->boundary, text->boundary, strlen(text->boundary) + 1);
	memcpy(body->content_type, text->content_type, type_size);
	body->text = (struct multipart){
		.boundary = body->boundary,
		.content_type = body->content_type,
		.size = text->size,
		.set = &body->set,
	};
	return body;
}

struct source *multipart_body_new(
    const struct multipart *multipart, const struct source_maker *bytes)
{
	uint64_t lengths[2 * BYTE_RANGE_PARTS_MAX + 1];
	struct multipart_body *body = copy(multipart);
	struct source_sequence_parts parts = {
		.count = 2 * multipart->set->count + 1,
		.lengths = lengths,
		.open = open_part,
		.release = release,
		.context = body,
	};
	struct source *source = NULL;

	if (body && measure(multipart, lengths) == 0)
		source = source_sequence_new(&parts);
	if (!source)
		free(body);
	else
		body->bytes = *bytes;
	return source;
}
