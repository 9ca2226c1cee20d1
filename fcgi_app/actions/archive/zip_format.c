/* SPDX-License-Identifier: MIT */
/* Records are put together from fields, the lowest byte first (4.4.1.1). */
#include "config.h"
#include "fcgi_app/actions/archive/zip_format.h"

#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "fcgi_app/actions/archive/archive_member.h"

/* Signatures */
#define LOCAL_HEADER 0x04034b50u
#define DESCRIPTOR 0x08074b50u
#define DIRECTORY_ENTRY 0x02014b50u
#define ZIP64_END 0x06064b50u
#define ZIP64_LOCATOR 0x07064b50u
#define END 0x06054b50u

/* Stands where the number is in the zip64 field (4.4.8). */
#define IN_ZIP64_16 0xffffu
#define IN_ZIP64_32 0xffffffffu

#define NEEDS_FOLDERS 20 /* 4.4.3.2 */
#define NEEDS_ZIP64 45
/* 4.4.2; the upper byte, 3: attributes are those of Unix. */
#define MADE_BY (3 << 8 | NEEDS_ZIP64)

#define FLAG_DESCRIPTOR (1 << 3)
#define FLAG_UTF8 (1 << 11)

#define EXTRA_ZIP64 0x0001
#define EXTRA_TIMESTAMP 0x5455 /* as Info-ZIP has it */
#define TIMESTAMP_LENGTH 5
#define TIMESTAMP_HAS_MTIME 1

#define DOS_FOLDER 0x10
#define DOS_YEAR_MIN 1980
#define DOS_YEAR_MAX 2107

struct cursor {
	unsigned char *at;
};

static void put(struct cursor *to, uint64_t value, int bytes)
{
	for (; bytes > 0; bytes--) {
		*to->at++ = (unsigned char)value;
		value >>= 8;
	}
}

static void put_16(struct cursor *to, uint64_t value)
{
	put(to, value, 2);
}

static void put_32(struct cursor *to, uint64_t value)
{
	put(to, value, 4);
}

static void put_64(struct cursor *to, uint64_t value)
{
	put(to, value, 8);
}

/* Puts the number, or a mark that it is in the zip64 field. */
static void put_32_or_zip64(struct cursor *to, uint64_t value)
{
	put_32(to, value < IN_ZIP64_32 ? value : IN_ZIP64_32);
}

static void put_16_or_zip64(struct cursor *to, uint64_t value)
{
	put_16(to, value < IN_ZIP64_16 ? value : IN_ZIP64_16);
}

/* --- what an entry's two headers share ------------------------------------ */

static bool needs_zip64(uint64_t value)
{
	return value >= IN_ZIP64_32;
}

static bool is_folder(const struct archive_member *entry)
{
	return S_ISDIR(entry->mode);
}

bool zip_format_has_descriptor(const struct archive_member *entry)
{
	return entry->size > 0 && !entry->crc_first;
}

/* The name as it is in the archive, with the slash of a folder. */
struct name {
	char text[ZIP_NAME_SIZE];
	size_t length;
	bool ascii;
};

static void make_name(const struct archive_member *entry, struct name *ret)
{
	ret->length = zip_name_format(entry->name, ret->text);
	if (is_folder(entry))
		ret->text[ret->length++] = '/';
	ret->ascii = true;
	for (size_t i = 0; i < ret->length; i++)
		if ((unsigned char)ret->text[i] >= 0x80)
			ret->ascii = false;
}

/* MS-DOS time and date (4.4.6), within what these can say. */
static void put_dos_time(struct cursor *to, time_t mtime)
{
	struct tm tm;

	if (!gmtime_r(&mtime, &tm) || tm.tm_year + 1900 > DOS_YEAR_MAX)
		tm = (struct tm){ .tm_year = DOS_YEAR_MAX - 1900,
			.tm_mon = 11,
			.tm_mday = 31,
			.tm_hour = 23,
			.tm_min = 59,
			.tm_sec = 58 };
	else if (tm.tm_year + 1900 < DOS_YEAR_MIN)
		tm =
		    (struct tm){ .tm_year = DOS_YEAR_MIN - 1900, .tm_mday = 1 };
	put_16(
	    to, (uint64_t)(tm.tm_hour << 11 | tm.tm_min << 5 | tm.tm_sec / 2));
	put_16(to,
	    (uint64_t)((tm.tm_year + 1900 - DOS_YEAR_MIN) << 9 |
		(tm.tm_mon + 1) << 5 | tm.tm_mday));
}

static bool has_timestamp(const struct archive_member *entry)
{
	return entry->mtime >= INT32_MIN && entry->mtime <= INT32_MAX;
}

static size_t timestamp_length(const struct archive_member *entry)
{
	return has_timestamp(entry) ? 4 + TIMESTAMP_LENGTH : 0;
}

static void put_timestamp(struct cursor *to, const struct archive_member *entry)
{
	if (!has_timestamp(entry))
		return;
	put_16(to, EXTRA_TIMESTAMP);
	put_16(to, TIMESTAMP_LENGTH);
	put(to, TIMESTAMP_HAS_MTIME, 1);
	put_32(to, (uint64_t)entry->mtime);
}

