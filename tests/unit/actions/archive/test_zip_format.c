/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/actions/archive/zip_format, by APPNOTE 6.3.10. */
#include "config.h"

#include "fcgi_app/actions/archive/zip_format.h"

#include <string.h>
#include <sys/stat.h>

#include "fcgi_app/actions/archive/archive_member.h"
#include "tests/unit/support/unit.h"

#define LIMIT 0xffffffffu
/* 2021-02-03 04:05:07 UTC */
#define MTIME 1612325107

static unsigned char record[ZIP_RECORD_MAX];

static uint64_t number(const unsigned char *at, int bytes)
{
	uint64_t value = 0;

	while (bytes-- > 0)
		value = value << 8 | at[bytes];
	return value;
}

static void check_bytes(size_t length, const void *expected, size_t size)
{
	assert_int_equal(length, size);
	assert_memory_equal(record, expected, size);
}

static struct archive_member file(uint64_t size)
{
	return (
	    struct archive_member){ "a/b", size, MTIME, S_IFREG | 0640, false };
}

static void a_file(void **state)
{
	static const char header[] = "PK\3\4\x14\0\x08\0\0\0"
				     "\xa3\x20\x43\x52\0\0\0\0"
				     "\x05\0\0\0\x05\0\0\0\3\0\x09\0a/b"
				     "UT\x05\0\1\xf3\x20\x1a\x60";
	static const char descriptor[] = "PK\7\x08\x78\x56\x34\x12"
					 "\x05\0\0\0\x05\0\0\0";
	static const char entry[] = "PK\1\2\x2d\3\x14\0\x08\0\0\0"
				    "\xa3\x20\x43\x52\x78\x56\x34\x12"
				    "\x05\0\0\0\x05\0\0\0\3\0\x09\0\0\0"
				    "\0\0\0\0\0\0\xa0\x81\x07\0\0\0a/b"
				    "UT\x05\0\1\xf3\x20\x1a\x60";
	const struct archive_member five = file(5);

	(void)state;
	check_bytes(zip_format_header(&five, 0x12345678, record), header,
	    sizeof(header) - 1);
	assert_true(zip_format_has_descriptor(&five));
	check_bytes(zip_format_descriptor(&five, 0x12345678, record),
	    descriptor, sizeof(descriptor) - 1);
	check_bytes(zip_format_directory_entry(&five, 0x12345678, 7, record),
	    entry, sizeof(entry) - 1);
}

static void a_file_with_its_crc_first(void **state)
{
	static const char header[] = "PK\3\4\x14\0\0\0\0\0"
				     "\xa3\x20\x43\x52\x78\x56\x34\x12"
				     "\x05\0\0\0\x05\0\0\0\3\0\x09\0a/b"
				     "UT\x05\0\1\xf3\x20\x1a\x60";
	struct archive_member entry = file(5);

	(void)state;
	entry.crc_first = true;
	check_bytes(zip_format_header(&entry, 0x12345678, record), header,
	    sizeof(header) - 1);
	assert_false(zip_format_has_descriptor(&entry));
	assert_int_equal(zip_format_descriptor(&entry, 1, record), 0);
	zip_format_directory_entry(&entry, 0x12345678, 7, record);
	assert_int_equal(number(record + 8, 2), 0);
	assert_int_equal(number(record + 16, 4), 0x12345678);
	/* Above 4 GiB the sizes are in the zip64 field, the CRC-32 is not. */
	entry.size = LIMIT;
	assert_int_equal(
	    zip_format_header(&entry, 0x12345678, record), 30 + 3 + 20 + 9);
	assert_int_equal(number(record + 6, 2), 0);
	assert_int_equal(number(record + 14, 4), 0x12345678);
	assert_int_equal(number(record + 37, 8), LIMIT);
	assert_int_equal(zip_format_descriptor(&entry, 1, record), 0);
}

/* Neither descriptor nor CRC-32: that of nothing is 0. */
static void a_folder_and_an_empty_file(void **state)
{
	const struct archive_member folder = { "d", 0, MTIME, S_IFDIR | 0755,
		false };
	const struct archive_member empty = file(0);
	size_t n = zip_format_header(&folder, 0, record);

	(void)state;
	assert_int_equal(n, 30 + 2 + 9);
	assert_int_equal(number(record + 6, 2), 0);
	assert_memory_equal(record + 30, "d/", 2);
	assert_false(zip_format_has_descriptor(&folder));
	assert_int_equal(zip_format_descriptor(&folder, 0, record), 0);
	zip_format_directory_entry(&folder, 0, 0, record);
	assert_int_equal(number(record + 38, 4), 040755u << 16 | 0x10);
	zip_format_header(&empty, 0, record);
	assert_int_equal(number(record + 6, 2), 0);
	assert_int_equal(zip_format_descriptor(&empty, 0, record), 0);
}

