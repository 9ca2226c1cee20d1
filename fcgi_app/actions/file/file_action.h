/* SPDX-License-Identifier: MIT */
/* Action `file`: a file beneath DOCUMENT_ROOT, whole or in part. */
#ifndef FCGI_APP_ACTIONS_FILE_FILE_ACTION_H
#define FCGI_APP_ACTIONS_FILE_FILE_ACTION_H

#include "fcgi_app/request/stream_action.h"

/*
 * Answers GET and HEAD with the file at the request's path: 200; 206 or 416 for
 * byte ranges (RFC 9110, 14), of which several make a multipart body; 304 or
 * 412 by the preconditions (13). A folder is answered with the first file of
 * STREAM_INDEX in it, after a redirect (308) to its name with a slash. 403
 * outside the roots; 404 for what isn't there or is neither, and for a folder
 * without an index.
 *
 * Parameters: DOCUMENT_ROOT, STREAM_DOTFILES, STREAM_INDEX and REQUEST_URI (for
 * the redirect), STREAM_PRECOMPRESSED with HTTP_ACCEPT_ENCODING,
 * HTTP_WANT_REPR_DIGEST, and those of representation.h and operator_fields.h.
 */
extern const struct stream_action file_action;

/* Answers a folder that has no index (STREAM_INDEX). */
typedef void file_action_folder_fn(struct request *request);

/*
 * Answers as the action does, but has `on_folder`, unless it is NULL, answer a
 * folder without an index, after a redirect to its name with a slash.
 */
void file_action_start_with(
    struct request *request, file_action_folder_fn *on_folder);

#endif
