/* SPDX-License-Identifier: MIT */
/* Fuzz entry of fcgi_app/actions/list/list_query. The input is a query. */
#include "config.h"
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <string.h>

#include "fcgi_app/actions/list/list_query.h"

/* What was understood, written again, is understood in the same way. */
static void check_again(const struct list_query *query)
{
	struct list_query again;
	char text[64];

	snprintf(text, sizeof(text), "sort=%s&order=%s",
	    list_query_sort_name(query->sort),
	    list_query_order_name(query->descending));
	require(list_query_parse(text, &again) == 0);
	require(again.sort == query->sort);
	require(again.descending == query->descending);
	require(again.format == LIST_FORMAT_ANY);
}

int fuzz_list_query(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size);
	struct list_query query;

	require(text != NULL);
	if (list_query_parse(text, &query) == 0) {
		check_again(&query);
		require(query.format == LIST_FORMAT_ANY ||
		    list_query_format(&query, text) == query.format);
	}
	free(text);
	return 0;
}
