/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "fcgi_app/actions/dispatch.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "fcgi_app/action_api/action_modules.h"
#include "fcgi_app/actions/archive/archive_action.h"
#include "fcgi_app/actions/concat/concat_action.h"
#include "fcgi_app/actions/file/file_action.h"
#include "fcgi_app/actions/follow/follow_action.h"
#include "fcgi_app/actions/list/list_action.h"
#include "fcgi_app/actions/probe/probe_action.h"
#include "fcgi_app/actions/probe/probe_query.h"
#include "fcgi_app/policy/response_head.h"
#include "fcgi_app/request/operator_fields.h"
#include "fcgi_app/request/request.h"
#include "fcgi_app/request/services.h"
#include "fcgi_app/setup/log.h"

static const struct dispatch_action actions[] = {
	{ "archive", DISPATCH_GET | DISPATCH_HEAD | DISPATCH_POST,
	    archive_action_start },
	{ "file", DISPATCH_GET | DISPATCH_HEAD, file_action_start },
	{ "concat", DISPATCH_GET | DISPATCH_HEAD, concat_action_start },
	{ "follow", DISPATCH_GET | DISPATCH_HEAD, follow_action_start },
	{ "list", DISPATCH_GET | DISPATCH_HEAD, list_action_start },
	{ "probe", DISPATCH_GET, probe_action_start },
};

static const struct {
	const char *name;
	enum dispatch_method method;
} methods[] = {
	{ "GET", DISPATCH_GET },
	{ "HEAD", DISPATCH_HEAD },
	{ "POST", DISPATCH_POST },
	{ "OPTIONS", DISPATCH_OPTIONS },
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const struct dispatch_action *find_action(const char *name)
{
	for (size_t i = 0; i < COUNT(actions); i++)
		if (strcmp(actions[i].name, name) == 0)
			return &actions[i];
	return NULL;
}

static bool serves_files(const char *action)
{
	return strcmp(action, "file") == 0 || strcmp(action, "list") == 0;
}

bool dispatch_is_built_in(const char *name)
{
	return find_action(name) != NULL;
}

/*
 * The probe is there with --probe only, and then also by a name of its own in
 * each location that serves files. A front that passes no good path is just
 * what it is to find out, so the request's target will do.
 */
static const char *choose_action(const struct request *request)
{
	const char *name = request_param(request, "STREAM_ACTION");
	const char *target = request_param(request, "REQUEST_URI");

	if (!name)
		name = "file";
	if (request->services->probe_board && serves_files(name) &&
	    (probe_query_is_path(request->path) ||
		(target && probe_query_is_path(target))))
		return "probe";
	return name;
}

static bool is_off(
    const struct dispatch_action *action, const struct services *services)
{
	return action->start == probe_action_start && !services->probe_board;
}

/* Method names are case-sensitive (RFC 9110, 9.1). */
static unsigned int find_method(const char *name)
{
	for (size_t i = 0; i < COUNT(methods); i++)
		if (strcmp(methods[i].name, name) == 0)
			return methods[i].method;
	return 0;
}

/* The value of Allow (RFC 9110, 10.2.1). */
static void list_methods(unsigned int allowed, char *to)
{
	*to = '\0';
	for (size_t i = 0; i < COUNT(methods); i++) {
		if (!(allowed & methods[i].method))
			continue;
		if (*to)
			strcat(to, ", ");
		strcat(to, methods[i].name);
	}
}

/* It is about the action, not about what is at the path (9.3.7). */
static void answer_options(struct request *request, const char *allow)
{
	struct response_head head;

	response_head_init(&head, 204);
	response_head_add(&head, "Allow", "%s", allow);
	operator_fields_add_common(request->origin.params, &head, NULL);
	operator_fields_add_preflight(request->origin.params, &head);
	request_respond(request, &head);
}

static void start(struct request *request, const struct dispatch_action *action)
{
	unsigned int method = find_method(request->method);
	char allow[12 * COUNT(methods)];

	request->action_name = action->name;
	if (method & action->methods) {
		action->start(request);
		return;
	}
	list_methods(action->methods | DISPATCH_OPTIONS, allow);
	if (method == DISPATCH_OPTIONS)
		answer_options(request, allow);
	else
		request_error(request, 405, "Allow", allow);
}

/* The operator names the action, so this 404 is an error in the log. */
static void refuse_action(struct request *request, bool is_known)
{
	char why[REQUEST_FAULT_MAX];

	request_param_fault(request, "STREAM_ACTION",
	    is_known ? "needs --probe" : "no built-in action, nor an --action",
	    why);
	request_log(request, LOG_LEVEL_ERROR, why);
	request_error(request, 404, NULL, NULL);
}

void dispatch(struct request *request)
{
	const char *name = choose_action(request);
	const struct dispatch_action *action = find_action(name);

	if (!action)
		action = action_modules_find(
		    request->services->action_modules, name);
	if (!action || is_off(action, request->services)) {
		refuse_action(request, action != NULL);
	} else if (request->path_is_malformed) {
		request_refuse_param(request, 400, "SCRIPT_FILENAME",
		    "a \"%\" without two hexadecimal digits, or \"%00\"");
	} else {
		start(request, action);
	}
}
