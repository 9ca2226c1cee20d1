/* SPDX-License-Identifier: MIT */
/*
 * The way of a request: the list of names, from the query or the body; the
 * search for the members; their layout; then the answer, as if the archive were
 * a file. All that takes long is done in the thread pool.
 */
#include "config.h"
#include "fcgi_app/actions/archive/archive_action.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/container_of.h"
#include "common/memory_budget.h"
#include "common/min.h"
#include "common/parse_number.h"
#include "fcgi_app/action_api/action.h"
#include "fcgi_app/actions/archive/archive.h"
#include "fcgi_app/actions/archive/archive_answer.h"
#include "fcgi_app/actions/archive/archive_choice.h"
#include "fcgi_app/actions/archive/archive_service.h"
#include "fcgi_app/actions/archive/missing_files.h"
#include "fcgi_app/members/member_list.h"
#include "fcgi_app/members/member_search.h"
#include "fcgi_app/members/member_source.h"
#include "fcgi_app/members/name_list.h"
#include "fcgi_app/members/name_list_job.h"
#include "fcgi_app/request/opened_file.h"
#include "fcgi_app/request/request.h"
#include "fcgi_app/request/request_open.h"
#include "fcgi_app/request/request_place.h"
#include "fcgi_app/request/services.h"
#include "fcgi_app/setup/log.h"

/* The request's `state`, up to its end. */
struct archiving {
	struct request *request;
	struct archive_service *service;
	struct archive_choice choice;
	enum name_list_kind kind; /* of the list that a POST has */
	const char *body;         /* that list, the request's */
	size_t body_length;
	size_t body_held;              /* out of the memory for lists */
	struct name_list_job *reading; /* that list; under way, or NULL */
	struct name_list names;        /* to look for, until it begins */
	struct turnstile_job turn;     /* of the search */
	struct member_folder *folder;  /* until the archive has it */
	struct member_search *search;  /* under way, or NULL */
	struct archive_making *making; /* under way, or NULL */
	struct archive *archive;
	struct members *refused; /* after a search that failed */
};

static bool is_post(const struct request *request)
{
	return strcmp(request->method, "POST") == 0;
}

/* --- the end -------------------------------------------------------------- */

static void leave_turn(struct archiving *archiving)
{
	turnstile_leave(&archiving->service->searches, &archiving->turn);
}

static void cancel(struct request *request)
{
	struct archiving *archiving = request->state;

	leave_turn(archiving);
	if (archiving->reading)
		name_list_job_cancel(archiving->reading);
	if (archiving->search)
		member_search_cancel(archiving->search);
	if (archiving->making)
		archive_make_cancel(archiving->making);
	archiving->reading = NULL;
	archiving->search = NULL;
	archiving->making = NULL;
}

/* Returns the file that refused the archive, or broke it off, or NULL. */
static const char *about(const struct request *request)
{
	const struct archiving *archiving = request->state;
	const struct member *failed;

	if (!archiving->archive)
		return archiving->refused ? archiving->refused->failed : NULL;
	failed = member_folder_failed(archive_folder(archiving->archive));
	return failed ? failed->name : NULL;
}

/* It has been read, or never will be. */
static void free_body(struct archiving *archiving)
{
	struct request *request = archiving->request;

	if (archiving->body_held == 0)
		return;
	request_free_body(request);
	memory_budget_give_back(
	    request->services->member_memory, archiving->body_held);
	archiving->body_held = 0;
}

static void ended(struct request *request, const char *reason)
{
	struct archiving *archiving = request->state;

	(void)reason;
	free_body(archiving);
	member_list_free(archiving->refused);
	archive_unref(archiving->archive);
	member_folder_unref(archiving->folder);
	name_list_clear(&archiving->names);
	free(archiving);
}

/* While the search, or its turn, is waited for. */
static void refuse(struct archiving *archiving, int status, const char *why)
{
	struct request *request = archiving->request;

	request->cancel = NULL;
	leave_turn(archiving);
	request_refuse(request, status, why);
}

