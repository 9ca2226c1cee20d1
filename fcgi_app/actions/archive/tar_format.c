/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "fcgi_app/actions/archive/tar_format.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/min.h"
#include "common/utf8.h"

#define NAME_MAX_USTAR 100
#define PREFIX_MAX 155
/* The largest number of 11 octal digits. */
#define NUMBER_MAX 077777777777

/* One block (POSIX.1-2017, pax, "ustar Interchange Format"). */
struct block {
	char name[NAME_MAX_USTAR];
	char mode[8];
	char uid[8];
	char gid[8];
	char size[12];
	char mtime[12];
	char checksum[8];
	char type;
	char linkname[100];
	char magic[6];
	char version[2];
	char uname[32];
	char gname[32];
	char devmajor[8];
	char devminor[8];
	char prefix[PREFIX_MAX];
	char unused[12];
};

_Static_assert(sizeof(struct block) == TAR_BLOCK, "a tar header is one block");

#define TYPE_FILE '0'
#define TYPE_FOLDER '5'
#define TYPE_PAX 'x'

/* Room for the records of a pax header: a name and three short ones. */
#define RECORDS_MAX (ARCHIVE_NAME_MAX + 128)

struct records {
	char text[RECORDS_MAX];
	size_t length;
};

/* --- names ---------------------------------------------------------------- */

struct name {
	char text[ARCHIVE_NAME_MAX + 2];
	size_t length;
	size_t prefix; /* bytes of it in ustar's prefix, without the slash */
	bool fits;     /* into ustar's fields */
	bool ascii;
	bool utf8;
};

/* Finds the slash that parts prefix and name: the first that makes both fit. */
static void split(struct name *name)
{
	name->fits = name->length <= NAME_MAX_USTAR;
	for (size_t i = 1; !name->fits && i + 1 < name->length; i++) {
		if (name->text[i] != '/' ||
		    name->length - i - 1 > NAME_MAX_USTAR)
			continue;
		name->fits = i <= PREFIX_MAX;
		name->prefix = name->fits ? i : 0;
		return;
	}
}

static void make_name(const struct archive_member *entry, struct name *name)
{
	name->length = strlen(entry->name);
	memcpy(name->text, entry->name, name->length);
	if (S_ISDIR(entry->mode))
		name->text[name->length++] = '/';
	name->text[name->length] = '\0';
	name->prefix = 0;
	name->ascii = name->utf8 = true;
	for (const char *p = name->text; *p && name->utf8;) {
		size_t length = utf8_length(p);

		name->ascii &= length == 1;
		name->utf8 = length > 0;
		p += length;
	}
	split(name);
}

/* --- blocks --------------------------------------------------------------- */

/* Digits in all of a field but its last byte, a NUL. */
static void put_octal(char *field, size_t size, uint64_t value)
{
	field[--size] = '\0';
	while (size > 0) {
		field[--size] = (char)('0' + (value & 7));
		value >>= 3;
	}
}

/*
 * A size above NUMBER_MAX is in the pax header; here it is once more as GNU tar
 * writes it, for readers that know only that.
 */
static void put_size(char field[12], uint64_t size)
{
	if (size <= NUMBER_MAX) {
		put_octal(field, 12, size);
		return;
	}
	memset(field, 0, 12);
	field[0] = (char)0x80;
	for (int i = 11; i > 3; i--) {
		field[i] = (char)size;
		size >>= 8;
	}
}

/* The sum of all bytes, with blanks in the checksum's place. */
static void put_checksum(struct block *block)
{
	unsigned char bytes[TAR_BLOCK];
	unsigned int sum = 0;

	memset(block->checksum, ' ', sizeof(block->checksum));
	memcpy(bytes, block, sizeof(bytes));
	for (size_t i = 0; i < sizeof(bytes); i++)
		sum += bytes[i];
	/* Six digits, a NUL, and the blank that is there. */
	put_octal(block->checksum, 7, sum);
}

