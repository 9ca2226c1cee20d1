/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "fcgi_app/request/operator_fields.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/fcgi/fcgi_params.h"
#include "common/parse_number.h"
#include "common/stream/pacer.h"
#include "fcgi_app/policy/cors.h"
#include "fcgi_app/policy/field_value.h"
#include "fcgi_app/policy/http_date.h"
#include "fcgi_app/policy/media_type.h"
#include "fcgi_app/policy/response_head.h"
#include "fcgi_app/request/param_rule.h"

#define BLANKS " \t"

static const struct param_rule expires_rule = { "STREAM_EXPIRES",
	"not a time such as 30s, 1h30m or 7d, nor epoch, max or off" };
static const struct param_rule ranges_rule = { "STREAM_RANGES",
	"not on or off" };
static const struct param_rule disposition_rule = { "STREAM_DISPOSITION",
	"not attachment or inline" };
static const struct param_rule type_rule = { "STREAM_CONTENT_TYPE",
	"not a media type such as text/plain" };
static const struct param_rule charset_rule = { "STREAM_CHARSET",
	"not the name of a charset such as utf-8" };
/* What makes a media type longer than its field may be. */
static const struct param_rule long_type_rule = { "STREAM_CONTENT_TYPE",
	"too long" };
static const struct param_rule long_charset_rule = { "STREAM_CHARSET",
	"too long" };
static const struct param_rule long_field_rule = { "Content-Type", "too long" };

/* A front sends a parameter that is not set as an empty one. */
static const char *get(const struct fcgi_params *params, const char *name)
{
	const char *value = fcgi_params_get(params, name);

	return value && *value ? value : NULL;
}

/* --- of a file ---------------------------------------------------------- */

const struct param_rule *operator_fields_read_ranges(
    const struct fcgi_params *params, bool *ret_on)
{
	const char *word = get(params, "STREAM_RANGES");

	if (word && strcmp(word, "on") != 0 && strcmp(word, "off") != 0)
		return &ranges_rule;
	*ret_on = !word || strcmp(word, "on") == 0;
	return NULL;
}

const struct param_rule *operator_fields_read(
    const struct fcgi_params *params, time_t now, struct operator_fields *ret)
{
	const char *expires = get(params, "STREAM_EXPIRES");
	const char *disposition = get(params, "STREAM_DISPOSITION");
	const char *filename = get(params, "STREAM_FILENAME");

	ret->cache_control = get(params, "STREAM_CACHE_CONTROL");
	/* As nginx has it, so that an inner location can undo an outer one. */
	ret->has_expires = expires && strcmp(expires, "off") != 0;
	ret->disposition[0] = '\0';
	if (ret->has_expires && expires_parse(expires, now, &ret->expires) < 0)
		return &expires_rule;
	/* A name alone says how to save it, not that it must be saved. */
	if (!disposition && filename)
		disposition = "inline";
	if (disposition &&
	    content_disposition_format(disposition, filename, ret->disposition,
		sizeof(ret->disposition)) < 0)
		return &disposition_rule;
	return operator_fields_read_ranges(params, &ret->ranges);
}

void operator_fields_add_caching(
    const struct operator_fields *fields, struct response_head *head)
{
	char date[HTTP_DATE_SIZE];

	if (fields->cache_control)
		response_head_put(head, "Cache-Control", fields->cache_control);
	if (!fields->has_expires)
		return;
	http_date_format(fields->expires.date, date);
	response_head_put(head, "Expires", date);
	if (fields->cache_control)
		return;
	if (fields->expires.max_age < 0)
		response_head_add(head, "Cache-Control", "no-cache");
	else
		response_head_add(head, "Cache-Control", "max-age=%" PRId64,
		    fields->expires.max_age);
}

void operator_fields_add_disposition(
    const struct operator_fields *fields, struct response_head *head)
{
	if (fields->disposition[0] != '\0')
		response_head_put(
		    head, "Content-Disposition", fields->disposition);
}

/* type "/" subtype, then maybe parameters (RFC 9110, 8.3.1). */
static bool is_media_type(const char *text)
{
	size_t type = field_value_token_length(text);
	size_t subtype;

	if (type == 0 || text[type] != '/')
		return false;
	text += type + 1;
	subtype = field_value_token_length(text);
	return subtype > 0 && strchr("; \t", text[subtype]);
}

