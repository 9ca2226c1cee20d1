/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "fcgi_app/actions/follow/last_lines.h"

#include <assert.h>
#include <string.h>

#include "common/min.h"

void last_lines_init(
    struct last_lines *search, uint64_t size, uint64_t lines, bool whole)
{
	*search = (struct last_lines){
		.wanted = lines > 0 ? lines : 1,
		.size = size,
		.position = size,
		.start = size,
		.skips_final = lines > 0,
		.found = lines == 0 && !whole,
	};
	if (size > LAST_LINES_BYTES_MAX)
		search->lowest = size - LAST_LINES_BYTES_MAX;
	/* Of a line that began before `lowest`, the rest is sent. */
	if (!search->found)
		search->start = search->lowest;
	if (size == 0)
		search->found = true;
}

bool last_lines_block(
    const struct last_lines *search, uint64_t *ret_offset, size_t *ret_length)
{
	uint64_t left = search->position - search->lowest;

	if (search->found)
		return false;
	*ret_length = (size_t)u64_min(left, LAST_LINES_BLOCK);
	*ret_offset = search->position - *ret_length;
	return true;
}

/* A newline stands before `place`, so a line begins there. */
static void note_newline(struct last_lines *search, uint64_t place)
{
	if (search->skips_final && place == search->size)
		return;
	search->start = place;
	search->found = --search->wanted == 0;
}

void last_lines_feed(struct last_lines *search, const void *data)
{
	const char *bytes = data;
	uint64_t offset;
	size_t length;

	if (!last_lines_block(search, &offset, &length))
		return;
	search->position = offset;
	while (!search->found) {
		const char *newline = memrchr(bytes, '\n', length);

		if (!newline)
			break;
		length = (size_t)(newline - bytes);
		note_newline(search, offset + length + 1);
	}
	if (search->found || offset > search->lowest)
		return;
	search->found = true;
	/* The file's first line has no newline before it. */
	if (offset == 0)
		search->start = 0;
}

uint64_t last_lines_start(const struct last_lines *search)
{
	assert(search->found);
	return search->start;
}
