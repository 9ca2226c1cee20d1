/* SPDX-License-Identifier: MIT */
/*
 * The records of a zip archive whose members are stored as they are (APPNOTE
 * 6.3.10). The length of a record does not depend on the content of the files,
 * so a layout can be made before any of them is read.
 *
 * A file's CRC-32 stands in its local header (`crc_first`), or it follows the
 * bytes in a data descriptor (4.3.9); and in the central directory. With a
 * descriptor the local header has the size all the same, in spite of 4.4.4: a
 * reader that unpacks from a pipe needs it. Folders and empty files have no
 * descriptor.
 *
 * Numbers that do not fit are in the zip64 extra field (4.5.3), and a
 * descriptor has sizes of 8 bytes if its local header has that field (4.3.9.2).
 *
 * Times are UTC, as the bytes must not depend on where they are made; the
 * "UT" field has seconds since 1970, for those within 32 bits.
 */
#ifndef FCGI_APP_ACTIONS_ARCHIVE_ZIP_FORMAT_H
#define FCGI_APP_ACTIONS_ARCHIVE_ZIP_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fcgi_app/actions/archive/zip_name.h"

struct archive_member;

/* Room for any one record. */
#define ZIP_RECORD_MAX (ZIP_NAME_SIZE + 128)

/* The central directory, before the records at the end. */
struct zip_directory {
	uint64_t count;  /* of entries in the central directory */
	uint64_t offset; /* where it begins in the archive */
	uint64_t size;   /* bytes */
};

/* Each writes a record to `ret`, ZIP_RECORD_MAX bytes, and returns its size. */

/*
 * Local file header (4.3.7), which the file's bytes follow. Without `crc_first`
 * the CRC-32 doesn't count.
 */
size_t zip_format_header(
    const struct archive_member *entry, uint32_t crc, unsigned char *ret);

/* Returns whether a data descriptor follows them. */
bool zip_format_has_descriptor(const struct archive_member *entry);

/* Data descriptor (4.3.9). Returns 0 if the entry has none. */
size_t zip_format_descriptor(
    const struct archive_member *entry, uint32_t crc, unsigned char *ret);

/* Header in the central directory (4.3.12); `offset`: of the local header. */
size_t zip_format_directory_entry(const struct archive_member *entry,
    uint32_t crc, uint64_t offset, unsigned char *ret);

/* End of the central directory (4.3.14 to 4.3.16). */
size_t zip_format_end(
    const struct zip_directory *directory, unsigned char *ret);

#endif
