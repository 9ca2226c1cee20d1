/* SPDX-License-Identifier: MIT */
/*
 * The way of a request: the names, from the query or from a list that is read
 * first, then the search for all files, then the answer, with each file opened
 * in its turn. The head has the size and the entity tag of what was found, so a
 * file that has been replaced by then breaks the answer off.
 */
#include "config.h"
#include "fcgi_app/actions/concat/concat_action.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/file/file_open.h"
#include "fcgi_app/action_api/action.h"
#include "fcgi_app/actions/concat/member_sequence.h"
#include "fcgi_app/actions/concat/small_file.h"
#include "fcgi_app/members/member_list.h"
#include "fcgi_app/members/member_search.h"
#include "fcgi_app/members/member_source.h"
#include "fcgi_app/members/name_list.h"
#include "fcgi_app/policy/media_type.h"
#include "fcgi_app/policy/path_rule.h"
#include "fcgi_app/request/opened_file.h"
#include "fcgi_app/request/operator_fields.h"
#include "fcgi_app/request/representation.h"
#include "fcgi_app/request/request.h"
#include "fcgi_app/request/request_open.h"
#include "fcgi_app/request/request_place.h"
#include "fcgi_app/request/services.h"

/* The type of anything (RFC 2046, 4.5.1). */
#define ANY_TYPE "application/octet-stream"

/* The request's `state`, until it is over. */
struct concat {
	struct request *request;
	/* At most one of these is under way. */
	struct small_file *list;
	struct member_search *search;
	struct member_folder *folder;
	/* What was found, until it is in the sequence. */
	struct members *members;
	struct member_sequence *sequence;
};

/* --- beginning and end ---------------------------------------------------- */

static void cancel(struct request *request)
{
	struct concat *concat = request->state;

	if (concat->list)
		small_file_cancel(concat->list);
	if (concat->search)
		member_search_cancel(concat->search);
	concat->list = NULL;
	concat->search = NULL;
}

static void ended(struct request *request, const char *reason)
{
	struct concat *concat = request->state;

	(void)reason;
	member_list_free(concat->members);
	member_sequence_unref(concat->sequence);
	member_folder_unref(concat->folder);
	free(concat);
}

static const char *about(const struct request *request)
{
	const struct concat *concat = request->state;

	if (concat->sequence)
		return member_sequence_failed(concat->sequence);
	return concat->members ? concat->members->failed : NULL;
}

/* Returns the request's state, or NULL; then the request is answered. */
static struct concat *begin(struct request *request)
{
	struct concat *concat = calloc(1, sizeof(*concat));

	if (!concat) {
		request_refuse_errno(request, -ENOMEM);
		return NULL;
	}
	concat->request = request;
	request->state = concat;
	request->cancel = cancel;
	request->ended = ended;
	request->about = about;
	return concat;
}

/* --- the answer ----------------------------------------------------------- */

/* Returns the media type of their names, if it is the same for all. */
static const char *type_of(
    const struct media_types *types, const struct members *members)
{
	const char *type = media_types_find(types, members->list[0].name);

	for (size_t i = 1; i < members->count; i++) {
		const char *name = members->list[i].name;

		/* One that member_list_repeat() added has the same name. */
		if (name != members->list[i - 1].name &&
		    strcmp(type, media_types_find(types, name)) != 0)
			return ANY_TYPE;
	}
	return type;
}

static void answer(struct concat *concat, const char *type)
{
	const struct representation representation = {
		.size = member_sequence_size(concat->sequence),
		/*
		 * An older file that takes the place of a part would leave
		 * the latest of their dates as it was.
		 */
		.undated = true,
		.etag = member_sequence_etag(concat->sequence),
		.content_type = type,
		.bytes = member_sequence_maker(concat->sequence),
	};

	representation_answer(concat->request, &representation);
}

static void join(struct concat *concat)
{
	struct request *request = concat->request;
	char type[CONTENT_TYPE_MAX];
	const struct param_rule *bad =
	    operator_fields_media_type(request->origin.params,
		type_of(request->services->media_types, concat->members), type,
		sizeof(type));
	int r;

	if (bad) {
		request_bad_param(request, bad);
		return;
	}
	r = member_sequence_new(
	    concat->folder, concat->members, &concat->sequence);
	if (r == -EOVERFLOW) {
		request_refuse(
		    request, 400, "the files are larger than 8 EiB together");
		return;
	}
	if (r < 0) {
		request_refuse_errno(request, r);
		return;
	}
	concat->members = NULL;
	answer(concat, type);
}

