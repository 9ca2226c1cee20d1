/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "fcgi_app/actions/list/list_form.h"

#include <stddef.h>
#include <string.h>

#include "common/utf8.h"
#include "fcgi_app/actions/list/text_out.h"
#include "fcgi_app/policy/percent.h"
#include "fcgi_app/policy/query_pair.h"

/* The names that each sets itself; an archive has no use for an order. */
static const char *const own_names[][5] = {
	[LIST_FORM_SORT] = { "sort", "order" },
	[LIST_FORM_ARCHIVE] = { "sort", "order", "format", "f" },
};

const char *list_form_query(const char *query)
{
	const char *cursor = query;
	struct query_pair pair;
	size_t pairs = 0;

	if (!query || strlen(query) > LIST_FORM_QUERY_MAX)
		return "";
	while (query_pair_next(&cursor, &pair))
		pairs++;
	return pairs > LIST_FORM_PAIRS_MAX ? "" : query;
}

bool list_form_can_send(const char *value)
{
	if (!utf8_is_valid(value))
		return false;
	for (; *value != '\0'; value += utf8_length(value)) {
		if (utf8_is_control(value))
			return false;
	}
	return true;
}

/* Takes the next pair that the form keeps. Returns false after the last. */
static bool next_kept(
    enum list_form form, const char **cursor, struct query_pair *ret)
{
	while (query_pair_next(cursor, ret)) {
		const char *const *own = own_names[form];

		while (*own && !query_pair_is(ret, *own))
			own++;
		if (!*own && ret->name_length > 0)
			return true;
	}
	return false;
}

/* Decodes a name or value. Returns false if no browser would send it so. */
static bool decode(const char *text, size_t length, char *ret)
{
	size_t n = percent_decode_form(text, length, ret);

	ret[n] = '\0';
	return strlen(ret) == n && list_form_can_send(ret);
}

void list_form_put_fields(
    struct text_out *out, enum list_form form, const char *query)
{
	char name[LIST_FORM_QUERY_MAX + 1], value[LIST_FORM_QUERY_MAX + 1];
	struct query_pair pair;

	while (next_kept(form, &query, &pair)) {
		if (!decode(pair.name, pair.name_length, name) ||
		    !decode(
			pair.value ? pair.value : "", pair.value_length, value))
			continue;
		text_out_put(out, "<input type=\"hidden\" name=\"");
		text_out_html_hidden(out, name);
		text_out_put(out, "\" value=\"");
		text_out_html_hidden(out, value);
		text_out_put(out, "\">");
	}
}

void list_form_put_query(
    struct text_out *out, enum list_form form, const char *query)
{
	const char *before = "?";
	struct query_pair pair;

	while (next_kept(form, &query, &pair)) {
		text_out_put(out, before);
		text_out_query(out, pair.name, pair.name_length);
		if (pair.value) {
			text_out_put(out, "=");
			text_out_query(out, pair.value, pair.value_length);
		}
		before = "&amp;";
	}
}
