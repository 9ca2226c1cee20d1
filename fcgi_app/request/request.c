/* SPDX-License-Identifier: MIT */
/*
 * Every way of answering leads to request_finish(). It only notes the result:
 * the request may end inside a call of its action or its source, so the access
 * line is written, the request freed and the connection told at the end of the
 * loop's turn. A peer that is gone before that has the request freed at once,
 * from the loop, where neither is on the stack.
 */
#include "config.h"
#include "fcgi_app/request/request.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "common/container_of.h"
#include "common/fcgi/fcgi_output.h"
#include "common/fcgi/fcgi_params.h"
#include "common/file/root_folder.h"
#include "common/stream/source.h"
#include "fcgi_app/policy/request_path.h"
#include "fcgi_app/request/access_log.h"
#include "fcgi_app/request/request_internal.h"
#include "fcgi_app/request/services.h"
#include "fcgi_app/request/stream_action.h"
#include "fcgi_app/setup/log.h"
#include "fcgi_app/setup/options.h"

/* --- the beginning -------------------------------------------------------- */

const char *request_param(const struct request *request, const char *name)
{
	const char *value = fcgi_params_get(request->origin.params, name);

	return value && *value ? value : NULL;
}

bool request_is_head(const struct request *request)
{
	return strcmp(request->method, "HEAD") == 0;
}

struct request *request_new(const struct request_origin *origin)
{
	const struct fcgi_params *params = origin->params;
	const struct request_path_params from = {
		.stream_path = fcgi_params_get(params, "STREAM_PATH"),
		.document_uri = fcgi_params_get(params, "DOCUMENT_URI"),
		.script_name = fcgi_params_get(params, "SCRIPT_NAME"),
		.path_info = fcgi_params_get(params, "PATH_INFO"),
		.script_filename = fcgi_params_get(params, "SCRIPT_FILENAME"),
	};
	size_t size = request_path_bound(&from);
	struct request *request = calloc(1, sizeof(*request) + size);

	if (!request)
		return NULL;
	request->services = origin->services;
	request->origin = *origin;
	request->start_ns = uv_hrtime();
	request->path_is_malformed =
	    request_path_find(&from, request->path_text, size) !=
	    REQUEST_PATH_OK;
	request->path = request->path_text;
	request->method = request_param(request, "REQUEST_METHOD");
	if (!request->method)
		request->method = "";
	snprintf(request->id_text, sizeof(request->id_text), "%d-%" PRIu64,
	    origin->services->process, origin->sequence);
	request->id = request->id_text;
	return request;
}

/* --- the end -------------------------------------------------------------- */

static void log_access(const struct request *request, const char *reason)
{
	uint64_t content = fcgi_output_content(request->origin.output);
	const struct access_log_entry entry = {
		.id = request->id,
		.action =
		    request->stream_action ? request->stream_action->name : "-",
		.method = *request->method ? request->method : "-",
		.path = request->path,
		.status = request->status,
		.bytes = content > request->head_length
		    ? content - request->head_length
		    : 0,
		.duration_ns = uv_hrtime() - request->start_ns,
		.reason = reason,
	};

	if (request->services->options->access_log)
		access_log_write(&entry);
}

bool request_peer_left(int error)
{
	return error == -EPIPE || error == -ECONNRESET;
}

const char *request_reason(int error)
{
	if (request_peer_left(error))
		return "peer closed the connection";
	if (error == -ENODATA)
		return "file became shorter";
	if (error == -ESTALE)
		return "file was changed";
	return strerror(-error);
}

/* All names are quoted, so that no byte in them can forge a message. */
void request_log(
    const struct request *request, enum log_level level, const char *why)
{
	const char *about = request->about ? request->about(request) : NULL;
	const char *folder = request_param(request, "DOCUMENT_ROOT");
	char path[LOG_PATH_MAX], name[LOG_NAME_MAX], root[REQUEST_VALUE_MAX];

	log_quote(path, sizeof(path), request->path);
	log_quote(name, sizeof(name), about ? about : "");
	log_quote(root, sizeof(root), folder ? folder : "");
	log_message(level, "%s: %s: %s%s%s\"%s\"%s%s%s", request->id, why,
	    about ? "\"" : "", name, about ? "\" in " : "", path,
	    folder ? " beneath \"" : "", root, folder ? "\"" : "");
}

/* Writes the access line and frees it; `reason`: as in the access log. */
static void leave(struct request *request, const char *reason)
{
	log_access(request, reason);
	if (request->ended)
		request->ended(request, reason);
	if (request->source)
		request->source->ops->close(request->source);
	root_folder_unref(request->root);
	fcgi_params_free(request->origin.params);
	byte_queue_clear(&request->body);
	free(request->start);
	free(request);
}

static void leave_over(struct request *request)
{
	int error = request->result;

	if (error < 0 && !request_peer_left(error))
		request_log(request, LOG_LEVEL_ERROR, request_reason(error));
	leave(request, error < 0 ? request_reason(error) : NULL);
}

static void on_turn_end(struct turn_end *end)
{
	struct request *request = container_of(end, struct request, end);
	request_over_fn *over = request->origin.over;
	void *context = request->origin.context;
	int error = request->result;

	leave_over(request);
	over(context, error);
}

void request_finish(struct request *request, int error)
{
	assert(!request->is_over);
	request->is_over = true;
	request->result = error;
	turn_ends_add(&request->services->ends, &request->end, on_turn_end);
}

/* Stops the action, and then the stream. */
static void stop(struct request *request)
{
	if (request->cancel)
		request->cancel(request);
	stream_cancel(&request->stream);
}

void request_abort(struct request *request, const char *reason)
{
	if (request->is_over) {
		turn_ends_remove(&request->services->ends, &request->end);
		leave_over(request);
		return;
	}
	stop(request);
	leave(request, reason);
}

void request_break(struct request *request, int error)
{
	if (request->is_over)
		return;
	stop(request);
	request_finish(request, error);
}
