/* SPDX-License-Identifier: MIT */
/*
 * Lists of files that somebody asks for: in a query or form, as text, or as
 * JSON.
 *
 * A name is bytes, relative to a folder. It has no slash in front or at the
 * end, no empty, "." or ".." component, and no NUL. The same name may be listed
 * more than once, and the order is kept.
 */
#ifndef FCGI_APP_MEMBERS_NAME_LIST_H
#define FCGI_APP_MEMBERS_NAME_LIST_H

#include <stdbool.h>
#include <stddef.h>

/* The longest list that is read: bytes of its names, with an end after each. */
#define NAME_LIST_TEXT_MAX ((size_t)1 << 20)

/* The same as a form has it, which takes up to three bytes for one. */
#define NAME_LIST_FORM_MAX (3 * NAME_LIST_TEXT_MAX)

/* The most names in a query: anybody can send one. */
#define NAME_LIST_QUERY_MAX ((size_t)1000)

/* The names are the list's own, until name_list_clear(). */
struct name_list {
	size_t count;
	const char **names;
	/* Of a form: the first value of the key "format", or NULL. */
	const char *format;
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
	NAME_LIST_TOO_MANY,  /* names */
	NAME_LIST_TOO_LONG,  /* all of them, or their text */
	NAME_LIST_NO_MEMORY
};

/* What the body of a request can have a list as. */
enum name_list_kind { NAME_LIST_LINES, NAME_LIST_JSON, NAME_LIST_FORM };

/* The media types of these, for the log. */
#define NAME_LIST_TYPES \
	"text/plain, application/json or application/x-www-form-urlencoded"

/*
 * Returns whether there are lists of this media type (RFC 9110, 8.3.1), and
 * which kind they are; without a type (NULL) it is lines.
 */
bool name_list_kind_of(const char *content_type, enum name_list_kind *ret);

/* Returns the most bytes that such a list may have. */
size_t name_list_kind_max(enum name_list_kind kind);

/*
 * Each takes a list of one of these kinds and up to `most` names into *ret,
 * which needs no preparation, and must then be cleared. After an error it has
 * no names.
 */
enum name_list_result name_list_from(enum name_list_kind kind, const char *text,
    size_t length, size_t most, struct name_list *ret);

/*
 * The values of the key "f", by the rules of the parser for
 * application/x-www-form-urlencoded (WHATWG URL, 5.1): "+" is a blank, a "%"
 * that begins no escape stands for itself. But the bytes stay as they are,
 * UTF-8 or not. All other keys but "format" are passed over.
 */
enum name_list_result name_list_from_form(
    const char *text, size_t length, size_t most, struct name_list *ret);

/* The same for a query string. NULL counts as "". */
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
