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

struct packer {
	enum archive_form form;
	struct archive *archive;
	struct archive_entry *entry;
	locale_t utf8; /* 0: zip takes names for something else */
	char *output;
	size_t length;
	size_t capacity;
	bool discard; /* all that comes out */
};

/* --- what comes out ------------------------------------------------------- */

static int make_room(struct packer *packer, size_t more)
{
	size_t capacity = packer->capacity > 0 ? packer->capacity : 16384;
	char *grown;

	while (capacity - packer->length < more)
		capacity *= 2;
	if (capacity == packer->capacity)
		return 0;
	grown = realloc(packer->output, capacity);
	if (!grown)
		return -ENOMEM;
	packer->output = grown;
	packer->capacity = capacity;
	return 0;
}

static la_ssize_t put_out(
    struct archive *archive, void *context, const void *data, size_t length)
{
	struct packer *packer = context;

	if (packer->discard)
		return (la_ssize_t)length;
	if (make_room(packer, length) < 0) {
		archive_set_error(archive, ENOMEM, "out of memory");
		return -1;
	}
	memcpy(packer->output + packer->length, data, length);
	packer->length += length;
	return (la_ssize_t)length;
}

/* A warning is none of ours: what it is about is in the archive. */
static int result(const struct packer *packer, la_ssize_t r)
{
	int error;

	if (r >= ARCHIVE_WARN)
		return 0;
	error = archive_errno(packer->archive);
	return error > 0 ? -error : -EIO;
}

/* --- the forms ------------------------------------------------------------ */

static bool choose_form(struct packer *packer)
{
	struct archive *archive = packer->archive;

	switch (packer->form) {
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
	case ARCHIVE_TAR:
		break;
	}
	return false;
}

static bool open_archive(struct packer *packer)
{
	packer->archive = archive_write_new();
	packer->entry = archive_entry_new();
	packer->utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	return packer->archive && packer->entry && choose_form(packer) &&
	    /* Nothing is held back to fill a block. */
	    archive_write_set_bytes_per_block(packer->archive, 0) ==
	    ARCHIVE_OK &&
	    archive_write_open(packer->archive, packer, NULL, put_out, NULL) ==
	    ARCHIVE_OK;
}

struct packer *packer_new(enum archive_form form)
{
	struct packer *packer = calloc(1, sizeof(*packer));

	if (!packer)
		return NULL;
	packer->form = form;
	if (!open_archive(packer)) {
		packer_free(packer);
		return NULL;
	}
	return packer;
}

void packer_free(struct packer *packer)
{
	if (!packer)
		return;
	/*
	 * It finishes what it has begun: if it is told not to, by
	 * archive_write_fail(3), the memory of zlib and libzstd is lost.
	 */
	packer->discard = true;
	archive_write_free(packer->archive);
	archive_entry_free(packer->entry);
	if (packer->utf8)
		freelocale(packer->utf8);
	free(packer->output);
	free(packer);
}

/* --- what goes in --------------------------------------------------------- */

/* libarchive marks a name as UTF-8 if that is the thread's encoding. */
static int write_header(struct packer *packer)
{
	locale_t before = (locale_t)0;
	int r;

	if (packer->utf8)
		before = uselocale(packer->utf8);
	r = archive_write_header(packer->archive, packer->entry);
	if (packer->utf8)
		uselocale(before);
	return result(packer, r);
}

int packer_begin(struct packer *packer, const struct archive_member *member)
{
	bool folder = S_ISDIR(member->mode);
	char *name = malloc(ZIP_NAME_SIZE);
	int r;

	if (!name)
		return -ENOMEM;
	zip_name_format(member->name, name);
	archive_entry_clear(packer->entry);
	archive_entry_copy_pathname(packer->entry, name);
	archive_entry_set_filetype(packer->entry, folder ? AE_IFDIR : AE_IFREG);
	archive_entry_set_perm(packer->entry, member->mode & 0777);
	archive_entry_set_mtime(packer->entry, member->mtime, 0);
	archive_entry_set_size(packer->entry, (la_int64_t)member->size);
	r = write_header(packer);
	free(name);
	return r;
}

int packer_add(struct packer *packer, const void *data, size_t length)
{
	const char *from = data;

	while (length > 0) {
		la_ssize_t n =
		    archive_write_data(packer->archive, from, length);

		if (n <= 0)
			return n < 0 ? result(packer, ARCHIVE_FATAL) : -EIO;
		from += n;
		length -= (size_t)n;
	}
	return 0;
}

int packer_finish(struct packer *packer)
{
	return result(packer, archive_write_close(packer->archive));
}

const void *packer_output(const struct packer *packer, size_t *ret_length)
{
	*ret_length = packer->length;
	return packer->output;
}

void packer_clear(struct packer *packer)
{
	packer->length = 0;
}