/* From the version to the date: the same in both headers. */
static void put_common(struct cursor *to, const struct archive_member *entry,
    const struct name *name, bool zip64)
{
	unsigned int flags = 0;

	if (zip_format_has_descriptor(entry))
		flags |= FLAG_DESCRIPTOR;
	/* Not for ASCII: old readers refuse flags that they don't know. */
	if (!name->ascii)
		flags |= FLAG_UTF8;
	put_16(to, zip64 ? NEEDS_ZIP64 : NEEDS_FOLDERS);
	put_16(to, flags);
	put_16(to, 0); /* stored */
	put_dos_time(to, entry->mtime);
}

static void put_name(struct cursor *to, const struct name *name)
{
	memcpy(to->at, name->text, name->length);
	to->at += name->length;
}

/* --- records -------------------------------------------------------------- */

size_t zip_format_header(
    const struct archive_member *entry, uint32_t crc, unsigned char *ret)
{
	struct cursor to = { ret };
	bool zip64 = needs_zip64(entry->size);
	struct name name;

	make_name(entry, &name);
	put_32(&to, LOCAL_HEADER);
	put_common(&to, entry, &name, zip64);
	/* Or it follows the bytes. */
	put_32(&to, entry->crc_first ? crc : 0);
	put_32_or_zip64(&to, entry->size);
	put_32_or_zip64(&to, entry->size);
	put_16(&to, name.length);
	put_16(&to, (zip64 ? 4 + 16 : 0) + timestamp_length(entry));
	put_name(&to, &name);
	if (zip64) {
		put_16(&to, EXTRA_ZIP64);
		put_16(&to, 16);
		put_64(&to, entry->size);
		put_64(&to, entry->size);
	}
	put_timestamp(&to, entry);
	return (size_t)(to.at - ret);
}

size_t zip_format_descriptor(
    const struct archive_member *entry, uint32_t crc, unsigned char *ret)
{
	struct cursor to = { ret };
	int bytes = needs_zip64(entry->size) ? 8 : 4;

	if (!zip_format_has_descriptor(entry))
		return 0;
	put_32(&to, DESCRIPTOR);
	put_32(&to, crc);
	put(&to, entry->size, bytes);
	put(&to, entry->size, bytes);
	return (size_t)(to.at - ret);
}

/* Puts only the numbers that need it, in this order (4.5.3). */
static void put_zip64(struct cursor *to, uint64_t size, uint64_t offset)
{
	bool large = needs_zip64(size);
	bool far = needs_zip64(offset);

	if (!large && !far)
		return;
	put_16(to, EXTRA_ZIP64);
	put_16(to, (large ? 16u : 0u) + (far ? 8u : 0u));
	if (large) {
		put_64(to, size);
		put_64(to, size);
	}
	if (far)
		put_64(to, offset);
}

static uint32_t external_attributes(const struct archive_member *entry)
{
	uint32_t type = is_folder(entry) ? S_IFDIR : S_IFREG;

	return (type | (entry->mode & 0777)) << 16 |
	    (is_folder(entry) ? DOS_FOLDER : 0);
}

size_t zip_format_directory_entry(const struct archive_member *entry,
    uint32_t crc, uint64_t offset, unsigned char *ret)
{
	struct cursor to = { ret };
	unsigned char extra[4 + 24];
	struct cursor zip64 = { extra };
	size_t zip64_length;
	struct name name;

	make_name(entry, &name);
	put_zip64(&zip64, entry->size, offset);
	zip64_length = (size_t)(zip64.at - extra);
	put_32(&to, DIRECTORY_ENTRY);
	put_16(&to, MADE_BY);
	put_common(&to, entry, &name, zip64_length > 0);
	put_32(&to, crc);
	put_32_or_zip64(&to, entry->size);
	put_32_or_zip64(&to, entry->size);
	put_16(&to, name.length);
	put_16(&to, zip64_length + timestamp_length(entry));
	put_16(&to, 0); /* comment */
	put_16(&to, 0); /* disk */
	put_16(&to, 0); /* internal attributes */
	put_32(&to, external_attributes(entry));
	put_32_or_zip64(&to, offset);
	put_name(&to, &name);
	memcpy(to.at, extra, zip64_length);
	to.at += zip64_length;
	put_timestamp(&to, entry);
	return (size_t)(to.at - ret);
}

static void put_zip64_end(
    struct cursor *to, const struct zip_directory *directory)
{
	put_32(to, ZIP64_END);
	put_64(to, 44); /* what follows in this record */
	put_16(to, MADE_BY);
	put_16(to, NEEDS_ZIP64);
	put_32(to, 0); /* disks */
	put_32(to, 0);
	put_64(to, directory->count);
	put_64(to, directory->count);
	put_64(to, directory->size);
	put_64(to, directory->offset);
	put_32(to, ZIP64_LOCATOR);
	put_32(to, 0);
	put_64(to, directory->offset + directory->size);
	put_32(to, 1); /* number of disks */
}

size_t zip_format_end(const struct zip_directory *directory, unsigned char *ret)
{
	struct cursor to = { ret };

	if (directory->count >= IN_ZIP64_16 || needs_zip64(directory->size) ||
	    needs_zip64(directory->offset))
		put_zip64_end(&to, directory);
	put_32(&to, END);
	put_16(&to, 0); /* disks */
	put_16(&to, 0);
	put_16_or_zip64(&to, directory->count);
	put_16_or_zip64(&to, directory->count);
	put_32_or_zip64(&to, directory->size);
	put_32_or_zip64(&to, directory->offset);
	put_16(&to, 0); /* comment */
	return (size_t)(to.at - ret);
}
