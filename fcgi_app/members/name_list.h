/* SPDX-License-Identifier: MIT */
/*
 * Lists of files that somebody asks for: in a query, as text, or as JSON.
 *
 * A name is bytes, relative to a folder. It has no slash in front or at the
 * end, no empty, "." or ".." component, and no NUL. The same name may be listed
 * more than once, and the order is kept.
 */
#ifndef FCGI_APP_MEMBERS_NAME_LIST_H
#define FCGI_APP_MEMBERS_NAME_LIST_H

#include <stddef.h>

/* The longest list that is read, in bytes of its text. */
#define NAME_LIST_TEXT_MAX ((size_t)1 << 20)

/* The most names in a query: anybody can send one. */
#define NAME_LIST_QUERY_MAX ((size_t)1000)

/* The names are the list's own, until name_list_clear(). */
struct name_list {
	size_t count;
	const char **names;
	/* In case of an error: which name it is about, from 1 on; 0: none. */
	size_t failed;

	/* For name_list.c. */
	char *text;
	size_t used; /* bytes of it */
	size_t room; /* in `names` */
	size_t most;
};

enum name_list_result {
	NAME_LIST_OK,        /* also for a list of no names */
	NAME_LIST_MALFORMED, /* not a JSON array of strings */
	NAME_LIST_BAD_NAME,  /* not a name as said above */
	NAME_LIST_OUTSIDE,   /* absolute, or with a ".." component */
	NAME_LIST_LONG_NAME, /* no file can have that name */
	NAME_LIST_TOO_MANY,  /* names, or bytes of text */
	NAME_LIST_NO_MEMORY
};

/*
 * Each takes a list in any of its three forms and up to `most` names into *ret,
 * which needs no preparation, and must then be cleared. After an error it has
 * no names.
 *
 * The values of the key "f" in a query string, by the rules of the parser for
 * application/x-www-form-urlencoded (WHATWG URL, 5.1): "+" is a blank, a "%"
 * that begins no escape stands for itself. But the bytes stay as they are,
 * UTF-8 or not. All other keys are passed over. NULL counts as "".
 */
enum name_list_result name_list_from_query(
    const char *query, size_t most, struct name_list *ret);

/*
 * One name a line. A line ends with LF or CRLF, the last one may do without;
 * empty lines are skipped. There are no comments and no escapes.
 */
enum name_list_result name_list_from_lines(
    const char *text, size_t length, size_t most, struct name_list *ret);

/* A JSON array of strings (RFC 8259), in UTF-8, and nothing else. */
enum name_list_result name_list_from_json(
    const char *text, size_t length, size_t most, struct name_list *ret);

/* Harmless on a zeroed list, and a second time. */
void name_list_clear(struct name_list *list);

/* Returns what a result other than NAME_LIST_OK means, for the log. */
const char *name_list_reason(enum name_list_result result);

/* The status of the answer to a client that sent such a list. */
int name_list_status(enum name_list_result result);

#endif
