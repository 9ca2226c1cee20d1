/* SPDX-License-Identifier: MIT */
/*
 * Whole answers: a body in memory, a file, a descriptor. What has validators
 * and can be read anywhere is answered as a representation, with preconditions
 * and ranges, if that is what the request and the action's status allow.
 */
#include "config.h"
#include "fcgi_app/action_api/action_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file/file_open.h"
#include "common/stream/source.h"
#include "common/stream/source_fd.h"
#include "common/stream/source_memory.h"
#include "fcgi_app/policy/media_type.h"
#include "fcgi_app/policy/response_head.h"
#include "fcgi_app/request/opened_file.h"
#include "fcgi_app/request/representation.h"
#include "fcgi_app/request/request.h"
#include "fcgi_app/request/request_open.h"
#include "fcgi_app/request/services.h"

/* --- any bytes ------------------------------------------------------------ */

/* Begins an answer that ends the action; the head is as it is now. */
static int begin(struct action *action)
{
	int r = action_check_open(action);

	if (r < 0 && r != -EPIPE)
		return r;
	action->ended = true;
	action->phase = ACTION_ANSWERED;
	/* Opening takes a while: a fault of the body must not answer first. */
	if (r == 0)
		request_forget_body(action->request);
	action_let_go(action);
	return r;
}

/* All of it, whatever the request says of ranges and preconditions. */
static void send_whole(
    struct action *action, const struct representation *representation)
{
	const struct source_maker *bytes = &representation->bytes;
	uint64_t size = representation->size;
	struct response_head head;
	struct source *source = NULL;

	if (!action_make_head(action, size, &head)) {
		source_maker_release(bytes);
		return;
	}
	if (action->drops_body || action_has_no_body(action->status))
		size = 0;
	if (size > 0)
		source = bytes->open(bytes->context);
	source_maker_release(bytes);
	if (size > 0 && !source)
		request_refuse(action->request, 503, strerror(ENOMEM));
	else
		request_stream(action->request, &head, source, 0, size);
}

/* Returns whether conditions and ranges apply (RFC 9110, 13.2.1, 14.2). */
static bool is_conditional(
    const struct action *action, const struct representation *representation)
{
	const char *method = action_method(action);

	return action->status == 200 && representation->etag &&
	    (strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0);
}

/* Answers with a representation but for what the action says itself. */
static void send_bytes(struct action *action, const char *fallback_type,
    struct representation *representation)
{
	char type[CONTENT_TYPE_MAX];
	const struct param_rule *bad;

	if (action->etag[0]) {
		representation->etag = action->etag;
		representation->modified = action->modified;
	}
	if (!is_conditional(action, representation)) {
		send_whole(action, representation);
		return;
	}
	bad = action_media_type(action, fallback_type, type, sizeof(type));
	if (bad) {
		source_maker_release(&representation->bytes);
		request_bad_param(action->request, bad);
		return;
	}
	representation->content_type = type;
	representation->add_fields = action_add_fields;
	representation->fields_context = action;
	representation_answer(action->request, representation);
}

/* --- memory --------------------------------------------------------------- */

/* A copy, freed when nobody needs it any more. */
struct copy {
	unsigned int references;
	size_t length;
	char bytes[];
};

static void unref_copy(void *context)
{
	struct copy *copy = context;

	if (--copy->references == 0)
		free(copy);
}

static struct source *open_copy(void *context)
{
	struct copy *copy = context;
	struct source *source =
	    source_memory_new(copy->bytes, copy->length, unref_copy, copy);

	if (source)
		copy->references++;
	return source;
}

static struct copy *make_copy(const void *data, size_t length)
{
	struct copy *copy = malloc(sizeof(*copy) + length);

	if (!copy)
		return NULL;
	copy->references = 1;
	copy->length = length;
	if (length > 0)
		memcpy(copy->bytes, data, length);
	return copy;
}

static int send_memory(
    struct action *action, const char *type, const void *data, size_t length)
{
	struct representation representation = { .size = length };
	int r = begin(action);
	struct copy *copy;

	if (r < 0)
		return r;
	copy = make_copy(data, length);
	if (!copy) {
		request_refuse(action->request, 503, strerror(ENOMEM));
		return 0;
	}
	representation.bytes =
	    (struct source_maker){ open_copy, unref_copy, copy };
	send_bytes(action, type, &representation);
	return 0;
}

int action_send_bytes(struct action *action, const void *data, size_t length)
{
	return send_memory(action, "application/octet-stream", data, length);
}

int action_send_text(struct action *action, const char *text)
{
	static const char type[] = "text/plain; charset=utf-8";
	int r = 0;

	if (!action_find_field(action, "Content-Type"))
		r = action_field(action, "Content-Type", type);
	if (r < 0 && r != -EPIPE)
		return r;
	return send_memory(action, type, text, strlen(text));
}

