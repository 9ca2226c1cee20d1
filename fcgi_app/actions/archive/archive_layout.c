/* SPDX-License-Identifier: MIT */
/*
 * Records are made whole, one after another, and what was asked for is cut out
 * of them. Sums of their lengths are kept, the lengths themselves are not:
 * making a record once more is quick.
 */
#include "config.h"
#include "fcgi_app/actions/archive/archive_layout.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/min.h"
#include "fcgi_app/actions/archive/archive_member.h"
#include "fcgi_app/actions/archive/tar_format.h"
#include "fcgi_app/actions/archive/zip_format.h"
#include "fcgi_app/members/member_list.h"

/* Any record; they are of several forms. */
union record {
	unsigned char zip[ZIP_RECORD_MAX];
	unsigned char tar[TAR_HEADER_MAX];
	unsigned char tar_end[TAR_END_LENGTH];
	unsigned char bytes[1];
};

static bool is_zip(const struct archive_layout *layout)
{
	return archive_form_is_zip(layout->form);
}

struct archive_member archive_layout_member(
    const struct archive_layout *layout, size_t member)
{
	const struct member *from = &layout->members->list[member];

	return (struct archive_member){
		.name = from->name,
		.size = from->file.size,
		.mtime = from->file.mtime.tv_sec,
		.mode = from->mode,
		.crc_first = layout->form == ARCHIVE_ZIP_CRC_FIRST,
	};
}

/* --- records -------------------------------------------------------------- */

static size_t make_header(const struct archive_layout *layout, size_t member,
    uint32_t crc, union record *record)
{
	const struct archive_member entry =
	    archive_layout_member(layout, member);

	return is_zip(layout) ? zip_format_header(&entry, crc, record->zip)
			      : tar_format_header(&entry, record->tar);
}

/* What follows a member's content. */
static size_t make_trailer(const struct archive_layout *layout, size_t member,
    uint32_t crc, union record *record)
{
	const struct archive_member entry =
	    archive_layout_member(layout, member);
	size_t length;

	if (is_zip(layout))
		return zip_format_descriptor(&entry, crc, record->zip);
	length = tar_format_padding(entry.size);
	memset(record->tar, 0, length);
	return length;
}

static size_t make_directory_entry(const struct archive_layout *layout,
    size_t member, uint32_t crc, union record *record)
{
	const struct archive_member entry =
	    archive_layout_member(layout, member);

	return zip_format_directory_entry(
	    &entry, crc, layout->starts[member], record->zip);
}

static size_t make_end(
    const struct archive_layout *layout, union record *record)
{
	size_t count = layout->members->count;
	struct zip_directory directory;

	if (!is_zip(layout)) {
		memset(record->tar_end, 0, TAR_END_LENGTH);
		return TAR_END_LENGTH;
	}
	directory.count = count;
	directory.offset = layout->starts[count];
	directory.size = layout->directory[count] - directory.offset;
	return zip_format_end(&directory, record->zip);
}

/* --- sums ----------------------------------------------------------------- */

static int add(uint64_t *sum, uint64_t more)
{
	return __builtin_add_overflow(*sum, more, sum) ? -EOVERFLOW : 0;
}

uint64_t archive_layout_piece(const struct archive_layout *layout, size_t index)
{
	union record record;
	size_t before;

	if (index == 0)
		return 0;
	before = layout->contents[index - 1];
	return layout->starts[before] +
	    make_header(layout, before, 0, &record) +
	    layout->members->list[before].file.size;
}

/* Ends a made piece in front of a content. */
static void lay_content(
    struct archive_layout *layout, size_t member, uint64_t start)
{
	size_t index = layout->content_count++;
	uint64_t size = layout->members->list[member].file.size;

	layout->contents[index] = (uint32_t)member;
	layout->lengths[2 * index] =
	    start - archive_layout_piece(layout, index);
	layout->lengths[2 * index + 1] = size;
}

static int lay_member(
    struct archive_layout *layout, size_t member, uint64_t *end)
{
	const struct member *from = &layout->members->list[member];
	union record record;
	int r;

	if (strlen(from->name) > ARCHIVE_NAME_MAX)
		return -ENAMETOOLONG;
	layout->starts[member] = *end;
	r = add(end, make_header(layout, member, 0, &record));
	if (r == 0 && from->file.size > 0)
		lay_content(layout, member, *end);
	if (r == 0)
		r = add(end, from->file.size);
	if (r == 0)
		r = add(end, make_trailer(layout, member, 0, &record));
	return r;
}

static int lay_members(struct archive_layout *layout)
{
	size_t count = layout->members->count;
	uint64_t end = 0;

	for (size_t i = 0; i < count; i++) {
		int r = lay_member(layout, i, &end);

		if (r < 0)
			return r;
	}
	layout->starts[count] = end;
	layout->size = end;
	return 0;
}

static int lay_directory(struct archive_layout *layout)
{
	size_t count = layout->members->count;
	uint64_t end = layout->size;
	union record record;

	if (!layout->directory)
		return 0;
	for (size_t i = 0; i < count; i++) {
		int r;

		layout->directory[i] = end;
		r = add(&end, make_directory_entry(layout, i, 0, &record));
		if (r < 0)
			return r;
	}
	layout->directory[count] = end;
	layout->size = end;
	return 0;
}

