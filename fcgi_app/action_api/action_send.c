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

/*
 * Begins an answer that ends the action; the head is as it is now. `caller` is
 * the action's function, `fault` NULL or what is wrong with its arguments.
 */
static int begin(
    struct action_answer *answer, const char *caller, const char *fault)
{
	int r = action_check_output(answer, caller);

	if (r == -EALREADY)
		return r;
	if (r == 0 && fault)
		r = action_give_up(answer, -EINVAL, "%s(): %s", caller, fault);
	else if (r == 0 && answer->phase != ACTION_OPEN)
		r = action_give_up(answer, -EALREADY,
		    "%s() after the answer has begun bit by bit", caller);
	answer->ended = true;
	if (answer->phase == ACTION_OPEN)
		answer->phase = ACTION_ANSWERED;
	/* Opening takes a while: a fault of the body must not answer first. */
	if (r == 0)
		request_forget_body(answer->request);
	action_cancel_open(answer);
	action_let_go(answer);
	return r;
}

/* All of it, whatever the request says of ranges and preconditions. */
static void send_whole(
    struct action_answer *answer, const struct representation *representation)
{
	const struct source_maker *bytes = &representation->bytes;
	uint64_t size = representation->size;
	struct response_head head;
	struct source *source = NULL;

	if (!action_make_head(answer, size, &head)) {
		source_maker_release(bytes);
		return;
	}
	if (answer->drops_body || action_has_no_body(answer->status))
		size = 0;
	if (size > 0)
		source = bytes->open(bytes->context);
	source_maker_release(bytes);
	if (size > 0 && !source)
		request_refuse(answer->request, 503, strerror(ENOMEM));
	else
		request_stream(answer->request, &head, source, 0, size);
}

/* Returns whether conditions and ranges apply (RFC 9110, 13.2.1, 14.2). */
static bool is_conditional(const struct action_answer *answer,
    const struct representation *representation)
{
	const char *method = answer->request->method;

	return answer->status == 200 && representation->etag &&
	    (strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0);
}

/* Answers with a representation but for what the action says itself. */
static void send_bytes(
    struct action_answer *answer, struct representation *representation)
{
	char type[CONTENT_TYPE_MAX];
	const struct param_rule *bad;

	if (answer->etag[0]) {
		representation->etag = answer->etag;
		representation->modified = answer->modified;
	}
	if (!is_conditional(answer, representation)) {
		send_whole(answer, representation);
		return;
	}
	bad = action_media_type(answer, type, sizeof(type));
	if (bad) {
		source_maker_release(&representation->bytes);
		request_bad_param(answer->request, bad);
		return;
	}
	representation->content_type = type;
	representation->add_fields = action_add_fields;
	representation->fields_context = answer;
	representation_answer(answer->request, representation);
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
    struct action_answer *answer, const void *data, size_t length)
{
	struct representation representation = { .size = length };
	struct copy *copy = make_copy(data, length);

	if (!copy) {
		request_refuse(answer->request, 503, strerror(ENOMEM));
		return 0;
	}
	representation.bytes =
	    (struct source_maker){ open_copy, unref_copy, copy };
	send_bytes(answer, &representation);
	return 0;
}

int action_send_bytes(struct action *action, const void *data, size_t length)
{
	struct action_answer *answer = action_handle_find(action, __func__);
	const char *fault = !data && length > 0 ? "`data` is NULL" : NULL;
	int r;

	/* No object is larger. */
	if (length > (size_t)PTRDIFF_MAX - sizeof(struct copy))
		fault = "`length` is that of no object";
	r = answer ? begin(answer, __func__, fault) : -EPIPE;
	return r < 0 ? r : send_memory(answer, data, length);
}

int action_send_text(struct action *action, const char *text)
{
	struct action_answer *answer = action_handle_find(action, __func__);
	int r = answer ? begin(answer, __func__, text ? NULL : "NULL") : -EPIPE;

	if (r < 0)
		return r;
	answer->type = "text/plain; charset=utf-8";
	return send_memory(answer, text, strlen(text));
}

/* --- a file --------------------------------------------------------------- */

/* Takes the descriptor over. */
static void send_opened(
    struct action_answer *answer, const struct file_open_result *result)
{
	struct request *request = answer->request;
	struct representation file = {
		.size = (uint64_t)result->stat.st_size,
		.modified = result->stat.st_mtim.tv_sec,
	};
	char etag[ETAG_MAX];
	int status = S_ISDIR(result->stat.st_mode) ? 404 : 500;