const struct param_rule *operator_fields_media_type(
    const struct fcgi_params *params, const char *type, char *ret, size_t size)
{
	const char *other = get(params, "STREAM_CONTENT_TYPE");
	const char *charset = get(params, "STREAM_CHARSET");
	int length;

	if (other && !is_media_type(other))
		return &type_rule;
	if (charset && charset[field_value_token_length(charset)] != '\0')
		return &charset_rule;
	if (other)
		type = other;
	if (charset && media_type_takes_charset(type))
		length = snprintf(ret, size, "%s; charset=%s", type, charset);
	else
		length = snprintf(ret, size, "%s", type);
	if (length >= 0 && (size_t)length < size)
		return NULL;
	if (strlen(type) < size)
		return &long_charset_rule;
	return other ? &long_type_rule : &long_field_rule;
}

/* --- of every response -------------------------------------------------- */

/* Returns whether the response depends on Origin. */
static bool add_cors(
    const struct fcgi_params *params, struct response_head *head)
{
	const char *list = get(params, "STREAM_CORS");
	const char *origin = get(params, "HTTP_ORIGIN");
	bool varies = true;

	if (!list)
		return false;
	switch (cors_match(list, origin)) {
	case CORS_OTHER:
		return true;
	case CORS_ANY:
		varies = false;
		origin = "*";
		break;
	case CORS_LISTED:
		break;
	}
	/* nginx leaves a tab after a value. */
	response_head_add(head, "Access-Control-Allow-Origin", "%.*s",
	    (int)strcspn(origin, BLANKS), origin);
	response_head_put(
	    head, "Access-Control-Expose-Headers", CORS_EXPOSE_HEADERS);
	return varies;
}

void operator_fields_add_common(const struct fcgi_params *params,
    struct response_head *head, const char *vary)
{
	const char *nosniff = get(params, "STREAM_NOSNIFF");
	bool on_origin = add_cors(params, head);

	if (!nosniff || strcmp(nosniff, "off") != 0)
		response_head_put(head, "X-Content-Type-Options", "nosniff");
	if (vary && on_origin)
		response_head_add(head, "Vary", "%s, Origin", vary);
	else if (vary || on_origin)
		response_head_put(head, "Vary", vary ? vary : "Origin");
}

void operator_fields_add_preflight(const struct fcgi_params *params,
    struct response_head *head, const struct preflight *preflight)
{
	const char *list = get(params, "STREAM_CORS");
	const char *more = preflight->request_fields;

	if (!list || !get(params, "HTTP_ACCESS_CONTROL_REQUEST_METHOD") ||
	    cors_match(list, get(params, "HTTP_ORIGIN")) == CORS_OTHER)
		return;
	response_head_put(
	    head, "Access-Control-Allow-Methods", preflight->methods);
	response_head_add(head, "Access-Control-Allow-Headers", "%s%s%s%s",
	    CORS_ALLOW_HEADERS, preflight->takes_body ? ", Content-Type" : "",
	    more ? ", " : "", more ? more : "");
	response_head_put(head, "Access-Control-Max-Age", CORS_MAX_AGE);
}

/* --- the pace ----------------------------------------------------------- */

static const struct param_rule rate_rule = { "STREAM_RATE",
	"not a rate such as 500K or 2M, up to 1024G" };
static const struct param_rule burst_rule = { "STREAM_BURST",
	"not a size such as 64K or 1M" };

/* Returns 0 or -errno; a parameter that is absent or empty is 0 bytes. */
static int read_size(
    const struct fcgi_params *params, const char *name, uint64_t *ret)
{
	const char *text = get(params, name);

	*ret = 0;
	return text ? parse_size(text, ret) : 0;
}

const struct param_rule *operator_fields_read_pace(
    const struct fcgi_params *params, struct pacer_plan *ret)
{
	ret->burst = 0;
	if (read_size(params, "STREAM_RATE", &ret->rate) < 0 ||
	    ret->rate > PACER_RATE_MAX)
		return &rate_rule;
	if (ret->rate > 0 && read_size(params, "STREAM_BURST", &ret->burst) < 0)
		return &burst_rule;
	return NULL;
}
