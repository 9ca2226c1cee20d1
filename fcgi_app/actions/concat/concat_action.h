/* SPDX-License-Identifier: MIT */
/* The action `concat`: several files, one after another, as one. */
#ifndef FCGI_APP_ACTIONS_CONCAT_CONCAT_ACTION_H
#define FCGI_APP_ACTIONS_CONCAT_CONCAT_ACTION_H

#include "fcgi_app/request/stream_action.h"

/* More files are not joined; of a query NAME_LIST_QUERY_MAX. */
#define CONCAT_PARTS_MAX 10000

/*
 * Answers a GET or HEAD with the files that the query names ("?f=a&f=b/c"), or
 * STREAM_LIST, the path of a text with one name a line, in the folder at the
 * request's path.
 */
extern const struct stream_action concat_action;

#endif
