/* SPDX-License-Identifier: MIT */
/* Action `list`: what is in a folder, as a page or as JSON. */
#ifndef FCGI_APP_ACTIONS_LIST_LIST_ACTION_H
#define FCGI_APP_ACTIONS_LIST_LIST_ACTION_H

#include "fcgi_app/request/stream_action.h"

/*
 * Answers GET and HEAD with a listing of the folder at the request's path, and
 * with its index if there is one; with a file at the path as action `file`. 308
 * for a folder without its slash; 400 for an invalid query; errors of the path
 * as action `file`. Params: as that one, and QUERY_STRING, HTTP_ACCEPT,
 * STREAM_DOTFILES, STREAM_LIST_ARCHIVE.
 */
extern const struct stream_action list_action;

#endif
