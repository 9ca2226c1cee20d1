/* SPDX-License-Identifier: MIT */
/*
 * Where everything in an archive stands: known from the list of its members
 * alone, so that any range of it can be made.
 *
 * An archive consists of made pieces and the contents of files, in turn:
 *
 *	made 0 │ content 0 │ made 1 │ content 1 │ … │ made n
 *
 * for n files that are not empty. A made piece is everything between two
 * contents: what follows the one (data descriptor, padding), headers of empty
 * members, the header of the other; the last one has the end of the archive.
 */
#ifndef FCGI_APP_ACTIONS_ARCHIVE_ARCHIVE_LAYOUT_H
#define FCGI_APP_ACTIONS_ARCHIVE_ARCHIVE_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fcgi_app/actions/archive/archive_form.h"
#include "fcgi_app/actions/archive/archive_member.h"

struct members;

struct archive_layout {
	enum archive_form form; /* one that is not packed */
	const struct members *members;
	uint64_t size; /* of the archive */
	/* Of each member's header; after the last, where the members end. */
	uint64_t *starts;
	/* Of each member's entry in the central directory, and its end. */
	uint64_t *directory; /* NULL: the form has none */
	/* The members that have content. */
	size_t content_count;
	uint32_t *contents;
	/* Of all pieces and contents, 2 * content_count + 1. */
	uint64_t *lengths;
};

/* Gives the CRC-32 of a member. Returns 0, or -EAGAIN: it is not known yet. */
typedef int archive_layout_crc_fn(
    void *context, size_t member, uint32_t *ret_crc);

/*
 * Lays out `members`, which must outlive it. Returns 0, -ENOMEM, -ENAMETOOLONG
 * (a name above ARCHIVE_NAME_MAX) or -EOVERFLOW (2^64 bytes or more).
 */
int archive_layout_init(struct archive_layout *layout, enum archive_form form,
    const struct members *members);

/* Harmless on a zeroed layout. */
void archive_layout_fini(struct archive_layout *layout);

/* Returns a member as the formats see it; its name is borrowed. */
struct archive_member archive_layout_member(
    const struct archive_layout *layout, size_t member);

/* Returns where made piece `index` begins, from 0 to content_count. */
uint64_t archive_layout_piece(
    const struct archive_layout *layout, size_t index);

/* A place in an archive, and where bytes for it go. */
struct archive_piece {
	uint64_t offset;
	size_t length; /* not 0; none of them is content */
	unsigned char *bytes;
	/* Of zip only: of a member that is not empty. */
	archive_layout_crc_fn *crc;
	void *context;
};

/*
 * Makes bytes of made pieces. Returns how many of piece->length were made, more
 * than 0; or -EAGAIN: the CRC-32 of *ret_member is needed for the first of
 * them.
 */
int archive_layout_make(const struct archive_layout *layout,
    const struct archive_piece *piece, size_t *ret_member);

#endif