/* --- the search ----------------------------------------------------------- */

static void on_found(void *context, int error, struct members *members)
{
	struct concat *concat = context;

	concat->search = NULL;
	concat->members = members;
	if (error < 0)
		request_refuse_errno(concat->request, error);
	else
		join(concat);
}

/* Looks for the names in the folder at the request's path. */
static void find(struct concat *concat, const struct name_list *names)
{
	struct request *request = concat->request;
	struct request_place place;
	struct request_place_fault fault;
	const struct member_search_params params = {
		.place = &place,
		.names = names->names,
		.name_count = names->count,
		.most = CONCAT_PARTS_MAX,
		.tag = true,
		.digests = opened_file_attribute(request->services) != NULL,
		.budget = request->services->member_memory,
	};

	if (!request_place_find(request, NULL, &place, &fault)) {
		request_refuse(request, fault.status, fault.why);
		return;
	}
	concat->folder = member_folder_new(request->services, &place);
	if (concat->folder)
		concat->search = member_search_start(
		    request->services->loop, &params, on_found, concat);
	if (!concat->search)
		request_refuse_errno(request, -errno);
}

/* --- the names ------------------------------------------------------------ */

/* Refuses the request and returns true if one of the names may not be seen. */
static bool refuse_hidden(
    struct request *request, const struct name_list *names)
{
	char why[80];

	if (request_place_shows_hidden(request))
		return false;
	for (size_t i = 0; i < names->count; i++) {
		if (!path_rule_is_hidden(names->names[i]))
			continue;
		snprintf(why, sizeof(why),
		    "name %zu is hidden, and STREAM_DOTFILES is not \"allow\"",
		    i + 1);
		request_refuse(request, 404, why);
		return true;
	}
	return false;
}

static void refuse_list(struct request *request, int status,
    enum name_list_result result, size_t number)
{
	char why[128];

	if (number > 0)
		snprintf(why, sizeof(why), "name %zu: %s", number,
		    name_list_reason(result));
	else
		snprintf(why, sizeof(why), "%s", name_list_reason(result));
	request_refuse(request, status, why);
}

/* An invalid list is not the client's fault. */
static void on_list(void *context, int error, const char *text, size_t length)
{
	struct concat *concat = context;
	struct request *request = concat->request;
	struct name_list names;
	enum name_list_result result;

	concat->list = NULL;
	if (error < 0) {
		request_refuse_errno(request, error);
		return;
	}
	result = name_list_from_lines(text, length, CONCAT_PARTS_MAX, &names);
	if (result != NAME_LIST_OK)
		refuse_list(request, result == NAME_LIST_NO_MEMORY ? 503 : 500,
		    result, names.failed);
	else if (names.count == 0)
		request_refuse_param(
		    request, 404, "STREAM_LIST", "the list names no file");
	else if (!refuse_hidden(request, &names))
		find(concat, &names);
	name_list_clear(&names);
}

static void read_list(
    struct request *request, const struct file_open_result *result)
{
	uv_loop_t *loop = request->services->loop;
	struct concat *concat;

	if (!S_ISREG(result->stat.st_mode)) {
		file_open_discard(loop, result);
		request_refuse_param(
		    request, 404, "STREAM_LIST", "not a regular file");
		return;
	}
	concat = begin(request);
	if (!concat) {
		file_open_discard(loop, result);
		return;
	}
	concat->list =
	    small_file_read(loop, result, NAME_LIST_TEXT_MAX, on_list, concat);
	if (concat->list)
		return;
	file_open_discard(loop, result);
	request_refuse_errno(request, -ENOMEM);
}

static void read_query(struct request *request)
{
	struct name_list names;
	struct concat *concat;
	enum name_list_result result =
	    name_list_from_query(request_param(request, "QUERY_STRING"),
		NAME_LIST_QUERY_MAX, &names);

	if (result != NAME_LIST_OK) {
		refuse_list(
		    request, name_list_status(result), result, names.failed);
	} else if (names.count == 0) {
		request_refuse_param(
		    request, 400, "QUERY_STRING", "names no file with f=NAME");
	} else if (!refuse_hidden(request, &names)) {
		concat = begin(request);
		if (concat)
			find(concat, &names);
	}
	name_list_clear(&names);
}

static void start(struct request *request)
{
	const char *list = request_param(request, "STREAM_LIST");

	if (list)
		request_open(request, list, read_list);
	else
		read_query(request);
}

const struct stream_action concat_action = {
	.name = "concat",
	.methods = ACTION_GET | ACTION_HEAD,
	.start = start,
};
