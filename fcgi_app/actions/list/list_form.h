/* SPDX-License-Identifier: MIT */
/*
 * What the forms of a listing's page keep of the query that the page was asked
 * for with: all that they don't set themselves. So a link that was signed, such
 * as "?md5=…&expires=…", is still signed after a button was pressed.
 */
#ifndef FCGI_APP_ACTIONS_LIST_LIST_FORM_H
#define FCGI_APP_ACTIONS_LIST_LIST_FORM_H

#include <stdbool.h>

struct text_out;

/* The longest query that is kept, and the most pairs of it. */
#define LIST_FORM_QUERY_MAX 2048
#define LIST_FORM_PAIRS_MAX 32

enum list_form {
	LIST_FORM_SORT,    /* sets "sort" and "order" */
	LIST_FORM_ARCHIVE, /* sets "format" and "f", and has no order */
};

/* Returns the query, or "" if it is too long to be kept, or NULL. */
const char *list_form_query(const char *query);

/*
 * Puts a hidden field for each pair of a query from list_form_query() that a
 * form with the method GET keeps. Of a pair that no browser would send as it
 * was, there is none.
 */
void list_form_put_fields(
    struct text_out *out, enum list_form form, const char *query);

/*
 * Puts the same pairs as they are, with a question mark before them, for the
 * URL of a form with the method POST. Puts nothing if no pair is kept.
 */
void list_form_put_query(
    struct text_out *out, enum list_form form, const char *query);

/*
 * Returns whether a browser sends the value of a field byte by byte: text
 * (UTF-8) without control characters.
 */
bool list_form_can_send(const char *value);

#endif
