/* SPDX-License-Identifier: MIT */
/* Fuzz entry of fcgi_app/actions/list/list_form. The input is a query. */
#include "config.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "common/utf8.h"
#include "fcgi_app/actions/list/list_form.h"
#include "fcgi_app/actions/list/text_out.h"

static char text[16 * LIST_FORM_QUERY_MAX];

static size_t count(char c)
{
	size_t n = 0;

	for (const char *p = text; *p != '\0'; p++)
		n += *p == c;
	return n;
}

/* A query ends nothing that it stands in. */
static void check_fields(enum list_form form, const char *query)
{
	struct text_out out = { .text = text, .size = sizeof(text) - 1 };

	list_form_put_fields(&out, form, query);
	require(!out.overflow);
	text[out.length] = '\0';
	require(utf8_is_valid(text));
	require(count('<') <= LIST_FORM_PAIRS_MAX);
	require(count('>') == count('<'));
	require(count('"') == 6 * count('<'));
	require(count('\'') == 0);
}

static void check_query(enum list_form form, const char *query)
{
	struct text_out out = { .text = text, .size = sizeof(text) - 1 };

	list_form_put_query(&out, form, query);
	require(!out.overflow);
	text[out.length] = '\0';
	require(text[strcspn(text, "<>\"' ")] == '\0');
	require(out.length == 0 || text[0] == '?');
}

int fuzz_list_form(const uint8_t *data, size_t size)
{
	char *given = strndup((const char *)data, size);
	const char *query;

	require(given != NULL);
	query = list_form_query(given);
	check_fields(LIST_FORM_SORT, query);
	check_fields(LIST_FORM_ARCHIVE, query);
	check_query(LIST_FORM_ARCHIVE, query);
	free(given);
	return 0;
}
