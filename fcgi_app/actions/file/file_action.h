/* SPDX-License-Identifier: MIT */
/* Action `file`: a regular file beneath DOCUMENT_ROOT, whole or in part. */
#ifndef FCGI_APP_ACTIONS_FILE_FILE_ACTION_H
#define FCGI_APP_ACTIONS_FILE_FILE_ACTION_H

#include "fcgi_app/request/stream_action.h"

/*
 * Answers GET and HEAD with the file at the request's path: 200, or 206 and
 * 416 for one byte range (RFC 9110, 14); 304 and 412 by the preconditions (13);
 * 403 outside the roots, 404 for what
 * is not there or not a regular file. Params: DOCUMENT_ROOT, HTTP_RANGE,
 * HTTP_IF_RANGE, HTTP_IF_MATCH, HTTP_IF_NONE_MATCH, HTTP_IF_MODIFIED_SINCE,
 * HTTP_IF_UNMODIFIED_SINCE.
 */
extern const struct stream_action file_action;

/* Answers a folder that has no index (STREAM_INDEX). */
typedef void file_action_folder_fn(struct request *request);

/*
 * The same, but a folder without an index is answered by `on_folder`, if it
 * was asked for by its slash, and redirected to it otherwise. NULL: it is 404.
 */
void file_action_start_with(
    struct request *request, file_action_folder_fn *on_folder);

#endif
