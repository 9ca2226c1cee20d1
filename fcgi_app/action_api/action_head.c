/* SPDX-License-Identifier: MIT */
/*
 * The head of an action's answer. Fields are judged when they are set, so that
 * the action hears of it, and are put into a head when the answer begins.
 */
#include "config.h"
#include "fcgi_app/action_api/action_internal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "fcgi_app/policy/etag.h"
#include "fcgi_app/policy/field_value.h"
#include "fcgi_app/policy/http_date.h"
#include "fcgi_app/policy/media_type.h"
#include "fcgi_app/policy/response_head.h"
#include "fcgi_app/request/operator_fields.h"
#include "fcgi_app/request/request.h"

/* They have a function, or are the front server's. */
static const char *const reserved[] = {
	"Status",
	"Content-Length",
	"Content-Range",
	"Accept-Ranges",
	"ETag",
	"Last-Modified",
	"Transfer-Encoding",
	"Connection",
	"Date",
};

/* Fields that the operator may set instead, and with which parameters. */
static const struct {
	const char *name;
	const char *params[2];
} overridden[] = {
	{ "Cache-Control", { "STREAM_CACHE_CONTROL", "STREAM_EXPIRES" } },
	{ "Expires", { "STREAM_EXPIRES", NULL } },
	{ "Content-Disposition", { "STREAM_DISPOSITION", "STREAM_FILENAME" } },
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* --- setting it ----------------------------------------------------------- */

int action_status(struct action *action, int status)
{
	struct action_answer *answer = action_handle_find(action, __func__);
	int r = answer ? action_check_open(answer) : -EPIPE;

	if (r < 0)
		return r;
	if (status < 200 || status > 599)
		return -EINVAL;
	answer->status = status;
	answer->has_status = true;
	return 0;
}

static bool is_good(const char *name, const char *value)
{
	size_t length = field_value_token_length(name);

	if (length == 0 || name[length] != '\0' || !field_value_is_valid(value))
		return false;
	for (size_t i = 0; i < COUNT(reserved); i++)
		if (strcasecmp(reserved[i], name) == 0)
			return false;
	return true;
}

int action_add_field(
    struct action_answer *answer, const char *name, const char *value)
{
	size_t name_size = strlen(name) + 1, value_size = strlen(value) + 1;
	size_t most = RESPONSE_HEAD_LENGTH_MAX - answer->fields_length;
	int r = action_check_open(answer);
	char *fields;

	if (r < 0)
		return r;
	if (!is_good(name, value))
		return -EINVAL;
	if (name_size > most || value_size > most - name_size)
		return -ENOSPC;
	fields = realloc(
	    answer->fields, answer->fields_length + name_size + value_size);
	if (!fields)
		return -ENOMEM;
	answer->fields = fields;
	fields += answer->fields_length;
	memcpy(fields, name, name_size);
	memcpy(fields + name_size, value, value_size);
	answer->fields_length += name_size + value_size;
	return 0;
}

int action_field(struct action *action, const char *name, const char *value)
{
	struct action_answer *answer = action_handle_find(action, __func__);

	if (!answer)
		return -EPIPE;
	if (!name || !value)
		return -EINVAL;
	return action_add_field(answer, name, value);
}

int action_length(struct action *action, uint64_t length)
{
	struct action_answer *answer = action_handle_find(action, __func__);
	int r = answer ? action_check_open(answer) : -EPIPE;

	if (r < 0)
		return r;
	if (length > INT64_MAX)
		return -EINVAL;
	answer->has_length = true;
	answer->length = length;
	return 0;
}

/* One strong tag is equal to itself; a list or a weak one is not. */
static bool is_etag(const char *etag)
{
	size_t length = etag ? strlen(etag) : 0;

	return length >= 2 && length < ACTION_ETAG_MAX &&
	    etag[length - 1] == '"' && field_value_is_valid(etag) &&
	    etag_strong_equal(etag, etag);
}

int action_validators(struct action *action, const char *etag, time_t modified)
{
	struct action_answer *answer = action_handle_find(action, __func__);
	int r = answer ? action_check_open(answer) : -EPIPE;

	if (r < 0)
		return r;
	if (!is_etag(etag))
		return -EINVAL;
	strcpy(answer->etag, etag);
	answer->modified = modified;
	return 0;
}

/* --- making it ------------------------------------------------------------ */

/* Returns the name that follows `name`, the first for NULL, or NULL. */
static const char *next_field(
    const struct action_answer *answer, const char *name)
{
	const char *end = answer->fields + answer->fields_length;

	if (!name)
		name = answer->fields;
	else
		for (int parts = 0; parts < 2; parts++)
			name += strlen(name) + 1;
	return name < end ? name : NULL;
}

static const char *value_of(const char *name)
{
	return name + strlen(name) + 1;
}

const char *action_find_field(
    const struct action_answer *answer, const char *name)
{
	const char *found = NULL;
	const char *field = NULL;

	while ((field = next_field(answer, field)))
		if (strcasecmp(field, name) == 0)
			found = value_of(field);
	return found;
}

/* Returns whether the operator sets the field in the action's stead. */
static bool is_overridden(const struct action_answer *answer, const char *name)
{
	for (size_t i = 0; i < COUNT(overridden); i++) {
		if (strcasecmp(overridden[i].name, name) != 0)
			continue;
		for (size_t p = 0; p < 2 && overridden[i].params[p]; p++)
			if (request_param(
				answer->request, overridden[i].params[p]))
				return true;
	}
	return false;
}

/* They are put elsewhere, where the head needs them. */
static bool has_own_place(const char *name)
{
	return strcasecmp(name, "Content-Type") == 0 ||
	    strcasecmp(name, "Location") == 0;
}

/* RFC 9110, 15.4.5: a 304 says nothing of the content it does without. */
static bool is_of_content(const char *name)
{
	return strncasecmp(name, "Content-", 8) == 0 &&
	    strcasecmp(name, "Content-Location") != 0;
}

void action_add_fields(const void *context, struct response_head *head)
{
	const struct action_answer *answer = context;
	const char *name = NULL;

	while ((name = next_field(answer, name)))
		if (!has_own_place(name) && !is_overridden(answer, name) &&
		    !(head->status == 304 && is_of_content(name)))
			response_head_put(head, name, value_of(name));
}

const struct param_rule *action_media_type(
    const struct action_answer *answer, char *ret, size_t size)
{
	const char *type = action_find_field(answer, "Content-Type");

	if (!type)
		type = answer->type ? answer->type : "application/octet-stream";
	return operator_fields_media_type(
	    answer->request->origin.params, type, ret, size);
}

/* RFC 9110, 15: a Location leads on with 201 and 3xx only. */
static void begin_head(
    const struct action_answer *answer, struct response_head *head)
{
	const char *location = action_find_field(answer, "Location");

	if (location && answer->status / 100 == 3) {
		response_head_init_redirect(head, answer->status, location);
		return;
	}
	response_head_init(head, answer->status);
	if (location)
		response_head_put(head, "Location", location);
}

bool action_has_no_body(int status)
{
	return status == 204 || status == 304;
}

static const struct param_rule *add_type(const struct action_answer *answer,
    uint64_t length, struct response_head *head)
{
	char type[CONTENT_TYPE_MAX];
	const struct param_rule *bad;

	if (action_has_no_body(answer->status) ||
	    (length == 0 && !answer->type &&
		!action_find_field(answer, "Content-Type")))
		return NULL;
	bad = action_media_type(answer, type, sizeof(type));
	if (!bad)
		response_head_put(head, "Content-Type", type);
	return bad;
}

static const struct param_rule *add_all(const struct action_answer *answer,
    uint64_t length, struct response_head *head)
{
	const struct fcgi_params *params = answer->request->origin.params;
	struct operator_fields fields;
	char date[HTTP_DATE_SIZE];
	const struct param_rule *bad =
	    operator_fields_read(params, time(NULL), &fields);

	if (bad)
		return bad;
	begin_head(answer, head);
	bad = add_type(answer, length, head);
	if (bad)
		return bad;
	if (answer->etag[0]) {
		http_date_format(answer->modified, date);
		response_head_put(head, "ETag", answer->etag);
		response_head_put(head, "Last-Modified", date);
	}
	if (length != ACTION_LENGTH_NONE && !action_has_no_body(answer->status))
		response_head_add(head, "Content-Length", "%" PRIu64, length);
	/* Or a front would gather what is meant to arrive bit by bit. */
	else if (!action_find_field(answer, "X-Accel-Buffering"))
		response_head_put(head, "X-Accel-Buffering", "no");
	if (answer->status == 200) {
		operator_fields_add_caching(&fields, head);
		operator_fields_add_disposition(&fields, head);
	}
	action_add_fields(answer, head);
	operator_fields_add_common(params, head, NULL);
	return NULL;
}

bool action_make_head(struct action_answer *answer, uint64_t length,
    struct response_head *ret_head)
{
	const struct param_rule *bad = add_all(answer, length, ret_head);

	if (bad)
		request_bad_param(answer->request, bad);
	return !bad;
}
