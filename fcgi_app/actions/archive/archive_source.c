/* SPDX-License-Identifier: MIT */
/*
 * A chunk is made when it is asked for and freed when it is given back, so that
 * none waits in memory for a slow client.
 */
#include "config.h"
#include "fcgi_app/actions/archive/archive_source.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "common/container_of.h"
#include "common/stream/source.h"
#include "fcgi_app/actions/archive/archive.h"
#include "fcgi_app/actions/archive/archive_layout.h"
#include "fcgi_app/actions/archive/archive_service.h"
#include "fcgi_app/actions/archive/crc_reader.h"
#include "fcgi_app/members/member_search.h"
#include "fcgi_app/members/member_source.h"

struct archive_source {
	struct source source;
	struct archive *archive;
	uint64_t start; /* of the piece in the archive */
	/* The read in flight waits for the CRC-32 of a member. */
	struct crc_reader *fill;
	size_t member;
	uint64_t offset;
	size_t length;
};

static struct archive_source *self(struct source *source)
{
	return container_of(source, struct archive_source, source);
}

/* Makes what the read asks for: 1, -EAGAIN (`member` is missing) or -ENOMEM. */
static int make(struct archive_source *made, struct source_chunk *ret_chunk)
{
	struct archive_piece piece = {
		.offset = made->start + made->offset,
		.length = made->length,
		.crc = archive_find_crc,
		.context = made->archive,
	};
	int n;

	if (piece.length > ARCHIVE_MADE_MAX)
		piece.length = ARCHIVE_MADE_MAX;
	if (piece.length > made->source.size - made->offset)
		piece.length = (size_t)(made->source.size - made->offset);
	piece.bytes = malloc(piece.length);
	if (!piece.bytes)
		return -ENOMEM;
	n = archive_layout_make(
	    archive_layout(made->archive), &piece, &made->member);
	if (n < 0) {
		free(piece.bytes);
		return n;
	}
	*ret_chunk = (struct source_chunk){
		.data = piece.bytes,
		.length = (size_t)n,
		.owner = piece.bytes,
	};
	return 1;
}

static int start_fill(struct archive_source *made);

/* As source_ops.read: now, or when a file was read. */
static int make_or_fill(
    struct archive_source *made, struct source_chunk *ret_chunk)
{
	int r = make(made, ret_chunk);

	return r == -EAGAIN ? start_fill(made) : r;
}

static void on_crc(void *context, int error, const struct crc_state *state)
{
	struct archive_source *made = context;
	struct source_chunk chunk = { 0 };
	int r = error;

	made->fill = NULL;
	archive_note_crc(made->archive, made->member, state);
	if (r == 0) {
		r = make_or_fill(made, &chunk);
		if (r == 0)
			return;
	}
	made->source.done(made->source.context, r < 0 ? r : 0, &chunk);
}

static int start_fill(struct archive_source *made)
{
	struct archive *archive = made->archive;
	const struct member *member =
	    &archive_members(archive)->list[made->member];
	const struct crc_reader_params wish = {
		.file = member,
		.source = member_source_new(archive_folder(archive), member),
		.state = archive_crc_state(archive, made->member),
		.done = on_crc,
		.context = made,
	};

	if (!wish.source)
		return -ENOMEM;
	made->fill = crc_reader_start(&archive_service(archive)->fills, &wish);
	if (!made->fill) {
		wish.source->ops->close(wish.source);
		return -ENOMEM;
	}
	return 0;
}

static int made_read(struct source *source, uint64_t offset, size_t length,
    struct source_chunk *ret_chunk)
{
	struct archive_source *made = self(source);

	assert(!made->fill);
	made->offset = offset;
	made->length = length;
	return make_or_fill(made, ret_chunk);
}

static void made_cancel(struct source *source)
{
	struct archive_source *made = self(source);
	struct crc_state state;

	if (!made->fill)
		return;
	/* Whoever tries again goes on from here. */
	state = crc_reader_cancel(made->fill);
	archive_note_crc(made->archive, made->member, &state);
	made->fill = NULL;
}

static void made_release(struct source *source, struct source_chunk *chunk)
{
	(void)source;
	free(chunk->owner);
}

static void made_close(struct source *source)
{
	struct archive_source *made = self(source);

	assert(!made->fill);
	free(made);
}

static const struct source_ops made_ops = {
	.read = made_read,
	.cancel = made_cancel,
	.release = made_release,
	.close = made_close,
};

struct source *archive_source_new(struct archive *archive, size_t index)
{
	const struct archive_layout *layout = archive_layout(archive);
	struct archive_source *made = calloc(1, sizeof(*made));

	if (!made)
		return NULL;
	made->source.ops = &made_ops;
	made->source.size = layout->lengths[2 * index];
	made->archive = archive;
	made->start = archive_layout_piece(layout, index);
	return &made->source;
}
