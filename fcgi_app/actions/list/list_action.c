/* SPDX-License-Identifier: MIT */
/*
 * A run belongs to its request until the answer begins, and then to the queue
 * that is the answer's source. A job of the thread pool makes the next piece of
 * the listing only when the client has taken all before it. The run is freed
 * when both the request has let go of it and no job is under way. A job is
 * short, and few are under way at a time: a run that wants another one stands
 * in line again.
 *
 * The head waits for the first piece: a folder that can't be read has the right
 * status, and a small one leaves together with the head.
 */
#include "config.h"
#include "fcgi_app/actions/list/list_action.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <uv.h>

#include "common/container_of.h"
#include "common/file/file_open.h"
#include "common/memory_budget.h"
#include "common/stream/source_queue.h"
#include "common/turnstile.h"
#include "fcgi_app/action_api/action.h"
#include "fcgi_app/actions/file/file_action.h"
#include "fcgi_app/actions/list/list_assets.h"
#include "fcgi_app/actions/list/list_entries.h"
#include "fcgi_app/actions/list/list_form.h"
#include "fcgi_app/actions/list/list_page.h"
#include "fcgi_app/actions/list/listing.h"
#include "fcgi_app/actions/list/text_out.h"
#include "fcgi_app/policy/response_head.h"
#include "fcgi_app/request/operator_fields.h"
#include "fcgi_app/request/param_rule.h"
#include "fcgi_app/request/request.h"
#include "fcgi_app/request/request_open.h"
#include "fcgi_app/request/request_place.h"
#include "fcgi_app/request/services.h"

/* For the entries that all listings of a worker sort at a time, in bytes. */
#define SORT_MEMORY (32 << 20)

/*
 * Jobs under way at a time: half of the thread pool's threads, as those on a
 * slow disk must leave some for opening and reading files.
 */
#define JOBS_MAX 8

/* A listing in the making. */
struct run {
	uv_work_t work;
	struct turnstile_job turn; /* of its job */
	uv_loop_t *loop;
	struct list_service *service;
	struct request *request; /* until it is answered */
	struct listing *listing;
	struct response_head head;
	struct source_queue *queue; /* NULL before the answer and after it */
	int error;                  /* of the job */
};

/* Of a worker. */
struct list_service {
	struct memory_budget budget;
	struct turnstile jobs;
};

/* --- what is asked for ---------------------------------------------------- */

static const struct param_rule archive_rule = { "STREAM_LIST_ARCHIVE",
	"not a URL's absolute path of up to 1024 bytes" };

/* What the parameters say; strings are their own. */
struct list_params {
	struct list_query query;
	const struct list_format_ops *format;
	bool has_archive;
	char archive[LIST_PAGE_ARCHIVE_MAX + 1];
	struct operator_fields fields;
};

/* Drops slashes at the end, so "/" is "". Returns false if it is no path. */
static bool read_archive(const struct request *request, struct list_params *ret)
{
	const char *path = request_param(request, "STREAM_LIST_ARCHIVE");
	size_t length;

	ret->has_archive = path != NULL;
	if (!path)
		return true;
	if (!list_page_archive_is_valid(path))
		return false;
	strcpy(ret->archive, path);
	length = strlen(path);
	while (length > 0 && path[length - 1] == '/')
		ret->archive[--length] = '\0';
	return true;
}

/* Returns whether all are valid; if not, the request is answered. */
static bool read_params(struct request *request, struct list_params *ret)
{
	const char *accept = request_param(request, "HTTP_ACCEPT");
	const struct param_rule *bad;

	if (list_query_parse(
		request_param(request, "QUERY_STRING"), &ret->query) < 0) {
		request_refuse_param(request, 400, "QUERY_STRING",
		    "not format=html|json, sort=name|size|time or "
		    "order=asc|desc");
		return false;
	}
	ret->format = list_query_format(&ret->query, accept) == LIST_FORMAT_JSON
	    ? &list_json
	    : &list_html;
	bad = operator_fields_read(
	    request->origin.params, time(NULL), &ret->fields);
	if (!bad && !read_archive(request, ret))
		bad = &archive_rule;
	if (bad)
		request_bad_param(request, bad);
	return !bad;
}

