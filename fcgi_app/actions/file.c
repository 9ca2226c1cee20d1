/* SPDX-License-Identifier: MIT */
/*
 * The way of a request: the rules on its path, the open in the thread pool,
 * then the head and the body from that one descriptor, whatever the name
 * stands for meanwhile.
 */
#include "config.h"
#include "fcgi_app/actions/file.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/aio_file.h"
#include "common/file_open.h"
#include "common/source_file.h"
#include "fcgi_app/log.h"
#include "fcgi_app/options.h"
#include "fcgi_app/policy/byte_range.h"
#include "fcgi_app/policy/errno_status.h"
#include "fcgi_app/policy/etag.h"
#include "fcgi_app/policy/http_date.h"
#include "fcgi_app/policy/if_range.h"
#include "fcgi_app/policy/media_type.h"
#include "fcgi_app/policy/path_rule.h"
#include "fcgi_app/policy/precondition.h"
#include "fcgi_app/policy/response_head.h"
#include "fcgi_app/request.h"
#include "fcgi_app/roots.h"
#include "fcgi_app/services.h"

/* --- errors ------------------------------------------------------------- */

static void refuse_errno(struct request *request, int error)
{
	request_refuse(request, errno_status(-error),
	    error == -EXDEV ? "leads out of its root" : strerror(-error));
}

/* --- the answer --------------------------------------------------------- */

/* What the head says of the file, and which part is sent. */
struct answer {
	uint64_t size;
	struct timespec mtime;
	struct byte_range part;
	enum byte_range_result range;
	char etag[ETAG_MAX];
	time_t modified;
	time_t now;
};

static void describe(struct answer *answer, const struct stat *st)
{
	const struct etag_input input = {
		.inode = st->st_ino,
		.size = (uint64_t)st->st_size,
		.mtime = st->st_mtim,
		.ctime = st->st_ctim,
	};

	answer->now = time(NULL);
	answer->size = (uint64_t)st->st_size;
	answer->mtime = st->st_mtim;
	/* RFC 9110, 8.8.2.1: never later than the response itself. */
	answer->modified =
	    st->st_mtim.tv_sec < answer->now ? st->st_mtim.tv_sec : answer->now;
	etag_format(&input, answer->etag);
}

/* RFC 9110, 13.2.2, step 5 and 14.2: If-Range first, then Range. */
static void choose_part(struct answer *answer, const struct request *request)
{
	const struct if_range_validators validators = {
		.etag = answer->etag,
		.last_modified = answer->modified,
		.now = answer->now,
	};
	const char *range = request_param(request, "HTTP_RANGE");
	const char *if_range = request_param(request, "HTTP_IF_RANGE");
	struct byte_range_set set;

	answer->part.first = 0;
	answer->part.length = answer->size;
	answer->range = BYTE_RANGE_IGNORED;
	if (if_range_holds(if_range, &validators))
		answer->range = byte_range_parse(range, answer->size, &set);
	if (answer->range != BYTE_RANGE_SATISFIABLE)
		return;
	/* A server may ignore any Range (14.2): several parts, for now. */
	if (set.count == 1)
		answer->part = set.parts[0];
	else
		answer->range = BYTE_RANGE_IGNORED;
}

static void make_head(struct response_head *head, const struct answer *answer,
    const struct request *request)
{
	const struct services *services = request->services;
	char content_range[BYTE_RANGE_CONTENT_RANGE_MAX];
	char date[HTTP_DATE_SIZE];

	http_date_format(answer->modified, date);
	response_head_init(
	    head, answer->range == BYTE_RANGE_SATISFIABLE ? 206 : 200);
	response_head_add(head, "Content-Type", "%s",
	    media_types_find(services->media_types, request->path));
	response_head_add(
	    head, "Content-Length", "%ju", (uintmax_t)answer->part.length);
	response_head_add(head, "Last-Modified", "%s", date);
	response_head_add(head, "ETag", "%s", answer->etag);
	response_head_add(head, "Accept-Ranges", "bytes");
	if (answer->range == BYTE_RANGE_SATISFIABLE) {
		byte_range_format_content_range(content_range,
		    sizeof(content_range), &answer->part, answer->size);
		response_head_add(head, "Content-Range", "%s", content_range);
	}
	/* Or nginx spools what the client does not take to its disk. */
	if (answer->part.length > services->options->chunk_size)
		response_head_add(head, "X-Accel-Buffering", "no");
}

static void refuse_range(struct request *request, uint64_t size)
{
	char content_range[BYTE_RANGE_CONTENT_RANGE_MAX];

	byte_range_format_content_range(
	    content_range, sizeof(content_range), NULL, size);
	request_error(request, 416, "Content-Range", content_range);
}

/* RFC 9110, 15.4.5: what would guide a cache, but nothing of the content. */
static void answer_not_modified(
    struct request *request, const struct answer *answer)
{
	struct response_head head;

