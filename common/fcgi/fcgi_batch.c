/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "common/fcgi/fcgi_batch.h"

#include <fastcgi.h>
#include <string.h>

#include "common/chunk_pool.h"
#include "common/min.h"

/* Don't start a record with less room than this. */
#define RECORD_ROOM_MIN 4096
#define PADDING_MAX 8
/*
 * Where the first record stands in its buffer. Chunks begin at a page, and so
 * do buffers: with the record at the buffer's begin its content would stand 8
 * bytes off the place of the chunk's in its page, and such a copy takes up to
 * 25 times as long as any other (docs/PERFORMANCE.md, "Where a copy begins").
 */
#define FIRST_RECORD 1016

bool fcgi_batch_borrow(struct fcgi_batch *batch)
{
	batch->buffer = chunk_pool_get(batch->buffers);
	batch->count = 0;
	return batch->buffer != NULL;
}

void fcgi_batch_return(struct fcgi_batch *batch)
{
	if (batch->buffer)
		chunk_pool_put(batch->buffers, batch->buffer);
	batch->buffer = NULL;
	batch->record = NULL;
	batch->count = 0;
}

/* Returns the room for content after `record`. */
static size_t room_after(
    const struct fcgi_batch *batch, const unsigned char *record)
{
	size_t used = (size_t)(record - batch->buffer) +
	    FCGI_RECORD_HEADER_SIZE + PADDING_MAX;

	return used < FCGI_BATCH_BUFFER_SIZE ? FCGI_BATCH_BUFFER_SIZE - used
					     : 0;
}

unsigned char *fcgi_batch_begin(struct fcgi_batch *batch, size_t *ret_room)
{
	const struct fcgi_framed *last;
	size_t room;

	batch->record = batch->buffer + FIRST_RECORD;
	if (batch->count > 0) {
		last = &batch->framed[batch->count - 1];
		batch->record = last->bytes + last->length;
	}
	room = room_after(batch, batch->record);
	room = size_min(room, FCGI_BATCH_CONTENT_MAX);
	*ret_room = batch->owed > 0 ? size_min(room, batch->owed) : room;
	return batch->record + FCGI_RECORD_HEADER_SIZE;
}

bool fcgi_batch_has_room(
    const struct fcgi_batch *batch, const unsigned char *end)
{
	return batch->count + 1 < FCGI_BATCH_MAX &&
	    room_after(batch, end + PADDING_MAX) >= RECORD_ROOM_MIN;
}

void fcgi_batch_frame(struct fcgi_batch *batch, unsigned char *end)
{
	struct fcgi_framed *framed = &batch->framed[batch->count++];

	*framed = (struct fcgi_framed){
		.bytes = batch->record,
		.content = fcgi_batch_content(batch, end),
		.header = FCGI_RECORD_HEADER_SIZE,
	};
	framed->padding = fcgi_record_padding(framed->content);
	if (batch->owed > 0) {
		/* The header has left: this continues its record. */
		framed->bytes += FCGI_RECORD_HEADER_SIZE;
		framed->header = 0;
		batch->owed -= framed->content;
		framed->padding = batch->owed ? 0 : batch->owed_padding;
	} else {
		const struct fcgi_record record = {
			.type = FCGI_STDOUT,
			.request_id = batch->request_id,
			.content_length = (uint16_t)framed->content,
			.padding_length = framed->padding,
		};

		fcgi_record_encode(framed->bytes, &record);
	}
	memset(end, 0, framed->padding);
	framed->length = framed->header + framed->content + framed->padding;
}

size_t fcgi_batch_length(const struct fcgi_batch *batch)
{
	size_t length = 0;

	for (unsigned int i = 0; i < batch->count; i++)
		length += batch->framed[i].length;
	return length;
}

/* Drops the rest of one record, of which `sent` bytes have left. */
static void drop_rest(struct fcgi_batch *batch,
    const struct fcgi_framed *framed, size_t sent, struct fcgi_batch_rest *ret)
{
	size_t promised = framed->header + framed->content;
	size_t rest = framed->content;
	bool opened = framed->header == 0 || sent > 0;

	if (sent > framed->header)
		rest = sent < promised ? promised - sent : 0;
	ret->dropped += rest;
	if (!opened)
		return;
	if (rest == 0) { /* but for some padding */
		ret->kept = framed->bytes + sent;
		ret->kept_length = framed->length - sent;
		return;
	}
	if (sent < framed->header) {
		ret->kept = framed->bytes + sent;
		ret->kept_length = framed->header - sent;
	}
	if (framed->header > 0)
		batch->owed_padding = framed->padding;
	batch->owed += rest;
}

void fcgi_batch_drop(
    struct fcgi_batch *batch, size_t sent, struct fcgi_batch_rest *ret)
{
	*ret = (struct fcgi_batch_rest){ 0 };
	for (unsigned int i = 0; i < batch->count; i++) {
		const struct fcgi_framed *framed = &batch->framed[i];

		if (sent < framed->length)
			drop_rest(batch, framed, sent, ret);
		sent -= size_min(sent, framed->length);
	}
}