/* --- the head ------------------------------------------------------------- */

static void make_head(const struct request *request,
    const struct list_params *params, struct response_head *head)
{
	bool chosen = params->query.format == LIST_FORMAT_ANY;
	char policy[LIST_ASSETS_POLICY_MAX];

	response_head_init(head, 200);
	response_head_put(head, "Content-Type", params->format->content_type);
	if (params->format == &list_html) {
		list_assets_policy(policy);
		response_head_put(head, "Content-Security-Policy", policy);
	}
	operator_fields_add_caching(&params->fields, head);
	operator_fields_add_common(
	    request->origin.params, head, chosen ? "Accept" : NULL);
}

/* --- a run ---------------------------------------------------------------- */

static void free_run(struct run *run)
{
	listing_free(run->listing);
	free(run);
}

static void work_to_free(uv_work_t *work)
{
	struct run *run = container_of(work, struct run, work);

	listing_free(run->listing);
	run->listing = NULL;
}

static void on_freed(uv_work_t *work, int status)
{
	(void)status;
	free_run(container_of(work, struct run, work));
}

/* Closing a folder may block, too. */
static void dispose_run(struct run *run)
{
	if (listing_is_open(run->listing))
		uv_queue_work(run->loop, &run->work, work_to_free, on_freed);
	else
		free_run(run);
}

/* Nobody wants more of it, but a job may still be at it. */
static void abandon_run(struct run *run)
{
	if (run->turn.state == TURNSTILE_WAITS)
		turnstile_leave(&run->service->jobs, &run->turn);
	if (run->turn.state == TURNSTILE_OUTSIDE)
		dispose_run(run);
}

/* At once, or when its turn has come. */
static void start_work(struct run *run)
{
	turnstile_enter(&run->service->jobs, &run->turn);
}

/* --- the body ------------------------------------------------------------- */

/* The client has taken everything. A job that is under way makes more. */
static void on_drained(void *context)
{
	struct run *run = context;

	if (run->turn.state == TURNSTILE_OUTSIDE && run->error == 0 &&
	    listing_state(run->listing) != LISTING_COMPLETE)
		start_work(run);
}

static void on_closed(void *context)
{
	struct run *run = context;

	run->queue = NULL;
	abandon_run(run);
}

/* Hands on what the job has made. */
static void hand_on(struct run *run)
{
	const struct text_out *out = listing_output(run->listing);
	int error = run->error;

	if (error == 0 && out->length > 0)
		error = source_queue_write(run->queue, out->text, out->length);
	listing_drop_output(run->listing);
	if (error < 0 || listing_state(run->listing) == LISTING_COMPLETE)
		source_queue_end(run->queue, error);
}

/* A job that found nothing to show is followed by the next. */
static void continue_run(struct run *run)
{
	bool idle =
	    run->error == 0 && listing_output(run->listing)->length == 0;

	if (idle && listing_state(run->listing) != LISTING_COMPLETE)
		start_work(run);
	else
		hand_on(run);
}

/* --- the answer ----------------------------------------------------------- */

/* Detaches the run from its request, which can now be answered. */
static struct request *detach_request(struct run *run)
{
	struct request *request = run->request;

	request->cancel = NULL;
	request->state = NULL;
	run->request = NULL;
	return request;
}

static void cancel_run(struct request *request)
{
	struct run *run = request->state;

	detach_request(run);
	abandon_run(run);
}

static void fail_run(struct run *run, int error)
{
	struct request *request = detach_request(run);

	abandon_run(run);
	request_refuse_errno(request, error);
}

static void begin_answer(struct run *run)
{
	const struct source_queue_writer writer = {
		.drained = on_drained,
		.closed = on_closed,
		.context = run,
	};

	run->queue = source_queue_new(LISTING_OUTPUT_MAX, &writer);
	if (!run->queue) {
		fail_run(run, -ENOMEM);
		return;
	}
	hand_on(run);
	request_stream(detach_request(run), &run->head,
	    source_queue_source(run->queue), 0, 0);
}

