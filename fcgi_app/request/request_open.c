/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "fcgi_app/request/request_open.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/file/file_open.h"
#include "fcgi_app/policy/http_status.h"
#include "fcgi_app/request/request.h"
#include "fcgi_app/request/request_place.h"
#include "fcgi_app/request/services.h"

/* An open in the thread pool; the request's `state`. */
struct opening {
	struct request *request;
	struct file_open *open;
	request_open_fn *done;
};

static const char *reason_of(int error)
{
	if (error == -EXDEV)
		return "leads out of its root";
	if (error == -ENOBUFS)
		return "--member-memory is used up";
	return strerror(-error);
}

void request_refuse_errno(struct request *request, int error)
{
	request_refuse(request, http_status_of_errno(-error), reason_of(error));
}

static void take_result(struct request *request, request_open_fn *done,
    const struct file_open_result *result)
{
	if (result->error < 0)
		request_refuse_errno(request, result->error);
	else
		done(request, result);
}

static void end_opening(struct opening *opening)
{
	opening->request->cancel = NULL;
	opening->request->state = NULL;
	free(opening);
}

static void on_open(void *context, const struct file_open_result *result)
{
	struct opening *opening = context;
	struct request *request = opening->request;
	request_open_fn *done = opening->done;

	end_opening(opening);
	take_result(request, done, result);
}

static void cancel_opening(struct request *request)
{
	struct opening *opening = request->state;

	file_open_cancel(opening->open);
	end_opening(opening);
}

static void open_later(struct request *request,
    const struct file_open_target *target, request_open_fn *done)
{
	struct opening *opening = calloc(1, sizeof(*opening));

	if (opening) {
		opening->request = request;
		opening->done = done;
		opening->open = file_open_start(
		    request->services->loop, target, on_open, opening);
	}
	if (!opening || !opening->open) {
		free(opening);
		request_refuse_errno(request, -ENOMEM);
		return;
	}
	request->state = opening;
	request->cancel = cancel_opening;
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
	if (file_open_now(&target, &result) == -EAGAIN)
		open_later(request, &target, done);
	else
		take_result(request, done, &result);
}
