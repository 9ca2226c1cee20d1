/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "fcgi_app/actions/follow/follow_search.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "fcgi_app/actions/follow/follow_cursor.h"
#include "fcgi_app/actions/follow/last_lines.h"

struct follow_search {
	struct last_lines lines;
	size_t have; /* of the block */
	char block[LAST_LINES_BLOCK];
};

struct follow_search *follow_search_new(
    uint64_t size, uint64_t lines, bool whole)
{
	struct follow_search *search = calloc(1, sizeof(*search));

	if (search)
		last_lines_init(&search->lines, size, lines, whole);
	return search;
}

void follow_search_free(struct follow_search *search)
{
	free(search);
}

/* Reads on in a block at `offset`. Returns an enum follow_step, or -errno. */
static int read_block(struct follow_search *search,
    struct follow_cursor *cursor, uint64_t offset, size_t length)
{
	int r;

	cursor->position = offset + search->have;
	r = follow_cursor_step(cursor, length - search->have);
	if (r != FOLLOW_BYTES)
		return r;
	assert(cursor->length <= length - search->have);
	memcpy(search->block + search->have, cursor->data, cursor->length);
	search->have += cursor->length;
	follow_cursor_release(cursor);
	return r;
}

int follow_search_step(
    struct follow_search *search, struct follow_cursor *cursor)
{
	uint64_t offset;
	size_t length;
	int r = FOLLOW_BYTES;

	if (!last_lines_block(&search->lines, &offset, &length)) {
		cursor->position = last_lines_start(&search->lines);
		return 1;
	}
	while (r == FOLLOW_BYTES && search->have < length)
		r = read_block(search, cursor, offset, length);
	if (r < 0 || r == FOLLOW_WAIT)
		return r < 0 ? r : 0;
	if (r != FOLLOW_BYTES) {
		/* The bytes are gone: only what is new can be sent. */
		if (r == FOLLOW_CUT)
			follow_cursor_move(cursor);
		cursor->position = 0;
		return 1;
	}
	last_lines_feed(&search->lines, search->block);
	search->have = 0;
	follow_cursor_yield(cursor);
	return 0;
}