static void only_permissions_are_kept(void **state)
{
	struct archive_member entry = file(1);

	(void)state;
	entry.mode = S_IFREG | 07777;
	zip_format_directory_entry(&entry, 0, 0, record);
	assert_int_equal(number(record + 38, 4), 0100777u << 16);
}

static void names_that_are_not_ascii_are_marked(void **state)
{
	struct archive_member entry = file(0);

	(void)state;
	entry.name = "\xc3\xbc";
	zip_format_header(&entry, 0, record);
	assert_int_equal(number(record + 6, 2), 1 << 11);
	zip_format_directory_entry(&entry, 0, 0, record);
	assert_int_equal(number(record + 8, 2), 1 << 11);
	/* Escaped it is ASCII. */
	entry.name = "\xff";
	zip_format_header(&entry, 0, record);
	assert_int_equal(number(record + 6, 2), 0);
	assert_memory_equal(record + 30, "%FF", 3);
}

static void large_files_have_sizes_of_64_bits(void **state)
{
	const struct archive_member below = file(LIMIT - 1);
	const struct archive_member at = file(LIMIT);
	size_t n;

	(void)state;
	assert_int_equal(zip_format_header(&below, 0, record), 30 + 3 + 9);
	assert_int_equal(number(record + 18, 4), LIMIT - 1);
	assert_int_equal(zip_format_descriptor(&below, 0, record), 16);
	n = zip_format_header(&at, 0, record);
	assert_int_equal(n, 30 + 3 + 20 + 9);
	assert_int_equal(number(record + 4, 2), 45);
	assert_int_equal(number(record + 18, 4), LIMIT);
	assert_int_equal(number(record + 22, 4), LIMIT);
	assert_memory_equal(record + 33, "\1\0\x10\0", 4);
	assert_int_equal(number(record + 37, 8), LIMIT);
	assert_int_equal(number(record + 45, 8), LIMIT);
	assert_int_equal(zip_format_descriptor(&at, 1, record), 24);
	assert_int_equal(number(record + 16, 8), LIMIT);
}

static void far_offsets_have_64_bits(void **state)
{
	const struct archive_member small = file(5);
	const struct archive_member large = file(1ull << 40);
	size_t n = zip_format_directory_entry(&small, 1, LIMIT - 1, record);

	(void)state;
	assert_int_equal(n, 46 + 3 + 9);
	n = zip_format_directory_entry(&small, 1, LIMIT, record);
	assert_int_equal(n, 46 + 3 + 12 + 9);
	assert_int_equal(number(record + 6, 2), 45);
	assert_int_equal(number(record + 42, 4), LIMIT);
	assert_memory_equal(record + 49, "\1\0\x08\0", 4);
	assert_int_equal(number(record + 53, 8), LIMIT);
	/* The size of the file is not there: it fits. */
	assert_int_equal(number(record + 24, 4), 5);
	n = zip_format_directory_entry(&large, 1, 1ull << 41, record);
	assert_int_equal(n, 46 + 3 + 28 + 9);
	assert_memory_equal(record + 49, "\1\0\x18\0", 4);
	assert_int_equal(number(record + 53, 8), 1ull << 40);
	assert_int_equal(number(record + 69, 8), 1ull << 41);
}

static void check_dos_time(time_t mtime, unsigned int date, unsigned int time)
{
	struct archive_member entry = file(0);

	entry.mtime = mtime;
	zip_format_header(&entry, 0, record);
	assert_int_equal(number(record + 10, 2), time);
	assert_int_equal(number(record + 12, 2), date);
}

