/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "fcgi_app/request/request_open.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/file/file_open.h"
#include "fcgi_app/policy/http_status.h"
#include "fcgi_app/request/opened_file.h"
#include "fcgi_app/request/request.h"
#include "fcgi_app/request/request_place.h"
#include "fcgi_app/request/services.h"

/*
 * A file_open running in the thread pool; kept in request->state until it
 * completes or is cancelled.
 */
struct pending_open {
	struct request *request;
	struct file_open *open;
	request_open_fn *done;
};

void request_refuse_errno(struct request *request, int error)
{
	const char *why = strerror(-error);

	if (error == -EXDEV)
		why = "leads out of its root";
	else if (error == -ENOBUFS)
		why = "--member-memory is used up";
	request_refuse(request, http_status_of_errno(-error), why);
}

static void take_result(struct request *request, request_open_fn *done,
    const struct file_open_result *result)
{
	if (result->error < 0)
		request_refuse_errno(request, result->error);
	else
		done(request, result);
}

static void end_pending(struct pending_open *pending)
{
	pending->request->cancel = NULL;
	pending->request->state = NULL;
	free(pending);
}

static void on_open(void *context, const struct file_open_result *result)
{
	struct pending_open *pending = context;
	struct request *request = pending->request;
	request_open_fn *done = pending->done;

	end_pending(pending);
	take_result(request, done, result);
}

static void cancel_pending(struct request *request)
{
	struct pending_open *pending = request->state;

	file_open_cancel(pending->open);
	end_pending(pending);
}

static void open_later(struct request *request,
    const struct file_open_target *target, request_open_fn *done)
{
	struct pending_open *pending = calloc(1, sizeof(*pending));

	if (pending) {
		pending->request = request;
		pending->done = done;
		pending->open = file_open_start(
		    request->services->loop, target, on_open, pending);
	}
	if (!pending || !pending->open) {
		free(pending);
		request_refuse_errno(request, -ENOMEM);
		return;
	}
	request->state = pending;
	request->cancel = cancel_pending;
}

/* Returns the error of which a request is refused with this status. */
static int errno_of_status(int status)
{
	switch (status) {
	case 403:
		return -EACCES;
	case 404:
		return -ENOENT;
	case 503:
		return -EAGAIN;
	default:
		return -EINVAL;
	}
}

int request_open_start(struct request *request, const char *path,
    file_open_done_fn *done, void *context, struct file_open **ret_open)
{
	struct request_place place;
	struct request_place_fault fault;
	struct file_open_target target;
	struct file_open *open;

	if (!request_place_find(request, path, &place, &fault)) {
		request_log(request,
		    fault.status == 404 ? LOG_LEVEL_NOTICE : LOG_LEVEL_ERROR,
		    fault.why);
		return errno_of_status(fault.status);
	}
	target = request_place_target(&place);
	open = file_open_start(request->services->loop, &target, done, context);
	if (!open)
		return -ENOMEM;
	*ret_open = open;
	return 0;
}

void request_open(
    struct request *request, const char *path, request_open_fn *done)
{
	struct request_place place;
	struct request_place_fault fault;
	struct file_open_target target;
	struct file_open_result result;

	if (!request_place_find(request, path, &place, &fault)) {
		request_refuse(request, fault.status, fault.why);
		return;
	}
	target = request_place_target(&place);
	target.attribute = opened_file_attribute(request->services);
	if (file_open_now(&target, &result) == -EAGAIN)
		open_later(request, &target, done);
	else
		take_result(request, done, &result);
}
