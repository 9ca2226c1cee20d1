/* SPDX-License-Identifier: MIT */
/* What all of a listing has in common, whatever its format. */
#ifndef FCGI_APP_ACTIONS_LIST_LIST_PAGE_H
#define FCGI_APP_ACTIONS_LIST_LIST_PAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "fcgi_app/actions/list/list_query.h"

struct list_entry;
struct media_types;
struct text_out;

struct list_page {
	const char *path; /* the folder's, from path_rule_relative() */
	struct list_query query;
	bool sorted; /* as the query asks, else in no order */
	bool empty;  /* there are no entries */
	/* The path of a URL, without slashes at its end, or NULL. */
	const char *archive;
	const char *query_text; /* from list_form_query() */
	bool has_query;         /* also one that is not kept */
	const struct media_types *types;
};

/* What was listed. */
struct list_totals {
	uint64_t folders;
	uint64_t files;
	uint64_t bytes; /* of the files */
};

/* A way to write a listing: its beginning, each entry, its end. */
struct list_format_ops {
	const char *content_type;
	void (*begin)(struct text_out *out, const struct list_page *page);
	/* `totals` does not count the entry yet. */
	void (*entry)(struct text_out *out, const struct list_page *page,
	    const struct list_totals *totals, const struct list_entry *entry);
	void (*end)(struct text_out *out, const struct list_page *page,
	    const struct list_totals *totals);
};

/* The longest beginning; and the longest entry or end. */
#define LIST_PAGE_BEGIN_MAX 163840
#define LIST_PAGE_ENTRY_MAX 8192

/*
 * A page for people (HTML): valid UTF-8 whatever the names are, each link the
 * percent-encoded name; what can't be had has none. All that sorts or downloads
 * is a form's button, which programs that follow links leave alone.
 */
extern const struct list_format_ops list_html;

/*
 * An object (RFC 8259): "path"; "sort" and "order" as in a query, or null if
 * the entries are in no order; "entries", each with "name", "href" (a
 * relative reference: the name's bytes, percent-encoded), "type" ("file" or
 * "directory"), "size" in bytes if it is a file, "mtime" (RFC 3339), and
 * "readable": whether it can be had.
 */
extern const struct list_format_ops list_json;

/*
 * Returns whether STREAM_LIST_ARCHIVE is an absolute path of a URL (RFC 3986,
 * 3.3) that names no other host, of at most LIST_PAGE_ARCHIVE_MAX bytes.
 */
#define LIST_PAGE_ARCHIVE_MAX 1024
bool list_page_archive_is_valid(const char *path);

#endif
