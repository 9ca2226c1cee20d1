/* SPDX-License-Identifier: MIT */
/*
 * The bytes of an archive are a sequence of sources: what is made of the layout
 * and the contents of files, in turn. A chunk that is made is freed when it is
 * given back, so that none waits in memory for a slow client.
 */
#include "config.h"
#include "fcgi_app/actions/archive/archive_source.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "common/container_of.h"
#include "common/min.h"
#include "common/stream/source_memory.h"
#include "common/stream/source_sequence.h"
#include "fcgi_app/actions/archive/archive.h"
#include "fcgi_app/actions/archive/archive_layout.h"
#include "fcgi_app/actions/archive/archive_service.h"
#include "fcgi_app/actions/archive/crc_finder.h"
#include "fcgi_app/actions/archive/crc_source.h"
#include "fcgi_app/members/member_list.h"
#include "fcgi_app/members/member_source.h"

/* The longest chunk that is made, in bytes. */
#define MADE_MAX ((size_t)64 << 10)

/* A source of what stands between the contents of two files. */
struct made {
	struct source source;
	struct archive *archive;
	uint64_t start; /* of the piece in the archive */
	/* Finds the CRC-32 that the read in flight waits for, or NULL. */
	struct crc_finder *finder;
	bool has_found; /* what it was to find */
	size_t member;
	uint64_t offset;
	size_t length;
};

static struct made *self(struct source *source)
{
	return container_of(source, struct made, source);
}

/* --- what is made --------------------------------------------------------- */

/*
 * Makes what the read asks for. Returns 1, -ENOMEM, or -EAGAIN: the CRC-32 of
 * made->member is missing.
 */
static int make(struct made *made, struct source_chunk *ret_chunk)
{
	struct archive_piece piece = {
		.offset = made->start + made->offset,
		.length = (size_t)u64_min(size_min(made->length, MADE_MAX),
		    made->source.size - made->offset),
		.crc = archive_find_crc,
		.context = made->archive,
	};
	int n;

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

static int make_or_find(struct made *made, struct source_chunk *ret_chunk);

static void on_found(void *context, int error)
{
	struct made *made = context;
	struct source_chunk chunk = { 0 };
	int r = error;

	made->finder = NULL;
	made->has_found = error == 0;
	if (r == 0) {
		r = make_or_find(made, &chunk);
		if (r == 0)
			return;
	}
	made->source.done(made->source.context, r < 0 ? r : 0, &chunk);
}

/* Returns 0 if on_found() will be called, or -ENOMEM. */
static int find(struct made *made, size_t first, size_t end)
{
	made->finder =
	    crc_finder_start(made->archive, first, end, on_found, made);
	return made->finder ? 0 : -ENOMEM;
}

/*
 * An answer from the start, with each CRC-32 in front, begins when all of them
 * are known: until then its head waits, and may become an error.
 */
static bool needs_all(const struct made *made)
{
	return made->start == 0 && !made->has_found &&
	    archive_form(made->archive) == ARCHIVE_ZIP_CRC_FIRST &&
	    archive_members(made->archive)->count > 0;
}

/* Same contract as source_ops.read: now, or once a CRC-32 has been found. */
static int make_or_find(struct made *made, struct source_chunk *ret_chunk)
{
	int r;

	if (needs_all(made))
		return find(made, 0, archive_members(made->archive)->count);
	r = make(made, ret_chunk);
	if (r == -EAGAIN)
		r = find(made, made->member, made->member + 1);
	return r;
}

static int made_read(struct source *source, uint64_t offset, size_t length,
    struct source_chunk *ret_chunk)
{
	struct made *made = self(source);

	assert(!made->finder);
	made->offset = offset;
	made->length = length;
	return make_or_find(made, ret_chunk);
}

static void made_cancel(struct source *source)
{
	struct made *made = self(source);

	if (made->finder)
		crc_finder_cancel(made->finder);
	made->finder = NULL;
}

static void made_release(struct source *source, struct source_chunk *chunk)
{
	(void)source;
	free(chunk->owner);
}

static void made_close(struct source *source)
{
	struct made *made = self(source);

	assert(!made->finder);
	free(made);
}

static const struct source_ops made_ops = {
	.read = made_read,
	.cancel = made_cancel,
	.release = made_release,
	.close = made_close,
};

static struct source *open_made(struct archive *archive, size_t index)
{
	const struct archive_layout *layout = archive_layout(archive);
	struct made *made = calloc(1, sizeof(*made));

	if (!made)
		return NULL;
	made->source.ops = &made_ops;
	made->source.size = layout->lengths[2 * index];
	made->archive = archive;
	made->start = archive_layout_piece(layout, index);
	return &made->source;
}

/* --- a file --------------------------------------------------------------- */

struct source *archive_source_member(struct archive *archive, size_t member)
{
	struct member *of = &archive_members(archive)->list[member];
	const char *text = archive_text(archive, member);

	if (text)
		return source_memory_new(text, of->file.size, NULL, NULL);
	return member_source_new(archive_folder(archive), of);
}

static struct source *open_content(struct archive *archive, size_t index)
{
	size_t member = archive_layout(archive)->contents[index];
	const struct crc_watch watch = {
		.note = archive_note_crc,
		.context = archive,
		.member = member,
	};
	struct source *file = archive_source_member(archive, member);
	struct crc_state state;
	struct source *summed;

	if (!file || !archive_form_is_zip(archive_form(archive)) ||
	    archive_text(archive, member))
		return file;
	state = archive_crc_state(archive, member);
	summed = crc_source_new(file, &state, &watch);
	if (!summed)
		file->ops->close(file);
	return summed;
}

/* --- all of them ---------------------------------------------------------- */

static struct source *open_part(
    void *context, size_t index, uint64_t *ret_offset)
{
	(void)ret_offset;
	return index % 2 == 0 ? open_made(context, index / 2)
			      : open_content(context, index / 2);
}

static void release(void *context)
{
	archive_unref(context);
}

static struct source *open_bytes(void *context)
{
	struct archive *archive = context;
	const struct archive_layout *layout = archive_layout(archive);
	const struct source_sequence_parts parts = {
		.count = 2 * layout->content_count + 1,
		.lengths = layout->lengths,
		.open = open_part,
		.release = release,
		.context = archive,
	};
	struct source *source = source_sequence_new(&parts);

	if (source)
		archive_ref(archive);
	return source;
}

struct source_maker archive_source_maker(struct archive *archive)
{
	return (struct source_maker){
		.open = open_bytes,
		.release = release,
		.context = archive_ref(archive),
	};
}
