/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/actions/archive/tar_format. */
#include "config.h"

#include "fcgi_app/actions/archive/tar_format.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/unit/support/unit.h"

static unsigned char header[TAR_HEADER_MAX];

static struct archive_member file(const char *name)
{
	return (struct archive_member){ name, 5, 1612325107, S_IFREG | 04640,
		false };
}

/* A name of `length` bytes with a slash at `slash`. */
static const char *name_of(size_t length, size_t slash)
{
	static char name[ARCHIVE_NAME_MAX + 1];

	memset(name, 'n', length);
	name[length] = '\0';
	if (slash > 0)
		name[slash] = '/';
	return name;
}

/* The header's block is the last; its checksum must be right. */
static const unsigned char *block(size_t length)
{
	const unsigned char *at = header + length - TAR_BLOCK;
	unsigned int sum = 8 * ' ';

	assert_int_equal(length % TAR_BLOCK, 0);
	for (size_t i = 0; i < TAR_BLOCK; i++)
		if (i < 148 || i >= 156)
			sum += at[i];
	assert_int_equal(strtoul((const char *)at + 148, NULL, 8), sum);
	return at;
}

static void a_file(void **state)
{
	const struct archive_member entry = file("a/b");
	const unsigned char *at;

	(void)state;
	at = block(tar_format_header(&entry, header));
	assert_ptr_equal(at, header);
	assert_string_equal(at, "a/b");
	assert_memory_equal(at + 100, "0000640\0000000000\0000000000", 24);
	assert_memory_equal(at + 124, "00000000005\00014006420363", 24);
	assert_memory_equal(at + 154, "\0 0", 3);
	assert_memory_equal(at + 257, "ustar\00000", 8);
}

static void a_folder(void **state)
{
	const struct archive_member entry = { "d", 0, 0, S_IFDIR | 0755,
		false };
	const unsigned char *at;

	(void)state;
	at = block(tar_format_header(&entry, header));
	assert_string_equal(at, "d/");
	assert_int_equal(at[156], '5');
}

static void padding(void **state)
{
	(void)state;
	assert_int_equal(tar_format_padding(0), 0);
	assert_int_equal(tar_format_padding(1), 511);
	assert_int_equal(tar_format_padding(511), 1);
	assert_int_equal(tar_format_padding(512), 0);
	assert_int_equal(tar_format_padding(UINT64_MAX), 1);
}

static void long_names_are_split_at_a_slash(void **state)
{
	static const struct {
		size_t length;
		size_t slash; /* 0: none */
		size_t headers;
	} rows[] = {
		{ 100, 0, 1 }, { 101, 0, 3 }, { 101, 1, 1 }, { 102, 1, 1 },
		{ 103, 1, 3 },                    /* 101 after the slash */
		{ 256, 155, 1 }, { 257, 156, 3 }, /* 156 in front of it */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		const struct archive_member entry =
		    file(name_of(rows[i].length, rows[i].slash));
		size_t n = tar_format_header(&entry, header);

		if (n != rows[i].headers * TAR_BLOCK)
			fail_msg("row %zu: %zu bytes", i, n);
		if (rows[i].headers == 1 && rows[i].slash > 0)
			assert_memory_equal(
			    block(n) + 345, entry.name, rows[i].slash);
	}
}

/* The text of the pax header in front. */
static void check_records(const struct archive_member *entry, const char *text)
{
	size_t n = tar_format_header(entry, header);
	size_t size = strlen(text);

	block(TAR_BLOCK);
	block(n);
	assert_int_equal(n, 3 * TAR_BLOCK);
	assert_int_equal(header[156], 'x');
	assert_int_equal(strtoul((const char *)header + 124, NULL, 8), size);
	assert_memory_equal(header + TAR_BLOCK, text, size);
	for (; size < TAR_BLOCK; size++)
		assert_int_equal(header[TAR_BLOCK + size], 0);
}

static void names_that_are_not_ascii(void **state)
{
	struct archive_member entry = file("\xc3\xbc");
	char long_name[200] = "\xff";

	(void)state;
	check_records(&entry, "11 path=\xc3\xbc\n");
	entry.name = "\xff";
	assert_int_equal(tar_format_header(&entry, header), TAR_BLOCK);
	assert_int_equal(header[0], 0xff);
	memset(long_name + 1, 'n', 101);
	entry.name = long_name;
	assert_int_equal(tar_format_header(&entry, header), 3 * TAR_BLOCK);
	assert_memory_equal(
	    header + TAR_BLOCK, "21 hdrcharset=BINARY\n112 path=\xffn", 31);
}

/* The length of a record counts its own digits. */
static void lengths_of_records(void **state)
{
	static const struct {
		size_t name;
		const char *expected;
	} rows[] = {
		{ 989, "999 path=n" },
		{ 990, "1001 path=" },
		{ 991, "1002 path=" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		const struct archive_member entry =
		    file(name_of(rows[i].name, 0));

		tar_format_header(&entry, header);
		assert_memory_equal(header + TAR_BLOCK, rows[i].expected, 10);
	}
}

static void large_files(void **state)
{
	struct archive_member entry = file("a");
	size_t n;

	(void)state;
	entry.size = 077777777777;
	n = tar_format_header(&entry, header);
	assert_int_equal(n, TAR_BLOCK);
	assert_memory_equal(header + 124, "77777777777", 12);
	entry.size++;
	check_records(&entry, "19 size=8589934592\n");
	assert_memory_equal(
	    header + 2 * TAR_BLOCK + 124, "\x80\0\0\0\0\0\0\2\0\0\0\0", 12);
}

static void odd_times(void **state)
{
	struct archive_member entry = file("a");

	(void)state;
	entry.mtime = 077777777777;
	assert_int_equal(tar_format_header(&entry, header), TAR_BLOCK);
	entry.mtime++;
	check_records(&entry, "20 mtime=8589934592\n");
	entry.mtime = -1;
	check_records(&entry, "12 mtime=-1\n");
}

static void the_longest_name_fits(void **state)
{
	const struct archive_member entry = { name_of(ARCHIVE_NAME_MAX, 0),
		UINT64_MAX, INT64_MIN, S_IFDIR | 0755, false };

	(void)state;
	assert_true(tar_format_header(&entry, header) <= sizeof(header));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file),
		cmocka_unit_test(a_folder),
		cmocka_unit_test(padding),
		cmocka_unit_test(long_names_are_split_at_a_slash),
		cmocka_unit_test(names_that_are_not_ascii),
		cmocka_unit_test(lengths_of_records),
		cmocka_unit_test(large_files),
		cmocka_unit_test(odd_times),
		cmocka_unit_test(the_longest_name_fits),
	};

	return cmocka_run_group_tests_name("tar_format", tests, NULL, NULL);
}
