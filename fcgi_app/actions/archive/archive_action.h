/* SPDX-License-Identifier: MIT */
/* The action "archive": a folder, or files in it, as one archive. */
#ifndef FCGI_APP_ACTIONS_ARCHIVE_ARCHIVE_ACTION_H
#define FCGI_APP_ACTIONS_ARCHIVE_ARCHIVE_ACTION_H

#include "fcgi_app/request/stream_action.h"

/* Files and folders in one archive, unless STREAM_ARCHIVE_MAX_FILES says so. */
#define ARCHIVE_FILES 100000
/* The most that it may say. */
#define ARCHIVE_FILES_MAX 1000000

/*
 * Answers with an archive of all that is in the folder at the request's path,
 * or of the files and folders in it that the query ("?f=a&f=b/c") or the body
 * of a POST names. The form is that of archive_form_choose(), with
 * STREAM_FORMAT as the operator's.
 */
extern const struct stream_action archive_action;

#endif
