/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/actions/archive/archive_layout. */
#include "config.h"

#include "fcgi_app/actions/archive/archive_layout.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fcgi_app/actions/archive/archive_member.h"
#include "fcgi_app/members/member_list.h"
#include "tests/unit/support/unit.h"

/* Empty ones at both ends and between the others. */
static struct member list[] = {
	{ .name = "a", .mode = S_IFDIR | 0755 },
	{ .name = "a/b", .file.size = 5, .mode = S_IFREG | 0644 },
	{ .name = "a/empty", .mode = S_IFREG | 0644 },
	{ .name = "c", .file.size = 1024, .mode = S_IFREG | 0644 },
	{ .name = "d", .file.size = 700, .mode = S_IFREG | 0644 },
	{ .name = "last", .mode = S_IFREG | 0644 },
};

static struct members some = { .count = ARRAY_LENGTH(list), .list = list };

static const enum archive_form plain_forms[] = { ARCHIVE_ZIP, ARCHIVE_TAR,
	ARCHIVE_ZIP_CRC_FIRST };

struct crcs {
	bool known[ARRAY_LENGTH(list)];
	unsigned int asked;
};

static int find_crc(void *context, size_t member, uint32_t *ret_crc)
{
	struct crcs *crcs = context;

	/* Nobody needs that of nothing. */
	assert_true(list[member].file.size > 0);
	crcs->asked++;
	if (!crcs->known[member])
		return -EAGAIN;
	*ret_crc = 0x1000 + (uint32_t)member;
	return 0;
}

static struct crcs all_known(void)
{
	struct crcs crcs = { .asked = 0 };

	memset(crcs.known, true, sizeof(crcs.known));
	return crcs;
}

/* Makes [offset, offset + length), which is no content, in steps. */
static void make(const struct archive_layout *layout, uint64_t offset,
    size_t length, size_t step, unsigned char *ret)
{
	struct crcs crcs = all_known();

	while (length > 0) {
		const struct archive_piece piece = {
			.offset = offset,
			.length = step < length ? step : length,
			.bytes = ret,
			.crc = find_crc,
			.context = &crcs,
		};
		size_t member;
		int n = archive_layout_make(layout, &piece, &member);

		assert_int_equal(n, piece.length);
		offset += piece.length;
		ret += piece.length;
		length -= piece.length;
	}
}

/* All of an archive, with 'x' for content. */
static unsigned char *make_all(const struct archive_layout *layout, size_t step)
{
	unsigned char *bytes = malloc(layout->size);
	uint64_t at = 0;

	assert_non_null(bytes);
	for (size_t i = 0; i < 2 * layout->content_count + 1; i++) {
		uint64_t length = layout->lengths[i];

		if (i % 2 == 0)
			assert_int_equal(
			    archive_layout_piece(layout, i / 2), at);
		if (i % 2 == 0)
			make(layout, at, length, step, bytes + at);
		else
			memset(bytes + at, 'x', length);
		at += length;
	}
	assert_int_equal(at, layout->size);
	return bytes;
}

static void pieces_and_contents_make_the_whole(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(plain_forms); i++) {
		struct archive_layout layout;

		assert_int_equal(
		    archive_layout_init(&layout, plain_forms[i], &some), 0);
		assert_int_equal(layout.content_count, 3);
		for (size_t k = 0; k < 3; k++)
			assert_int_equal(layout.lengths[2 * k + 1],
			    list[layout.contents[k]].file.size);
		free(make_all(&layout, SIZE_MAX));
		archive_layout_fini(&layout);
	}
}

/* Wherever it is cut. */
static void every_part_is_the_same_as_in_the_whole(void **state)
{
	static const size_t steps[] = { 1, 7, 64, 511 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(plain_forms); i++) {
		struct archive_layout layout;
		unsigned char *whole;

		archive_layout_init(&layout, plain_forms[i], &some);
		whole = make_all(&layout, SIZE_MAX);
		for (size_t k = 0; k < ARRAY_LENGTH(steps); k++) {
			unsigned char *cut = make_all(&layout, steps[k]);

			assert_memory_equal(cut, whole, layout.size);
			free(cut);
		}
		free(whole);
		archive_layout_fini(&layout);
	}
}

static void a_zip_says_where_its_members_are(void **state)
{
	struct archive_layout layout;
	unsigned char *bytes;

	(void)state;
	archive_layout_init(&layout, ARCHIVE_ZIP, &some);
	bytes = make_all(&layout, SIZE_MAX);
	for (size_t i = 0; i < some.count; i++) {
		const unsigned char *entry = bytes + layout.directory[i];
		uint32_t offset;

		assert_memory_equal(bytes + layout.starts[i], "PK\3\4", 4);
		assert_memory_equal(entry, "PK\1\2", 4);
		memcpy(&offset, entry + 42, sizeof(offset));
		assert_int_equal(offset, layout.starts[i]);
		assert_int_equal(entry[16], list[i].file.size > 0 ? i : 0);
		assert_int_equal(entry[17], list[i].file.size > 0 ? 0x10 : 0);
	}
	assert_memory_equal(bytes + layout.directory[some.count], "PK\5\6", 4);
	free(bytes);
	archive_layout_fini(&layout);
}

