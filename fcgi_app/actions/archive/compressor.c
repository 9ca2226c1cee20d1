/* SPDX-License-Identifier: MIT */
/* What libarchive puts out is gathered in a buffer that grows as it must. */
#include "config.h"
#include "fcgi_app/actions/archive/compressor.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fcgi_app/actions/archive/archive_member.h"
#include "fcgi_app/actions/archive/zip_name.h"

/* A fast one: several archives share a processor with all the rest. */
#define GZIP_LEVEL "3"
#define ZSTD_LEVEL "3"

struct compressor {
	enum archive_form form;
	struct archive *archive;
	struct archive_entry *entry;
	locale_t utf8; /* 0: names in zip are not marked as UTF-8 */
	char *output;
	size_t length;
	size_t capacity;
	bool discard; /* all that comes out */
};

/* --- what comes out ------------------------------------------------------- */

static int make_room(struct compressor *compressor, size_t more)
{
	size_t capacity =
	    compressor->capacity > 0 ? compressor->capacity : 16384;
	char *grown;

	while (capacity - compressor->length < more)
		capacity *= 2;
	if (capacity == compressor->capacity)
		return 0;
	grown = realloc(compressor->output, capacity);
	if (!grown)
		return -ENOMEM;
	compressor->output = grown;
	compressor->capacity = capacity;
	return 0;
}

static la_ssize_t put_out(
    struct archive *archive, void *context, const void *data, size_t length)
{
	struct compressor *compressor = context;

	if (compressor->discard)
		return (la_ssize_t)length;
	if (make_room(compressor, length) < 0) {
		archive_set_error(archive, ENOMEM, "out of memory");
		return -1;
	}
	memcpy(compressor->output + compressor->length, data, length);
	compressor->length += length;
	return (la_ssize_t)length;
}

/* After a warning the entry is in the archive all the same: no error. */
static int result(const struct compressor *compressor, la_ssize_t r)
{
	int error;

	if (r >= ARCHIVE_WARN)
		return 0;
	error = archive_errno(compressor->archive);
	return error > 0 ? -error : -EIO;
}

/* --- the forms ------------------------------------------------------------ */

static bool choose_form(struct compressor *compressor)
{
	struct archive *archive = compressor->archive;

	switch (compressor->form) {
	case ARCHIVE_TAR_GZ:
		return archive_write_set_format_raw(archive) == ARCHIVE_OK &&
		    archive_write_add_filter_gzip(archive) == ARCHIVE_OK &&
		    archive_write_set_options(archive,
			"gzip:compression-level=" GZIP_LEVEL
			",gzip:!timestamp") == ARCHIVE_OK;
	case ARCHIVE_TAR_ZST:
		return archive_write_set_format_raw(archive) == ARCHIVE_OK &&
		    archive_write_add_filter_zstd(archive) == ARCHIVE_OK &&
		    archive_write_set_options(archive,
			"zstd:compression-level=" ZSTD_LEVEL) == ARCHIVE_OK;
	case ARCHIVE_ZIP_DEFLATE:
		return archive_write_set_format_zip(archive) == ARCHIVE_OK &&
		    archive_write_set_options(archive,
			"zip:compression=deflate,zip:compression-"
			"level=" GZIP_LEVEL) == ARCHIVE_OK;
	case ARCHIVE_ZIP:
	case ARCHIVE_ZIP_CRC_FIRST:
	case ARCHIVE_TAR:
		break;
	}
	return false;
}

static bool open_archive(struct compressor *compressor)
{
	compressor->archive = archive_write_new();
	compressor->entry = archive_entry_new();
	compressor->utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	return compressor->archive && compressor->entry &&
	    choose_form(compressor) &&
	    /* Nothing is held back to fill a block. */
	    archive_write_set_bytes_per_block(compressor->archive, 0) ==
	    ARCHIVE_OK &&
	    archive_write_open(compressor->archive, compressor, NULL, put_out,
		NULL) == ARCHIVE_OK;
}

struct compressor *compressor_new(enum archive_form form)
{
	struct compressor *compressor = calloc(1, sizeof(*compressor));

	if (!compressor)
		return NULL;
	compressor->form = form;
	if (!open_archive(compressor)) {
		compressor_free(compressor);
		return NULL;
	}
	return compressor;
}

void compressor_free(struct compressor *compressor)
{
	if (!compressor)
		return;
	/*
	 * It finishes what it has begun: if it is told not to, by
	 * archive_write_fail(3), the memory of zlib and libzstd is lost.
	 */
	compressor->discard = true;
	archive_write_free(compressor->archive);
	archive_entry_free(compressor->entry);
	if (compressor->utf8)
		freelocale(compressor->utf8);
	free(compressor->output);
	free(compressor);
}

/* --- what goes in --------------------------------------------------------- */

/* libarchive marks a name as UTF-8 if that is the thread's encoding. */
static int write_header(struct compressor *compressor)
{
	locale_t before = (locale_t)0;
	int r;

	if (compressor->utf8)
		before = uselocale(compressor->utf8);
	r = archive_write_header(compressor->archive, compressor->entry);
	if (compressor->utf8)
		uselocale(before);
	return result(compressor, r);
}

int compressor_begin(
    struct compressor *compressor, const struct archive_member *member)
{
	bool folder = S_ISDIR(member->mode);
	char *name = malloc(ZIP_NAME_SIZE);
	int r;

	if (!name)
		return -ENOMEM;
	zip_name_format(member->name, name);
	archive_entry_clear(compressor->entry);
	archive_entry_copy_pathname(compressor->entry, name);
	archive_entry_set_filetype(
	    compressor->entry, folder ? AE_IFDIR : AE_IFREG);
	archive_entry_set_perm(compressor->entry, member->mode & 0777);
	archive_entry_set_mtime(compressor->entry, member->mtime, 0);
	archive_entry_set_size(compressor->entry, (la_int64_t)member->size);
	r = write_header(compressor);
	free(name);
	return r;
}

int compressor_add(
    struct compressor *compressor, const void *data, size_t length)
{
	const char *from = data;

	while (length > 0) {
		la_ssize_t n =
		    archive_write_data(compressor->archive, from, length);

		if (n <= 0)
			return n < 0 ? result(compressor, ARCHIVE_FATAL) : -EIO;
		from += n;
		length -= (size_t)n;
	}
	return 0;
}

int compressor_finish(struct compressor *compressor)
{
	return result(compressor, archive_write_close(compressor->archive));
}

const void *compressor_output(
    const struct compressor *compressor, size_t *ret_length)
{
	*ret_length = compressor->length;
	return compressor->output;
}

void compressor_clear(struct compressor *compressor)
{
	compressor->length = 0;
}
