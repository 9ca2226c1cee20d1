/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/actions/archive/compressor: what it makes is read with
 * libarchive. */
#include "config.h"

#include "fcgi_app/actions/archive/compressor.h"

#include <archive.h>
#include <archive_entry.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fcgi_app/actions/archive/archive_member.h"
#include "tests/unit/support/unit.h"

#define SIZE 300000

static const enum archive_form packed_forms[] = { ARCHIVE_TAR_GZ,
	ARCHIVE_TAR_ZST, ARCHIVE_ZIP_DEFLATE };

static char content[SIZE];

/* What a compressor put out, gathered. */
struct made {
	char *bytes;
	size_t length;
};

static void take(struct compressor *compressor, struct made *made)
{
	size_t length;
	const void *output = compressor_output(compressor, &length);

	made->bytes = realloc(made->bytes, made->length + length + 1);
	assert_non_null(made->bytes);
	if (length > 0)
		memcpy(made->bytes + made->length, output, length);
	made->length += length;
	compressor_clear(compressor);
	compressor_output(compressor, &length);
	assert_int_equal(length, 0);
}

static struct archive *open_made(const struct made *made)
{
	struct archive *archive = archive_read_new();

	assert_non_null(archive);
	archive_read_support_filter_all(archive);
	archive_read_support_format_zip(archive);
	archive_read_support_format_raw(archive);
	assert_int_equal(
	    archive_read_open_memory(archive, made->bytes, made->length),
	    ARCHIVE_OK);
	return archive;
}

/* The next entry must have this name (NULL: any) and these bytes. */
static void check_entry(struct archive *archive, const char *name, size_t size)
{
	struct archive_entry *entry;
	char *found = malloc(size + 1);

	assert_non_null(found);
	assert_int_equal(archive_read_next_header(archive, &entry), ARCHIVE_OK);
	if (name)
		assert_string_equal(archive_entry_pathname(entry), name);
	assert_int_equal(archive_read_data(archive, found, size + 1), size);
	assert_memory_equal(found, content, size);
	free(found);
}

static void close_made(struct archive *archive, struct made *made)
{
	struct archive_entry *entry;

	assert_int_equal(
	    archive_read_next_header(archive, &entry), ARCHIVE_EOF);
	archive_read_free(archive);
	free(made->bytes);
}

static void pack(struct compressor *compressor,
    const struct archive_member *member, struct made *made)
{
	size_t step = 70001;

	assert_int_equal(compressor_begin(compressor, member), 0);
	take(compressor, made);
	for (size_t at = 0; at < member->size; at += step) {
		size_t left = member->size - at;

		assert_int_equal(compressor_add(compressor, content + at,
				     left < step ? left : step),
		    0);
		take(compressor, made);
	}
}

static void what_is_packed_is_unpacked(void **state)
{
	const struct archive_member one = { "one", SIZE, 1600000000,
		S_IFREG | 0644, false };

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(packed_forms); i++) {
		struct compressor *compressor = compressor_new(packed_forms[i]);
		struct made made = { NULL, 0 };
		struct archive *archive;

		assert_non_null(compressor);
		pack(compressor, &one, &made);
		assert_int_equal(compressor_finish(compressor), 0);
		take(compressor, &made);
		compressor_free(compressor);
		archive = open_made(&made);
		check_entry(archive, NULL, SIZE);
		close_made(archive, &made);
	}
}

static void members_of_a_zip(void **state)
{
	static const struct archive_member members[] = {
		{ "d", 0, 5, S_IFDIR | 0755, false },
		{ "d/\xc3\xbc", 1000, 5, S_IFREG | 0644, false },
		{ "d/a\\b", 0, 5, S_IFREG | 0644, false },
		{ "d/\xff", 1, 5, S_IFREG | 0644, false },
	};
	static const char *const names[] = { "d/", "d/\xc3\xbc", "d/a%5Cb",
		"d/%FF" };
	struct compressor *compressor = compressor_new(ARCHIVE_ZIP_DEFLATE);
	struct made made = { NULL, 0 };
	struct archive *archive;

	(void)state;
	assert_non_null(compressor);
	for (size_t i = 0; i < ARRAY_LENGTH(members); i++)
		pack(compressor, &members[i], &made);
	assert_int_equal(compressor_finish(compressor), 0);
	take(compressor, &made);
	compressor_free(compressor);
	/* The name that is not ASCII is marked as UTF-8, flag 11. */
	for (size_t at = 0; at + 8 < made.length; at++)
		if (memcmp(made.bytes + at, "PK\3\4", 4) == 0)
			assert_int_equal((made.bytes[at + 7] & 8) != 0,
			    memcmp(made.bytes + at + 30, "d/\xc3", 3) == 0);
	/* To read such names libarchive needs it, to write them it must not. */
	setlocale(LC_CTYPE, "C.UTF-8");
	archive = open_made(&made);
	for (size_t i = 0; i < ARRAY_LENGTH(members); i++)
		check_entry(archive, names[i], members[i].size);
	close_made(archive, &made);
	setlocale(LC_CTYPE, "C");
}

static void nothing_at_all(void **state)
{
	struct compressor *compressor = compressor_new(ARCHIVE_ZIP_DEFLATE);
	struct made made = { NULL, 0 };

	(void)state;
	assert_int_equal(compressor_finish(compressor), 0);
	take(compressor, &made);
	compressor_free(compressor);
	close_made(open_made(&made), &made);
}

/* In each state; nothing is leaked (valgrind). */
static void freed_in_mid_way(void **state)
{
	const struct archive_member one = { "one", SIZE, 0, S_IFREG | 0644,
		false };

	(void)state;
	compressor_free(NULL);
	for (size_t i = 0; i < ARRAY_LENGTH(packed_forms); i++) {
		struct compressor *compressor = compressor_new(packed_forms[i]);

		compressor_free(compressor);
		compressor = compressor_new(packed_forms[i]);
		assert_int_equal(compressor_begin(compressor, &one), 0);
		compressor_free(compressor);
		compressor = compressor_new(packed_forms[i]);
		assert_int_equal(compressor_begin(compressor, &one), 0);
		assert_int_equal(
		    compressor_add(compressor, content, 100000), 0);
		compressor_free(compressor);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_packed_is_unpacked),
		cmocka_unit_test(members_of_a_zip),
		cmocka_unit_test(nothing_at_all),
		cmocka_unit_test(freed_in_mid_way),
	};

	for (size_t i = 0; i < SIZE; i++)
		content[i] = (char)(i * i >> 7);
	return cmocka_run_group_tests_name("compressor", tests, NULL, NULL);
}