static void refuse_too_many(struct archiving *archiving)
{
	char why[80];

	snprintf(why, sizeof(why),
	    "more files than STREAM_ARCHIVE_MAX_FILES=%zu, or folders too deep",
	    archiving->choice.most);
	refuse(archiving, 403, why);
}

/* --- the archive ---------------------------------------------------------- */

static void on_made(void *context, int error, struct archive *archive)
{
	struct archiving *archiving = context;

	archiving->making = NULL;
	archiving->request->cancel = NULL;
	archiving->archive = archive;
	if (error < 0)
		request_refuse_errno(archiving->request, error);
	else
		archive_answer(archiving->request, archive);
}

/* --- the search ----------------------------------------------------------- */

/* The client is told which: it may do without them. */
static void refuse_missing(struct archiving *archiving)
{
	struct request *request = archiving->request;
	char names[MISSING_FILES_REFUSAL_MAX];

	missing_files_refusal(archiving->refused, names);
	request->cancel = NULL;
	leave_turn(archiving);
	request_refuse_text(request, 403, strerror(EACCES), names);
}

static void log_missing(
    const struct archiving *archiving, const struct members *members)
{
	char name[LOG_NAME_MAX], why[LOG_NAME_MAX + 80];

	log_quote(name, sizeof(name), members->missing[0]);
	snprintf(why, sizeof(why),
	    "left out %zu that may not be read, the first is \"%s\"",
	    members->missing_count, name);
	request_log(archiving->request, LOG_LEVEL_NOTICE, why);
}

static void on_found(void *context, int error, struct members *members)
{
	struct archiving *archiving = context;
	const struct archive_params params = {
		.service = archiving->service,
		.folder = archiving->folder,
		.members = members,
		.form = archiving->choice.form,
	};

	archiving->search = NULL;
	if (error < 0)
		archiving->refused = members;
	if (error == -E2BIG) {
		refuse_too_many(archiving);
		return;
	}
	if (error == -EACCES && members->missing_count > 0) {
		refuse_missing(archiving);
		return;
	}
	if (error < 0) {
		archiving->request->cancel = NULL;
		leave_turn(archiving);
		request_refuse_errno(archiving->request, error);
		return;
	}
	if (members->missing_count > 0)
		log_missing(archiving, members);
	archiving->folder = NULL;
	archiving->making = archive_make(&params, on_made, archiving);
	leave_turn(archiving);
	if (!archiving->making)
		on_made(archiving, -ENOMEM, NULL);
}

/* Looks for the names, or for everything if no name was given. */
static void search(struct archiving *archiving)
{
	struct request *request = archiving->request;
	const struct name_list *names = &archiving->names;
	struct request_place place;
	struct request_place_fault fault;
	const struct member_search_params params = {
		.place = &place,
		.names = names->count > 0 ? names->names : NULL,
		.name_count = names->count,
		.trees = true,
		.hidden = request_place_shows_hidden(request),
		.may_miss = archiving->choice.may_miss,
		.digests = opened_file_attribute(request->services) != NULL,
		.most = archiving->choice.most,
		.budget = request->services->member_memory,
	};

	if (!request_place_find(request, NULL, &place, &fault)) {
		refuse(archiving, fault.status, fault.why);
		return;
	}
	archiving->folder = member_folder_new(request->services, &place);
	if (archiving->folder)
		archiving->search = member_search_start(
		    request->services->loop, &params, on_found, archiving);
	name_list_clear(&archiving->names);
	if (!archiving->search)
		refuse(archiving, 503, strerror(ENOMEM));
}

/* --- the list ------------------------------------------------------------- */

static void refuse_list(
    struct archiving *archiving, enum name_list_result result)
{
	/* A query has a limit of its own, which is not the operator's. */
	bool is_theirs = !is_post(archiving->request) &&
	    archiving->choice.most > NAME_LIST_QUERY_MAX;

	if (result == NAME_LIST_TOO_MANY && !is_theirs)
		refuse_too_many(archiving);
	else
		refuse(archiving, name_list_status(result),
		    name_list_reason(result));
}

/* Takes the list over. `hidden`: one of its names begins with a dot. */
static void use_list(void *context, enum name_list_result result,
    struct name_list names, bool hidden)
{
	struct archiving *archiving = context;
	struct request *request = archiving->request;