/* What comes before the first CRC-32 that is missing is made. */
static void a_missing_crc_is_asked_for(void **state)
{
	struct archive_layout layout;
	struct crcs crcs = all_known();
	unsigned char bytes[4096];
	struct archive_piece piece = {
		.bytes = bytes, .crc = find_crc, .context = &crcs
	};
	size_t member = 99;
	int n;

	(void)state;
	archive_layout_init(&layout, ARCHIVE_ZIP, &some);
	crcs.known[3] = false;
	piece.offset = layout.starts[some.count];
	piece.length = (size_t)(layout.size - piece.offset);
	n = archive_layout_make(&layout, &piece, &member);
	assert_int_equal(n, layout.directory[3] - layout.directory[0]);
	assert_int_equal(member, 99);
	piece.offset += (size_t)n;
	piece.length -= (size_t)n;
	assert_int_equal(
	    archive_layout_make(&layout, &piece, &member), -EAGAIN);
	assert_int_equal(member, 3);
	/* In front of its content nobody asks. */
	crcs.asked = 0;
	piece.offset = layout.starts[3];
	piece.length = 30;
	assert_int_equal(archive_layout_make(&layout, &piece, &member), 30);
	assert_int_equal(crcs.asked, 0);
	archive_layout_fini(&layout);
}

/* All that follows the CRC-32 of a file is its bytes. */
static void a_crc_may_stand_first(void **state)
{
	struct archive_layout last, first;
	struct crcs crcs = all_known();
	unsigned char bytes[4096];
	struct archive_piece piece = {
		.bytes = bytes, .crc = find_crc, .context = &crcs
	};
	size_t member = 99;
	int n;

	(void)state;
	archive_layout_init(&last, ARCHIVE_ZIP, &some);
	archive_layout_init(&first, ARCHIVE_ZIP_CRC_FIRST, &some);
	/* Three descriptors less. */
	assert_int_equal(first.size, last.size - 3 * 16);
	assert_int_equal(first.lengths[1], list[1].file.size);
	/* From the start to the first content. */
	piece.length = (size_t)first.lengths[0];
	crcs.known[1] = false;
	n = archive_layout_make(&first, &piece, &member);
	assert_int_equal(n, first.starts[1]);
	piece.offset = first.starts[1];
	piece.length -= (size_t)n;
	assert_int_equal(archive_layout_make(&first, &piece, &member), -EAGAIN);
	assert_int_equal(member, 1);
	crcs.known[1] = true;
	n = archive_layout_make(&first, &piece, &member);
	assert_int_equal(n, piece.length);
	assert_memory_equal(bytes + 14, "\1\x10\0\0", 4);
	archive_layout_fini(&last);
	archive_layout_fini(&first);
}

static void an_archive_of_nothing(void **state)
{
	static const size_t sizes[] = { 22, 1024, 22 };
	const struct members none = { .count = 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(plain_forms); i++) {
		struct archive_layout layout;

		assert_int_equal(
		    archive_layout_init(&layout, plain_forms[i], &none), 0);
		assert_int_equal(layout.size, sizes[i]);
		free(make_all(&layout, 5));
		archive_layout_fini(&layout);
		archive_layout_fini(&layout);
	}
}

static void sizes_that_are_too_much(void **state)
{
	struct member huge[2] = {
		{ .name = "a", .file.size = UINT64_MAX - 100, .mode = S_IFREG },
		{ .name = "b", .file.size = 1, .mode = S_IFREG },
	};
	const struct members both = { .count = 2, .list = huge };
	struct archive_layout layout;

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(plain_forms); i++)
		assert_int_equal(
		    archive_layout_init(&layout, plain_forms[i], &both),
		    -EOVERFLOW);
}

static void a_name_at_the_limit_and_past_it(void **state)
{
	char name[ARCHIVE_NAME_MAX + 2];
	struct member member = { .name = name, .mode = S_IFREG };
	const struct members one = { .count = 1, .list = &member };
	struct archive_layout layout;

	(void)state;
	memset(name, 'n', sizeof(name));
	name[ARCHIVE_NAME_MAX + 1] = '\0';
	assert_int_equal(
	    archive_layout_init(&layout, ARCHIVE_ZIP, &one), -ENAMETOOLONG);
	name[ARCHIVE_NAME_MAX] = '\0';
	assert_int_equal(archive_layout_init(&layout, ARCHIVE_TAR, &one), 0);
	archive_layout_fini(&layout);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_and_contents_make_the_whole),
		cmocka_unit_test(every_part_is_the_same_as_in_the_whole),
		cmocka_unit_test(a_zip_says_where_its_members_are),
		cmocka_unit_test(a_missing_crc_is_asked_for),
		cmocka_unit_test(a_crc_may_stand_first),
		cmocka_unit_test(an_archive_of_nothing),
		cmocka_unit_test(sizes_that_are_too_much),
		cmocka_unit_test(a_name_at_the_limit_and_past_it),
	};

	return cmocka_run_group_tests_name("archive_layout", tests, NULL, NULL);
}
