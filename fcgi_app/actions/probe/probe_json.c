/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "fcgi_app/actions/probe/probe_json.h"

#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/file/root_folder.h"
#include "fcgi_app/actions/probe/probe_board.h"
#include "fcgi_app/actions/probe/probe_query.h"
#include "fcgi_app/policy/path_rule.h"
#include "fcgi_app/request/request.h"
#include "fcgi_app/request/services.h"
#include "fcgi_app/setup/roots.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static const char *const shown[] = {
	"REQUEST_METHOD",
	"REQUEST_URI",
	"QUERY_STRING",
	"STREAM_ACTION",
	"STREAM_PATH",
	"DOCUMENT_URI",
	"SCRIPT_NAME",
	"PATH_INFO",
	"SERVER_SOFTWARE",
	"SERVER_PROTOCOL",
	"GATEWAY_INTERFACE",
	"CONTENT_LENGTH",
	"HTTP_RANGE",
	"HTTP_IF_RANGE",
	"HTTP_IF_MATCH",
	"HTTP_IF_NONE_MATCH",
	"HTTP_IF_MODIFIED_SINCE",
	"HTTP_IF_UNMODIFIED_SINCE",
	"HTTP_ACCEPT_ENCODING",
};

/* A string that is not UTF-8, with its odd bytes spelled out. */
static json_t *spelled_out(const char *text, size_t length)
{
	char spelled[PROBE_JSON_SHOWN_MAX * 4 + 1];
	size_t n = 0;

	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c < 0x80)
			spelled[n++] = text[i];
		else
			n += (size_t)sprintf(spelled + n, "\\x%02x", c);
	}
	return json_stringn(spelled, n);
}

static json_t *any_string(const char *text, size_t length)
{
	json_t *string = json_stringn(text, length);

	return string ? string : spelled_out(text, length);
}

/* Returns whether a character of UTF-8 goes on at this byte (RFC 3629, 3). */
static bool goes_on(const char *byte)
{
	return ((unsigned char)*byte & 0xc0) == 0x80;
}

static json_t *beginning_of(const char *text)
{
	size_t length = strnlen(text, PROBE_JSON_SHOWN_MAX);

	for (int i = 0; i < 3 && length > 0 && goes_on(text + length); i++)
		length--;
	return any_string(text, length);
}

static json_t *end_of(const char *text)
{
	size_t length = strlen(text);

	if (length > PROBE_JSON_SHOWN_MAX) {
		text += length - PROBE_JSON_SHOWN_MAX;
		length = PROBE_JSON_SHOWN_MAX;
		for (int i = 0; i < 3 && goes_on(text); i++, text++)
			length--;
	}
	return any_string(text, length);
}

static json_t *list_params(const struct request *request)
{
	json_t *params = json_object();
	int r = params ? 0 : -1;

	for (size_t i = 0; i < COUNT(shown) && r == 0; i++) {
		const char *value = request_param(request, shown[i]);

		if (value)
			r = json_object_set_new(
			    params, shown[i], beginning_of(value));
	}
	if (r == 0)
		return params;
	json_decref(params);
	return NULL;
}

static const char *judge_root(const struct request *request)
{
	const char *given = request_param(request, "DOCUMENT_ROOT");
	char folder[PATH_MAX];
	struct roots_place place;

	if (!given)
		return "absent";
	if (path_rule_normalize(given, folder, sizeof(folder)) != PATH_RULE_OK)
		return "malformed";
	switch (roots_find(request->services->roots, folder, &place)) {
	case 0:
		return place.folder->may_enter ? "beneath" : "closed";
	case -ENOENT:
		return "gone";
	}
	return "outside";
}

/* Takes the object over; NULL is one that could not be made. */
static char *dump(json_t *object)
{
	char *text = object ? json_dumps(object, JSON_INDENT(2)) : NULL;

	json_decref(object);
	return text;
}

char *probe_json_echo(const struct request *request)
{
	/* "o" takes the references over, and fails on NULL. */
	return dump(json_pack("{s:i, s:s, s:s, s:o, s:o}", PROBE_MARK,
	    PROBE_AGREEMENT, "version", PACKAGE_VERSION, "document_root",
	    judge_root(request), "path", end_of(request->path), "params",
	    list_params(request)));
}

static const char *name_of(enum probe_end end)
{
	switch (end) {
	case PROBE_END_NONE:
		return "none";
	case PROBE_END_COMPLETE:
		return "complete";
	case PROBE_END_LEFT:
		return "left";
	case PROBE_END_EXPIRED:
		return "expired";
	case PROBE_END_CUT:
		return "cut";
	}
	return "none";
}

char *probe_json_status(const struct probe_record *record)
{
	return dump(json_pack("{s:i, s:s, s:b, s:I, s:I}", PROBE_MARK,
	    PROBE_AGREEMENT, "end", name_of(record->end), "released",
	    (int)record->released, "sent", (json_int_t)record->sent,
	    "lasted_ms", (json_int_t)record->lasted_ms));
}

char *probe_json_released(bool known, bool released)
{
	return dump(json_pack("{s:i, s:b, s:b}", PROBE_MARK, PROBE_AGREEMENT,
	    "known", (int)known, "released", (int)released));
}