	if (!S_ISREG(result->stat.st_mode)) {
		file_open_discard(answer->loop, result);
		request_refuse(request, status, "not a regular file");
		return;
	}
	if (opened_file_init(request->services, result, &file.bytes) < 0) {
		file_open_discard(answer->loop, result);
		request_refuse_errno(request, -ENOMEM);
		return;
	}
	opened_file_etag(request->services, result, NULL, etag);
	file.etag = etag;
	send_bytes(answer, &file);
}

static void on_open(
    struct request *request, const struct file_open_result *result)
{
	send_opened(request->action, result);
}

int action_send_file(struct action *action, const char *path)
{
	struct action_answer *answer = action_handle_find(action, __func__);
	int r = answer ? begin(answer, __func__, NULL) : -EPIPE;
	struct request *request;

	if (r < 0)
		return r;
	request = answer->request;
	/* The name tells the type, unless the action does. */
	answer->type = media_types_find(
	    request->services->media_types, path ? path : request->path);
	if (action_name_file(answer, path) < 0)
		request_refuse(request, 503, strerror(ENOMEM));
	else
		request_open(request, path, on_open);
	return 0;
}

/* --- a descriptor --------------------------------------------------------- */

/* fstat(2) of a regular file, which may have to wait for a disk. */
struct look {
	uv_work_t work;
	struct action_answer *answer;
	const char *attribute; /* or NULL */
	struct file_open_result result;
};

static void do_look(uv_work_t *work)
{
	struct look *look = work->data;

	if (fstat(look->result.fd, &look->result.stat) < 0)
		look->result.error = -errno;
	else
		file_open_attribute(&look->result, look->attribute);
}

static void on_look(uv_work_t *work, int status)
{
	struct look *look = work->data;
	struct action_answer *answer = look->answer;
	int error = status < 0 ? status : look->result.error;

	answer->jobs--;
	if (action_is_live(answer) && error == 0) {
		send_opened(answer, &look->result);
	} else {
		file_open_discard(answer->loop, &look->result);
		if (action_is_live(answer))
			request_refuse_errno(answer->request, error);
	}
	free(look);
	action_let_go(answer);
}

static int start_look(struct action_answer *answer, int fd)
{
	struct look *look = calloc(1, sizeof(*look));
	int r;

	if (!look)
		return -ENOMEM;
	look->work.data = look;
	look->answer = answer;
	look->result.fd = fd;
	look->result.close_blocks = true;
	look->result.variant = -1;
	look->attribute = opened_file_attribute(answer->request->services);
	r = uv_queue_work(answer->loop, &look->work, do_look, on_look);
	if (r < 0)
		free(look);
	else
		answer->jobs++;
	return r;
}

static int send_pipe(struct action_answer *answer, int fd)
{
	struct response_head head;
	struct source *source;
	int r = source_fd_new(answer->loop, fd, answer->chunk_size, &source);

	if (r < 0)
		return r;
	if (action_make_head(answer, ACTION_LENGTH_NONE, &head) &&
	    !answer->drops_body && !action_has_no_body(answer->status)) {
		request_stream(answer->request, &head, source, 0, 0);
		return 0;
	}
	source->ops->close(source);
	if (action_is_live(answer))
		request_respond(answer->request, &head);
	return 0;
}

int action_send_fd(struct action *action, int fd, size_t chunk_size)
{
	struct action_answer *answer = action_handle_find(action, __func__);
	bool is_good = chunk_size > 0 && chunk_size <= ACTION_CHUNK_MAX;
	const char *fault =
	    is_good ? NULL : "`chunk_size` is not from 1 to ACTION_CHUNK_MAX";
	char why[ACTION_MISTAKE_MAX];
	int r = answer ? begin(answer, __func__, fault) : -EPIPE;

	if (r < 0) {
		close(fd);
		return r;
	}
	answer->chunk_size = chunk_size;
	/* What can be sought in is a file, and can't be polled. */
	r = lseek(fd, 0, SEEK_CUR) >= 0 ? start_look(answer, fd)
					: send_pipe(answer, fd);
	if (r == 0)
		return 0;
	if (r != -EBADF)
		close(fd);
	action_mistake(answer, why, "action_send_fd(%d): %s", fd, strerror(-r));
	request_refuse(answer->request, r == -ENOMEM ? 503 : 500, why);
	return 0;
}

/* --- an error ------------------------------------------------------------- */

int action_refuse(struct action *action, int status, const char *why)
{
	struct action_answer *answer = action_handle_find(action, __func__);
	int r = answer ? begin(answer, __func__, NULL) : -EPIPE;

	if (r < 0)
		return r;
	if (status < 400 || status > 599) {
		action_log_mistake(answer,
		    "action_refuse(%d): not a status from 400 to 599", status);
		status = 500;
	}
	request_refuse(answer->request, status, why ? why : "refused");
	return 0;
}