static void on_worked(uv_work_t *work, int status)
{
	struct run *run = container_of(work, struct run, work);

	(void)status;
	turnstile_leave(&run->service->jobs, &run->turn);
	if (!run->request && !run->queue)
		dispose_run(run);
	else if (run->queue)
		continue_run(run);
	else if (run->error < 0)
		fail_run(run, run->error);
	else if (listing_output(run->listing)->length == 0)
		start_work(run);
	else
		begin_answer(run);
}

static void work(uv_work_t *work)
{
	struct run *run = container_of(work, struct run, work);

	run->error = listing_step(run->listing);
}

static void begin_job(struct turnstile_job *turn)
{
	struct run *run = container_of(turn, struct run, turn);

	uv_queue_work(run->loop, &run->work, work, on_worked);
}

/* --- the folder ----------------------------------------------------------- */

static struct listing *make_listing(struct request *request,
    const struct file_open_result *result, const struct list_params *params)
{
	struct list_service *service = request->action_state;
	const char *query = request_param(request, "QUERY_STRING");
	struct request_place_fault fault;
	struct file_open_target target;
	struct request_place place;
	struct listing_plan plan = {
		.fd = result->fd,
		.target = &target,
		.hidden = request_place_shows_hidden(request),
		.page.query = params->query,
		.page.archive = params->has_archive ? params->archive : NULL,
		.page.query_text = list_form_query(query),
		.page.has_query = query != NULL,
		.page.types = request->services->media_types,
		.format = params->format,
		.budget = &service->budget,
	};

	if (!request_place_find(request, NULL, &place, &fault))
		return NULL;
	target = request_place_target(&place);
	plan.page.path = place.path;
	return listing_new(&plan);
}

/*
 * Takes the descriptor over and returns true; or returns false if out of
 * memory.
 */
static bool begin_run(struct request *request,
    const struct file_open_result *result, const struct list_params *params)
{
	struct run *run = calloc(1, sizeof(*run));

	if (!run)
		return false;
	run->listing = make_listing(request, result, params);
	if (!run->listing) {
		free(run);
		return false;
	}
	run->loop = request->services->loop;
	run->service = request->action_state;
	run->turn.begin = begin_job;
	make_head(request, params, &run->head);
	run->request = request;
	request->state = run;
	request->cancel = cancel_run;
	start_work(run);
	return true;
}

static void on_open(
    struct request *request, const struct file_open_result *result)
{
	uv_loop_t *loop = request->services->loop;
	struct response_head head;
	struct list_params params;

	if (!S_ISDIR(result->stat.st_mode)) {
		file_open_discard(loop, result);
		request_refuse(request, 404, "no longer a folder");
	} else if (!read_params(request, &params)) {
		file_open_discard(loop, result);
	} else if (request_is_head(request)) {
		file_open_discard(loop, result);
		make_head(request, &params, &head);
		request_respond(request, &head);
	} else if (!begin_run(request, result, &params)) {
		file_open_discard(loop, result);
		request_refuse_errno(request, -ENOMEM);
	}
}

static void list_folder(struct request *request)
{
	request_open(request, NULL, on_open);
}

static void start(struct request *request)
{
	file_action_start_with(request, list_folder);
}

static int open_service(const struct services *services, void **ret_service)
{
	struct list_service *service = calloc(1, sizeof(*service));

	(void)services;
	if (!service)
		return -ENOMEM;
	memory_budget_init(&service->budget, SORT_MEMORY);
	turnstile_init(&service->jobs, JOBS_MAX);
	*ret_service = service;
	return 0;
}

static const struct stream_action_state service_ops = {
	.open = open_service,
	.free = free,
};

const struct stream_action list_action = {
	.name = "list",
	.methods = ACTION_GET | ACTION_HEAD,
	.start = start,
	.is_claimable = true,
	.state = &service_ops,
};
