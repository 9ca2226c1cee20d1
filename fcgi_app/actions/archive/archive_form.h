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
};

#define ARCHIVE_FORMS 5

/* Returns the suffix of its file names: its name, but for the last form. */
const char *archive_form_suffix(enum archive_form form);

/* Returns its media type. */
const char *archive_form_media_type(enum archive_form form);

/* Returns the form of what is compressed, or itself if nothing is. */
enum archive_form archive_form_plain(enum archive_form form);

/* Returns whether its length is known only once all of it is made. */
bool archive_form_is_packed(enum archive_form form);

/*
 * Chooses a form: "format" of the query, else `preset`, the operator's, else
 * zip. Either may be NULL. Of several "format" the first counts; the names are
 * zip, tar, tar.gz, tar.zst and zip-deflate, with percent-encoding (RFC 3986,
 * 2.1), as the key may be. Returns 0; -EINVAL if the query asks for an unknown
 * form, -EDOM if `preset` does.
 */
int archive_form_choose(
    const char *query, const char *preset, enum archive_form *ret_form);

#endif