	archiving->reading = NULL;
	archiving->names = names;
	if (result != NAME_LIST_OK)
		refuse_list(archiving, result);
	else if (hidden && !request_place_shows_hidden(request))
		refuse(archiving, 404,
		    "a name in the list is hidden, and STREAM_DOTFILES is not "
		    "\"allow\"");
	else if (names.count == 0 && is_post(request))
		/* An empty list must not mean the whole folder. */
		refuse(archiving, 400, "the request body names no file");
	else if (names.format &&
	    !archive_choice_set_form(request, names.format, &archiving->choice))
		refuse(archiving, 400, "format is not " ARCHIVE_CHOICE_FORMS);
	else
		search(archiving);
}

/* Parameters are shorter by far than a body, so their list is read at once. */
static void read_query(struct archiving *archiving)
{
	struct name_list names;
	size_t most = size_min(archiving->choice.most, NAME_LIST_QUERY_MAX);
	enum name_list_result result = name_list_from_query(
	    request_param(archiving->request, "QUERY_STRING"), most, &names);

	use_list(archiving, result, names, name_list_has_hidden(&names));
}

/* It is its turn. */
static void begin(struct turnstile_job *turn)
{
	struct archiving *archiving =
	    container_of(turn, struct archiving, turn);
	struct request *request = archiving->request;
	const struct name_list_job_params params = {
		.text = archiving->body,
		.length = archiving->body_length,
		.kind = archiving->kind,
		.most = archiving->choice.most,
	};

	if (!is_post(request)) {
		read_query(archiving);
		return;
	}
	archiving->reading = name_list_job_start(
	    request->services->loop, &params, use_list, archiving);
	/* The job has a copy, and the download may take long. */
	free_body(archiving);
	if (!archiving->reading)
		refuse(archiving, 503, strerror(ENOMEM));
}

static void wait_for_turn(struct archiving *archiving)
{
	struct request *request = archiving->request;

	request->cancel = cancel;
	archiving->turn.begin = begin;
	turnstile_enter(&archiving->service->searches, &archiving->turn);
}

static void on_body(struct request *request, const char *body, size_t length)
{
	struct archiving *archiving = request->state;

	archiving->body = body;
	archiving->body_length = length;
	wait_for_turn(archiving);
}

/* Returns the bytes of the body, as far as its head tells. */
static size_t body_size(const struct archiving *archiving)
{
	const char *text = request_param(archiving->request, "CONTENT_LENGTH");
	size_t most = name_list_kind_max(archiving->kind);
	uint64_t length;

	if (!text || parse_u64(text, &length) < 0)
		return most;
	return (size_t)u64_min(length, most);
}

/* It takes its memory before it comes: it may come as slowly as it likes. */
static void read_body(struct archiving *archiving)
{
	struct request *request = archiving->request;
	size_t size = body_size(archiving);

	if (!memory_budget_take(request->services->member_memory, size)) {
		request_refuse_errno(request, -ENOBUFS);
		return;
	}
	archiving->body_held = size;
	request_read_body(request, size, on_body);
}

static void start(struct request *request)
{
	struct archiving *archiving = calloc(1, sizeof(*archiving));

	if (!archiving) {
		request_refuse_errno(request, -ENOMEM);
		return;
	}
	archiving->request = request;
	archiving->service = request->action_state;
	request->state = archiving;
	request->ended = ended;
	request->about = about;
	if (!archive_choice_read(request, &archiving->choice))
		return;
	if (is_post(request) &&
	    !name_list_kind_of(
		request_param(request, "CONTENT_TYPE"), &archiving->kind))
		request_refuse_param(
		    request, 415, "CONTENT_TYPE", "not " NAME_LIST_TYPES);
	else if (is_post(request))
		read_body(archiving);
	else
		wait_for_turn(archiving);
}

const struct stream_action archive_action = {
	.name = "archive",
	.methods = ACTION_GET | ACTION_HEAD | ACTION_POST,
	.start = start,
	.state = &archive_service_ops,
};