	response_head_init(&head, 304);
	response_head_add(&head, "ETag", "%s", answer->etag);
	request_respond(request, &head);
}

static void send_part(
    struct request *request, struct aio_file *file, const struct answer *answer)
{
	const struct aio_file_version version = {
		.size = answer->size,
		.mtime = answer->mtime,
	};
	struct response_head head;
	struct source *source;

	if (answer->range == BYTE_RANGE_UNSATISFIABLE) {
		refuse_range(request, answer->size);
		return;
	}
	make_head(&head, answer, request);
	if (request_is_head(request) || answer->part.length == 0) {
		request_respond(request, &head);
		return;
	}
	source = source_file_new(request->services->reader, file, &version);
	if (!source) {
		refuse_errno(request, -ENOMEM);
		return;
	}
	request_stream(
	    request, &head, source, answer->part.first, answer->part.length);
}

static enum precondition_result check_preconditions(
    const struct request *request, const struct answer *answer)
{
	const struct precondition_fields fields = {
		.if_match = request_param(request, "HTTP_IF_MATCH"),
		.if_unmodified_since =
		    request_param(request, "HTTP_IF_UNMODIFIED_SINCE"),
		.if_none_match = request_param(request, "HTTP_IF_NONE_MATCH"),
		.if_modified_since =
		    request_param(request, "HTTP_IF_MODIFIED_SINCE"),
	};
	const struct precondition_validators validators = {
		.etag = answer->etag,
		.last_modified = answer->modified,
		.now = answer->now,
	};

	return precondition_evaluate(&fields, &validators);
}

/* RFC 9110, 13.2.2: the preconditions first, the range last. */
static void send_file(
    struct request *request, struct aio_file *file, struct answer *answer)
{
	switch (check_preconditions(request, answer)) {
	case PRECONDITION_FAILED:
		request_error(request, 412, NULL, NULL);
		break;
	case PRECONDITION_NOT_MODIFIED:
		answer_not_modified(request, answer);
		break;
	case PRECONDITION_PROCEED:
		choose_part(answer, request);
		send_part(request, file, answer);
		break;
	}
}

/* --- the open ----------------------------------------------------------- */

static void on_open(void *context, const struct file_open_result *result)
{
	struct request *request = context;
	struct answer answer;
	struct aio_file *file;

	request->cancel = NULL;
	if (result->error < 0) {
		refuse_errno(request, result->error);
		return;
	}
	if (!S_ISREG(result->stat.st_mode)) {
		close(result->fd);
		request_refuse(request, 404, "not a regular file");
		return;
	}
	file = aio_file_new(
	    request->services->loop, result->fd, result->close_blocks);
	if (!file) {
		close(result->fd);
		refuse_errno(request, -ENOMEM);
		return;
	}
	describe(&answer, &result->stat);
	send_file(request, file, &answer);
	aio_file_unref(file);
}

static void cancel_open(struct request *request)
{
	file_open_cancel(request->state);
}

static void start_open(
    struct request *request, const struct file_open_target *target)
{
	request->state =
	    file_open_start(request->services->loop, target, on_open, request);
	if (!request->state) {
		refuse_errno(request, -ENOMEM);
		return;
	}
	request->cancel = cancel_open;
}

/* Answers for a path that breaks a rule; true if it did. */
static bool refuse_rule(
    struct request *request, enum path_rule_result rule, const char *what)
{
	char why[64];

	switch (rule) {
	case PATH_RULE_OK:
		return false;
	case PATH_RULE_MALFORMED:
		snprintf(why, sizeof(why), "%s: missing or not absolute", what);
		request_refuse(request, 400, why);
		break;
	case PATH_RULE_OUTSIDE:
		snprintf(why, sizeof(why), "%s: has a \"..\" in it", what);
		request_refuse(request, 403, why);
		break;
	case PATH_RULE_TOO_LONG:
		snprintf(why, sizeof(why), "%s: too long", what);
		request_refuse(request, 404, why);
		break;
	}
	return true;
}

void file_action_start(struct request *request)
{
	const char *document_root = request_param(request, "DOCUMENT_ROOT");
	char folder[PATH_MAX], path[PATH_MAX];
	struct roots_place place;
	struct file_open_target target = { 0 };

	if (refuse_rule(request,
		path_rule_normalize(
		    document_root ? document_root : "", folder, sizeof(folder)),
		"DOCUMENT_ROOT") ||
	    refuse_rule(request,
		path_rule_relative(request->path, path, sizeof(path)), "path"))
		return;
	if (roots_find(request->services->roots, folder, &place) < 0) {
		request_refuse(
		    request, 403, "DOCUMENT_ROOT is beneath no --root");
		return;
	}
	target.root_fd = place.fd;
	target.below = place.below;
	target.path = path;
	start_open(request, &target);
}
