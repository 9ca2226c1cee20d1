/* SPDX-License-Identifier: MIT */
/* What a request and its operator choose of an archive. */
#ifndef FCGI_APP_ACTIONS_ARCHIVE_ARCHIVE_CHOICE_H
#define FCGI_APP_ACTIONS_ARCHIVE_ARCHIVE_CHOICE_H

#include <stdbool.h>
#include <stddef.h>

#include "fcgi_app/actions/archive/archive_form.h"

struct request;

/* Files and folders in one archive, unless STREAM_ARCHIVE_MAX_FILES says so. */
#define ARCHIVE_FILES 100000
/* The most that it may say. */
#define ARCHIVE_FILES_MAX 1000000

/* The names that a format can have, for the log. */
#define ARCHIVE_CHOICE_FORMS "zip, tar, tar.gz, tar.zst or zip-deflate"

struct archive_choice {
	enum archive_form form;
	size_t most;   /* members */
	bool may_miss; /* what may not be read is left out */
};

/*
 * Reads the format of the query, and the operator's parameters. Returns false
 * if one is invalid: the request is refused, and *ret is left alone.
 */
bool archive_choice_read(struct request *request, struct archive_choice *ret);

/*
 * Takes the format that a posted form names, instead of that of the query.
 * Returns false, and leaves *choice alone, if there is no format of that name.
 */
bool archive_choice_set_form(const struct request *request, const char *name,
    struct archive_choice *choice);

#endif