static int allocate(struct archive_layout *layout)
{
	size_t count = layout->members->count;

	if (count > UINT32_MAX)
		return -EOVERFLOW;
	layout->starts = calloc(count + 1, sizeof(layout->starts[0]));
	layout->contents = calloc(count + 1, sizeof(layout->contents[0]));
	layout->lengths = calloc(2 * count + 1, sizeof(layout->lengths[0]));
	if (is_zip(layout))
		layout->directory =
		    calloc(count + 1, sizeof(layout->directory[0]));
	if (!layout->starts || !layout->contents || !layout->lengths ||
	    (is_zip(layout) && !layout->directory))
		return -ENOMEM;
	return 0;
}

int archive_layout_init(struct archive_layout *layout, enum archive_form form,
    const struct members *members)
{
	union record record;
	int r;

	assert(!archive_form_is_packed(form));
	memset(layout, 0, sizeof(*layout));
	layout->form = form;
	layout->members = members;
	r = allocate(layout);
	if (r == 0)
		r = lay_members(layout);
	if (r == 0)
		r = lay_directory(layout);
	if (r == 0)
		r = add(&layout->size, make_end(layout, &record));
	if (r == 0)
		layout->lengths[2 * layout->content_count] = layout->size -
		    archive_layout_piece(layout, layout->content_count);
	else
		archive_layout_fini(layout);
	return r;
}

void archive_layout_fini(struct archive_layout *layout)
{
	free(layout->starts);
	free(layout->directory);
	free(layout->contents);
	free(layout->lengths);
	memset(layout, 0, sizeof(*layout));
}

/* --- making bytes --------------------------------------------------------- */

/* The last of `count` sums that is not after `offset`. */
static size_t find(const uint64_t *sums, size_t count, uint64_t offset)
{
	size_t low = 0;
	size_t high = count;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (sums[middle] <= offset)
			low = middle;
		else
			high = middle;
	}
	return low;
}

/* A piece while it is made. */
struct making {
	const struct archive_layout *layout;
	const struct archive_piece *piece;
	uint64_t offset; /* of the next byte */
	size_t done;
	size_t unknown; /* member whose CRC-32 is missing */
	union record record;
};

/* Copies what the piece has of a record that begins at `start`. */
static void copy(struct making *making, uint64_t start, size_t length)
{
	size_t skip = (size_t)(making->offset - start);
	size_t left = making->piece->length - making->done;
	size_t n = size_min(length - skip, left);

	assert(start <= making->offset && skip < length);
	memcpy(making->piece->bytes + making->done, making->record.bytes + skip,
	    n);
	making->done += n;
	making->offset += n;
}

static int find_crc(struct making *making, size_t member, uint32_t *ret_crc)
{
	const struct archive_piece *piece = making->piece;

	*ret_crc = 0;
	if (!is_zip(making->layout) ||
	    making->layout->members->list[member].file.size == 0)
		return 0;
	making->unknown = member;
	return piece->crc(piece->context, member, ret_crc);
}

/* The header or what follows the content: whichever is at the offset. */
static int make_of_member(struct making *making)
{
	const struct archive_layout *layout = making->layout;
	size_t member =
	    find(layout->starts, layout->members->count, making->offset);
	bool crc_first = layout->form == ARCHIVE_ZIP_CRC_FIRST;
	uint64_t start = layout->starts[member];
	uint32_t crc = 0;
	size_t length;

	if (crc_first && find_crc(making, member, &crc) < 0)
		return -EAGAIN;
	length = make_header(layout, member, crc, &making->record);
	if (making->offset - start >= length) {
		/* So it is not in front, as nothing would follow then. */
		start += length + layout->members->list[member].file.size;
		if (find_crc(making, member, &crc) < 0)
			return -EAGAIN;
		length = make_trailer(layout, member, crc, &making->record);
	}
	copy(making, start, length);
	return 0;
}

static int make_of_directory(struct making *making)
{
	const struct archive_layout *layout = making->layout;
	size_t member =
	    find(layout->directory, layout->members->count, making->offset);
	size_t length;
	uint32_t crc;

	if (find_crc(making, member, &crc) < 0)
		return -EAGAIN;
	length = make_directory_entry(layout, member, crc, &making->record);
	copy(making, layout->directory[member], length);
	return 0;
}

static int make_record(struct making *making)
{
	const struct archive_layout *layout = making->layout;
	size_t count = layout->members->count;
	uint64_t end = layout->starts[count];
	size_t length;

	if (making->offset < end)
		return make_of_member(making);
	if (layout->directory)
		end = layout->directory[count];
	if (making->offset < end)
		return make_of_directory(making);
	length = make_end(layout, &making->record);
	copy(making, end, length);
	return 0;
}

int archive_layout_make(const struct archive_layout *layout,
    const struct archive_piece *piece, size_t *ret_member)
{
	struct making making = {
		.layout = layout,
		.piece = piece,
		.offset = piece->offset,
	};

	assert(piece->length > 0 && piece->offset < layout->size &&
	    piece->length <= layout->size - piece->offset);
	while (making.done < piece->length && make_record(&making) == 0)
		;
	if (making.done > 0)
		return (int)making.done;
	*ret_member = making.unknown;
	return -EAGAIN;
}
