/* SPDX-License-Identifier: MIT */
/* The action "archive": a folder, or files in it, as one archive. */
#ifndef FCGI_APP_ACTIONS_ARCHIVE_ARCHIVE_ACTION_H
#define FCGI_APP_ACTIONS_ARCHIVE_ARCHIVE_ACTION_H

#include "fcgi_app/request/stream_action.h"

/*
 * Answers with an archive of all that is in the folder at the request's path,
 * or of the files and folders in it that the query ("?f=a&f=b/c") or the body
 * of a POST names, in the form of archive_choice_read().
 */
extern const struct stream_action archive_action;

#endif