static bool time_fits(time_t mtime)
{
	return mtime >= 0 && mtime <= NUMBER_MAX;
}

static void init_block(struct block *block, char type,
    const struct archive_member *entry, uint64_t size)
{
	bool fits = time_fits(entry->mtime);

	memset(block, 0, sizeof(*block));
	put_octal(block->mode, sizeof(block->mode), entry->mode & 0777);
	put_octal(block->uid, sizeof(block->uid), 0);
	put_octal(block->gid, sizeof(block->gid), 0);
	put_size(block->size, size);
	put_octal(block->mtime, sizeof(block->mtime),
	    fits ? (uint64_t)entry->mtime : 0);
	block->type = type;
	memcpy(block->magic, "ustar", 6);
	memcpy(block->version, "00", 2);
}

static void copy(char *field, size_t size, const char *text, size_t length)
{
	memcpy(field, text, size_min(length, size));
}

/* --- the pax header ------------------------------------------------------- */

static size_t digits(size_t number)
{
	size_t n = 1;

	for (; number >= 10; number /= 10)
		n++;
	return n;
}

/* "LENGTH KEY=VALUE\n", where LENGTH counts itself too. */
static void add_record(
    struct records *records, const char *key, const char *value)
{
	size_t rest = strlen(key) + strlen(value) + 3;
	size_t length = rest + digits(rest);

	if (digits(length) > digits(rest))
		length++;
	records->length += (size_t)snprintf(records->text + records->length,
	    sizeof(records->text) - records->length, "%zu %s=%s\n", length, key,
	    value);
}

static void make_records(const struct archive_member *entry,
    const struct name *name, struct records *records)
{
	char number[24];

	records->length = 0;
	if (!name->utf8 && !name->fits)
		add_record(records, "hdrcharset", "BINARY");
	if (!name->fits || (name->utf8 && !name->ascii))
		add_record(records, "path", name->text);
	if (entry->size > NUMBER_MAX) {
		snprintf(number, sizeof(number), "%" PRIu64, entry->size);
		add_record(records, "size", number);
	}
	if (!time_fits(entry->mtime)) {
		snprintf(number, sizeof(number), "%jd", (intmax_t)entry->mtime);
		add_record(records, "mtime", number);
	}
}

size_t tar_format_padding(uint64_t size)
{
	return (size_t)(-size % TAR_BLOCK);
}

static size_t put_pax(const struct archive_member *entry,
    const struct records *records, unsigned char *ret)
{
	static const char name[] = "PaxHeaders/pax";
	size_t padding = tar_format_padding(records->length);
	struct block block;

	init_block(&block, TYPE_PAX, entry, records->length);
	copy(block.name, sizeof(block.name), name, strlen(name));
	put_octal(block.mode, sizeof(block.mode), 0644);
	put_checksum(&block);
	memcpy(ret, &block, sizeof(block));
	memcpy(ret + TAR_BLOCK, records->text, records->length);
	memset(ret + TAR_BLOCK + records->length, 0, padding);
	return TAR_BLOCK + records->length + padding;
}

size_t tar_format_header(const struct archive_member *entry, unsigned char *ret)
{
	bool folder = S_ISDIR(entry->mode);
	struct records records;
	struct block block;
	struct name name;
	const char *last;
	size_t n = 0;

	make_name(entry, &name);
	make_records(entry, &name, &records);
	if (records.length > 0)
		n = put_pax(entry, &records, ret);
	init_block(
	    &block, folder ? TYPE_FOLDER : TYPE_FILE, entry, entry->size);
	last = name.prefix > 0 ? name.text + name.prefix + 1 : name.text;
	copy(block.name, sizeof(block.name), last, strlen(last));
	copy(block.prefix, sizeof(block.prefix), name.text, name.prefix);
	put_checksum(&block);
	memcpy(ret + n, &block, sizeof(block));
	return n + TAR_BLOCK;
}
