/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "fcgi_app/actions/dispatch.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fcgi_app/action_api/action.h"
#include "fcgi_app/action_api/action_modules.h"
#include "fcgi_app/actions/archive/archive_action.h"
#include "fcgi_app/actions/concat/concat_action.h"
#include "fcgi_app/actions/file/file_action.h"
#include "fcgi_app/actions/follow/follow_action.h"
#include "fcgi_app/actions/list/list_action.h"
#include "fcgi_app/actions/probe/probe_action.h"
#include "fcgi_app/policy/nearest_name.h"
#include "fcgi_app/policy/response_head.h"
#include "fcgi_app/request/operator_fields.h"
#include "fcgi_app/request/param_check.h"
#include "fcgi_app/request/request.h"
#include "fcgi_app/request/services.h"
#include "fcgi_app/request/stream_action.h"
#include "fcgi_app/setup/log.h"

static const struct stream_action *const actions[] = {
	&file_action, /* first: most requests are for it */
	&archive_action,
	&concat_action,
	&follow_action,
	&list_action,
	&probe_action,
};

/* Answered here for every action; no module has this bit. */
#define METHOD_OPTIONS (1u << 31)

static const struct {
	const char *name;
	unsigned int bit;
} methods[] = {
	{ "GET", ACTION_GET },
	{ "HEAD", ACTION_HEAD },
	{ "POST", ACTION_POST },
	{ "OPTIONS", METHOD_OPTIONS },
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* Returns the place in the table, COUNT(actions) if there is no such name. */
static size_t find(const char *name)
{
	size_t i = 0;

	while (i < COUNT(actions) && strcmp(actions[i]->name, name) != 0)
		i++;
	return i;
}

bool dispatch_is_built_in(const char *name)
{
	return find(name) < COUNT(actions);
}

/* --- a request ------------------------------------------------------------ */

/* Writes the value of Allow (RFC 9110, 10.2.1). */
static void list_methods(unsigned int allowed, char *to)
{
	*to = '\0';
	for (size_t i = 0; i < COUNT(methods); i++) {
		if (!(allowed & methods[i].bit))
			continue;
		if (*to)
			strcat(to, ", ");
		strcat(to, methods[i].name);
	}
}

/* It is about the action, not about what is at the path (9.3.7). */
static void answer_options(struct request *request, const char *allow)
{
	const struct stream_action *action = request->stream_action;
	const struct preflight preflight = {
		.methods = allow,
		.takes_body = action->methods & ACTION_POST,
		.request_fields = action->request_fields,
	};
	struct response_head head;

	response_head_init(&head, 204);
	response_head_add(&head, "Allow", "%s", allow);
	operator_fields_add_common(request->origin.params, &head, NULL);
	operator_fields_add_preflight(
	    request->origin.params, &head, &preflight);
	request_respond(request, &head);
}

static void start(struct request *request, const struct stream_action *action)
{
	unsigned int method = 0;
	char allow[12 * COUNT(methods)];

	request->stream_action = action;
	/* Method names are case-sensitive (RFC 9110, 9.1). */
	for (size_t i = 0; i < COUNT(methods) && method == 0; i++)
		if (strcmp(methods[i].name, request->method) == 0)
			method = methods[i].bit;
	if (method & action->methods) {
		action->start(request);
		return;
	}
	list_methods(action->methods | METHOD_OPTIONS, allow);
	if (method == METHOD_OPTIONS)
		answer_options(request, allow);
	else
		request_error(request, 405, "Allow", allow);
}

/* Returns the name of a built-in action that was meant, or NULL. */
static const char *nearest_action(const char *name)
{
	struct nearest_name nearest;

	nearest_name_init(&nearest, name, strlen(name));
	for (size_t i = 0; i < COUNT(actions); i++)
		nearest_name_offer(&nearest, actions[i]->name);
	return nearest.name;
}

/* The operator chose the name, so this 404 is an error in the logs. */
static void refuse_action(struct request *request, const char *name)
{
	size_t at = find(name);
	const char *nearest = nearest_action(name);
	char fault[96], why[REQUEST_FAULT_MAX];

	if (at < COUNT(actions))
		snprintf(fault, sizeof(fault), "%s", actions[at]->off_fault);
	else
		snprintf(fault, sizeof(fault),
		    "no built-in action, nor an --action%s%s",
		    nearest ? "; the nearest is " : "", nearest ? nearest : "");
	request_param_fault(request, "STREAM_ACTION", fault, why);
	request_report(request, 404, why);
	request_error(request, 404, NULL, NULL);
}

static bool is_off(const struct services *services, size_t at)
{
	return actions[at]->state && !services->action_states[at];
}

/* Returns the place of the action that claims the request, or `at`. */
static size_t find_claimant(const struct request *request, size_t at)
{
	for (size_t i = 0; i < COUNT(actions); i++)
		if (actions[i]->claims && !is_off(request->services, i) &&
		    actions[i]->claims(request))
			return i;
	return at;
}

/* Returns the action, with its state in the request; NULL: none, or off. */
static const struct stream_action *choose(
    struct request *request, const char *name)
{
	const struct services *services = request->services;
	size_t at = find(name);

	if (at == COUNT(actions))
		return action_modules_find(services->action_modules, name);
	if (actions[at]->is_claimable)
		at = find_claimant(request, at);
	if (is_off(services, at))
		return NULL;
	request->action_state = services->action_states[at];
	return actions[at];
}

void dispatch(struct request *request)
{
	const char *given = request_param(request, "STREAM_ACTION");
	const char *name = given ? given : "file";
	const struct stream_action *action = choose(request, name);

	if (action && !action->has_own_params)
		param_check(request->services->param_check, request);
	if (*request->method == '\0')
		request_refuse_param(request, 500, "REQUEST_METHOD",
		    "missing: nginx needs \"include fastcgi_params;\" in this "
		    "location, other fronts send it by themselves");
	else if (!action)
		refuse_action(request, name);
	else if (request->path_is_malformed)
		request_refuse_param(request, 400, "SCRIPT_FILENAME",
		    "a \"%\" without two hexadecimal digits, or \"%00\"");
	else
		start(request, action);
}

/* --- what actions keep beyond a request ----------------------------------- */

void **dispatch_prepare(const struct options *options)
{
	void **states = calloc(COUNT(actions), sizeof(*states));

	if (!states) {
		log_message(LOG_LEVEL_ERROR, "actions: %s", strerror(ENOMEM));
		return NULL;
	}
	for (size_t i = 0; i < COUNT(actions); i++) {
		const struct stream_action_state *ops = actions[i]->state;

		if (ops && ops->prepare &&
		    ops->prepare(options, &states[i]) < 0) {
			dispatch_free(states);
			return NULL;
		}
	}
	return states;
}

int dispatch_open(const struct services *services)
{
	int r = 0;

	for (size_t i = 0; i < COUNT(actions) && r == 0; i++) {
		const struct stream_action_state *ops = actions[i]->state;

		if (ops && ops->open)
			r = ops->open(services, &services->action_states[i]);
	}
	return r;
}

void dispatch_drain(const struct services *services)
{
	for (size_t i = 0; i < COUNT(actions); i++) {
		const struct stream_action_state *ops = actions[i]->state;

		if (ops && ops->drain)
			ops->drain(services->action_states[i]);
	}
}

void dispatch_close(const struct services *services)
{
	for (size_t i = 0; i < COUNT(actions); i++) {
		const struct stream_action_state *ops = actions[i]->state;

		if (ops && ops->close)
			ops->close(services->action_states[i]);
	}
}

void dispatch_free(void **states)
{
	for (size_t i = 0; states && i < COUNT(actions); i++)
		if (actions[i]->state && states[i])
			actions[i]->state->free(states[i]);
	free(states);
}
