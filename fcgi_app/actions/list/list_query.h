/* SPDX-License-Identifier: MIT */
/* What a client asks of a folder's listing, and what it gets. */
#ifndef FCGI_APP_ACTIONS_LIST_LIST_QUERY_H
#define FCGI_APP_ACTIONS_LIST_LIST_QUERY_H

#include <stdbool.h>

enum list_format { LIST_FORMAT_ANY, LIST_FORMAT_HTML, LIST_FORMAT_JSON };

enum list_sort { LIST_SORT_NAME, LIST_SORT_SIZE, LIST_SORT_TIME };

struct list_query {
	enum list_format format; /* LIST_FORMAT_ANY: not given */
	enum list_sort sort;
	bool descending;
};

/*
 * Reads a query (RFC 3986, 3.4): "format" is html or json, "sort" is name, size
 * or time, "order" is asc or desc; names and values as they are, without
 * escapes. Of a name that is repeated the first value counts; other names are
 * ignored.
 *
 * query: without the question mark; NULL for none.
 * Returns 0, or -EINVAL if a name has another value; *ret is untouched then.
 */
int list_query_parse(const char *query, struct list_query *ret);

/*
 * Returns the format for a client: the one it asks for, else the one it prefers
 * by its Accept field (RFC 9110, 12.5.1). If both weigh the same, the one it
 * names more precisely, as libraries add "any type" to the one they want; else
 * HTML, also if it accepts neither.
 */
enum list_format list_query_format(
    const struct list_query *query, const char *accept);

/* Return the words that a query has for them. */
const char *list_query_sort_name(enum list_sort sort);
const char *list_query_order_name(bool descending);

#endif