/* --- a file --------------------------------------------------------------- */

/* Takes the descriptor over. */
static void send_opened(struct action *action, const char *type,
    const struct file_open_result *result)
{
	struct request *request = action->request;
	struct representation file = {
		.size = (uint64_t)result->stat.st_size,
		.modified = result->stat.st_mtim.tv_sec,
	};
	char etag[ETAG_MAX];
	int status = S_ISDIR(result->stat.st_mode) ? 404 : 500;

	if (!S_ISREG(result->stat.st_mode)) {
		file_open_discard(action->loop, result);
		request_refuse(request, status, "not a regular file");
		return;
	}
	if (opened_file_init(request->services, result, &file.bytes) < 0) {
		file_open_discard(action->loop, result);
		request_refuse_errno(request, -ENOMEM);
		return;
	}
	opened_file_etag(&result->stat, etag);
	file.etag = etag;
	send_bytes(action, type, &file);
}

static void on_open(
    struct request *request, const struct file_open_result *result)
{
	struct action *action = request->action;

	send_opened(action, action_find_field(action, "Content-Type"), result);
}

int action_send_file(struct action *action, const char *path)
{
	int r = action_check_open(action);

	/* The name tells the type, unless the action does. */
	if (r == 0 && !action_find_field(action, "Content-Type"))
		r = action_field(action, "Content-Type",
		    media_types_find(action->request->services->media_types,
			path ? path : action_path(action)));
	if (r < 0 && r != -EPIPE)
		return r;
	r = begin(action);
	if (r == 0)
		request_open(action->request, path, on_open);
	return r;
}

/* --- a descriptor --------------------------------------------------------- */

/* fstat(2) of a regular file, which may have to wait for a disk. */
struct look {
	uv_work_t work;
	struct action *action;
	struct file_open_result result;
};

static void do_look(uv_work_t *work)
{
	struct look *look = work->data;

	if (fstat(look->result.fd, &look->result.stat) < 0)
		look->result.error = -errno;
}

static void on_look(uv_work_t *work, int status)
{
	struct look *look = work->data;
	struct action *action = look->action;
	int error = status < 0 ? status : look->result.error;

	action->jobs--;
	if (action_is_live(action) && error == 0) {
		send_opened(action, "application/octet-stream", &look->result);
	} else {
		file_open_discard(action->loop, &look->result);
		if (action_is_live(action))
			request_refuse_errno(action->request, error);
	}
	free(look);
	action_let_go(action);
}

static int start_look(struct action *action, int fd)
{
	struct look *look = calloc(1, sizeof(*look));
	int r;

	if (!look)
		return -ENOMEM;
	look->work.data = look;
	look->action = action;
	look->result.fd = fd;
	look->result.close_blocks = true;
	look->result.variant = -1;
	r = uv_queue_work(action->loop, &look->work, do_look, on_look);
	if (r < 0)
		free(look);
	else
		action->jobs++;
	return r;
}

static int send_pipe(struct action *action, int fd)
{
	struct response_head head;
	struct source *source;
	int r = source_fd_new(action->loop, fd, action->chunk_size, &source);

	if (r < 0)
		return r;
	if (action_make_head(action, ACTION_LENGTH_NONE, &head) &&
	    !action->drops_body && !action_has_no_body(action->status)) {
		request_stream(action->request, &head, source, 0, 0);
		return 0;
	}
	source->ops->close(source);
	if (action_is_live(action))
		request_respond(action->request, &head);
	return 0;
}

int action_send_fd(struct action *action, int fd, size_t chunk_size)
{
	int r = chunk_size > 0 && chunk_size <= ACTION_CHUNK_MAX ? 0 : -EINVAL;

	if (r == 0)
		r = action_check_open(action);
	if (r < 0)
		close(fd);
	if (r < 0 && r != -EPIPE)
		return r;
	r = begin(action);
	if (r < 0)
		return r;
	action->chunk_size = chunk_size;
	/* What can be sought in is a file, and can't be polled. */
	r = lseek(fd, 0, SEEK_CUR) >= 0 ? start_look(action, fd)
					: send_pipe(action, fd);
	if (r == 0)
		return 0;
	if (r != -EBADF)
		close(fd);
	request_refuse(action->request, r == -ENOMEM ? 503 : 500, strerror(-r));
	return 0;
}

/* --- an error ------------------------------------------------------------- */

int action_refuse(struct action *action, int status, const char *why)
{
	int r = action_check_open(action);

	if (r < 0 && r != -EPIPE)
		return r;
	if (status < 400 || status > 599)
		status = 500;
	r = begin(action);
	if (r == 0)
		request_refuse(action->request, status, why);
	return r;
}
