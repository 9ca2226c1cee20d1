/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "fcgi_app/dispatch.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "fcgi_app/actions/file.h"
#include "fcgi_app/operator_fields.h"
#include "fcgi_app/policy/response_head.h"
#include "fcgi_app/request.h"

static const struct dispatch_action actions[] = {
	{ "file", DISPATCH_GET | DISPATCH_HEAD, file_action_start },
};

static const struct {
	const char *name;
	enum dispatch_method method;
} methods[] = {
	{ "GET", DISPATCH_GET },
	{ "HEAD", DISPATCH_HEAD },
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

void dispatch(struct request *request)
{
	const char *name = request_param(request, "STREAM_ACTION");
	const struct dispatch_action *action =
	    find_action(name ? name : "file");
	char allow[12 * COUNT(methods)];
	char why[128];
	unsigned int method;

	if (!action) {
		snprintf(
		    why, sizeof(why), "STREAM_ACTION=%s: no such action", name);
		request_refuse(request, 404, why);
		return;
	}
	request->action_name = action->name;
	method = find_method(request->method);
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