static void times_stay_within_what_can_be_said(void **state)
{
	struct archive_member entry = file(0);

	(void)state;
	check_dos_time(0, 1 << 5 | 1, 0);
	check_dos_time(-5000000000, 1 << 5 | 1, 0);
	check_dos_time(315532799, 1 << 5 | 1, 0); /* 1979-12-31 23:59:59 */
	check_dos_time(315532801, 1 << 5 | 1, 0);
	/* 2107-12-31 23:59:59, and the second after that */
	check_dos_time(
	    4354819199, 127 << 9 | 12 << 5 | 31, 23 << 11 | 59 << 5 | 29);
	check_dos_time(
	    4354819200, 127 << 9 | 12 << 5 | 31, 23 << 11 | 59 << 5 | 29);
	check_dos_time(
	    INT64_MAX, 127 << 9 | 12 << 5 | 31, 23 << 11 | 59 << 5 | 29);
	/* The other field: 32 bits, or none. */
	entry.mtime = INT32_MAX;
	assert_int_equal(zip_format_header(&entry, 0, record), 30 + 3 + 9);
	entry.mtime++;
	assert_int_equal(zip_format_header(&entry, 0, record), 30 + 3);
	entry.mtime = INT32_MIN;
	assert_int_equal(zip_format_header(&entry, 0, record), 30 + 3 + 9);
	assert_int_equal(number(record + 38, 4), 0x80000000);
	entry.mtime--;
	assert_int_equal(zip_format_header(&entry, 0, record), 30 + 3);
}

static void an_empty_archive(void **state)
{
	const struct zip_directory none = { 0 };

	(void)state;
	check_bytes(zip_format_end(&none, record),
	    "PK\5\6\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 22);
}

static void the_end_has_64_bits_if_it_must(void **state)
{
	static const struct {
		struct zip_directory directory;
		size_t length;
	} rows[] = {
		{ { 0xfffe, 1, 1 }, 22 },
		{ { 0xffff, 1, 1 }, 22 + 76 },
		{ { 1, LIMIT - 1, 1 }, 22 },
		{ { 1, LIMIT, 1 }, 22 + 76 },
		{ { 1, 1, LIMIT - 1 }, 22 },
		{ { 1, 1, LIMIT }, 22 + 76 },
	};
	const struct zip_directory huge = { 100000, 1ull << 36, 5000000 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
		assert_int_equal(
		    zip_format_end(&rows[i].directory, record), rows[i].length);
	zip_format_end(&huge, record);
	assert_memory_equal(record, "PK\6\6", 4);
	assert_int_equal(number(record + 4, 8), 56 - 12);
	assert_int_equal(number(record + 24, 8), 100000);
	assert_int_equal(number(record + 32, 8), 100000);
	assert_int_equal(number(record + 40, 8), 5000000);
	assert_int_equal(number(record + 48, 8), 1ull << 36);
	assert_memory_equal(record + 56, "PK\6\7", 4);
	assert_int_equal(number(record + 64, 8), (1ull << 36) + 5000000);
	assert_int_equal(number(record + 72, 4), 1);
	assert_memory_equal(record + 76, "PK\5\6", 4);
	assert_int_equal(number(record + 84, 2), 0xffff);
	assert_int_equal(number(record + 88, 4), 5000000);
	assert_int_equal(number(record + 92, 4), LIMIT);
}

static void the_longest_record_fits(void **state)
{
	char name[ARCHIVE_NAME_MAX + 1];
	const struct archive_member entry = { name, 0, MTIME, S_IFDIR | 0755,
		false };

	(void)state;
	memset(name, '\n', ARCHIVE_NAME_MAX);
	name[ARCHIVE_NAME_MAX] = '\0';
	assert_true(zip_format_directory_entry(&entry, 1, UINT64_MAX, record) <=
	    sizeof(record));
	assert_int_equal(number(record + 28, 2), 3 * ARCHIVE_NAME_MAX + 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file),
		cmocka_unit_test(a_file_with_its_crc_first),
		cmocka_unit_test(a_folder_and_an_empty_file),
		cmocka_unit_test(only_permissions_are_kept),
		cmocka_unit_test(names_that_are_not_ascii_are_marked),
		cmocka_unit_test(large_files_have_sizes_of_64_bits),
		cmocka_unit_test(far_offsets_have_64_bits),
		cmocka_unit_test(times_stay_within_what_can_be_said),
		cmocka_unit_test(an_empty_archive),
		cmocka_unit_test(the_end_has_64_bits_if_it_must),
		cmocka_unit_test(the_longest_record_fits),
	};

	return cmocka_run_group_tests_name("zip_format", tests, NULL, NULL);
}
