/* SPDX-License-Identifier: MIT */
/* Opens what stands at a request's path. */
#ifndef FCGI_APP_REQUEST_REQUEST_OPEN_H
#define FCGI_APP_REQUEST_REQUEST_OPEN_H

#include "common/file/file_open.h"

struct request;

/*
 * A file of any kind was opened: `result->error` is 0, and the callback owns
 * the descriptor. Called from inside request_open() if that did not have to
 * wait.
 */
typedef void request_open_fn(
    struct request *request, const struct file_open_result *result);

/*
 * Opens `path`, in the form of a request's (NULL: the request's own), beneath
 * its document root, at once if the names are in memory, else in the thread
 * pool. If that fails the request is answered, and `done` is not called. Uses
 * the request's `cancel` and `state` meanwhile. The result is fit for
 * opened_file_etag().
 */
void request_open(
    struct request *request, const char *path, request_open_fn *done);

/*
 * Opens the same in the thread pool, but answers nothing and leaves `cancel`
 * and `state` alone: `done(context, …)` gets the result, unless *ret_open is
 * cancelled before. Returns 0, or -errno: the log has what is wrong with the
 * place (-EINVAL, -EACCES, -ENOENT, -EAGAIN), or out of memory.
 */
int request_open_start(struct request *request, const char *path,
    file_open_done_fn *done, void *context, struct file_open **ret_open);

/* Answers with the status of an error: -errno. For a name beneath the root. */
void request_refuse_errno(struct request *request, int error);

#endif
