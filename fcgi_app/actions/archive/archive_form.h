/* SPDX-License-Identifier: MIT */
/* The forms of an archive, and how a request chooses one. */
#ifndef FCGI_APP_ACTIONS_ARCHIVE_ARCHIVE_FORM_H
#define FCGI_APP_ACTIONS_ARCHIVE_ARCHIVE_FORM_H

#include <stdbool.h>
#include <stddef.h>

enum archive_form {
	ARCHIVE_ZIP, /* members stored as they are */
	ARCHIVE_TAR,
	ARCHIVE_TAR_GZ,
	ARCHIVE_TAR_ZST,
	ARCHIVE_ZIP_DEFLATE,
	/* ARCHIVE_ZIP with the CRC-32 of each file in front of its bytes. */
	ARCHIVE_ZIP_CRC_FIRST,
};

#define ARCHIVE_FORMS 6

/* Returns the suffix of its file names. */
const char *archive_form_suffix(enum archive_form form);

/* Returns its media type. */
const char *archive_form_media_type(enum archive_form form);

/* Returns the form of what is compressed, or itself if nothing is. */
enum archive_form archive_form_plain(enum archive_form form);

/* Returns whether it, or what is compressed, is a zip archive. */
bool archive_form_is_zip(enum archive_form form);

/* Returns whether its length is known only once all of it is made. */
bool archive_form_is_packed(enum archive_form form);

/* Returns 0 and the form of this name, or -EINVAL. */
int archive_form_find(const char *name, enum archive_form *ret_form);

/*
 * Chooses a form: "format" of the query, else `preset`, the operator's, else
 * zip. Either may be NULL. Of several "format" the first counts; the names are
 * zip, tar, tar.gz, tar.zst and zip-deflate, with percent-encoding (RFC 3986,
 * 2.1), as the key may be. Returns 0; -EINVAL if the query asks for an unknown
 * form, -EDOM if `preset` does.
 */
int archive_form_choose(
    const char *query, const char *preset, enum archive_form *ret_form);

/*
 * Chooses where the CRC-32 of a file in ARCHIVE_ZIP stands: "first", in front
 * of its bytes, or "last" (also NULL), after them. Other forms stay as they
 * are. Returns 0 or -EINVAL.
 */
int archive_form_place_crc(const char *place, enum archive_form *form);

#endif
