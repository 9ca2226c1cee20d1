/* SPDX-License-Identifier: MIT */
/*
 * First entries are collected, up to a limit. If those were all, they are
 * sorted, and the folder is closed before a byte is sent. Else they are written
 * as they came, and the others as they are read, so that the memory held for a
 * slow client does not depend on the folder.
 */
#include "config.h"
#include "fcgi_app/actions/list/listing.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "common/file/file_open.h"
#include "common/file/folder_reader.h"
#include "fcgi_app/actions/list/list_entries.h"
#include "fcgi_app/actions/list/list_order.h"
#include "fcgi_app/actions/list/text_out.h"

struct listing {
	struct list_page page; /* its strings stand below */
	const struct list_format_ops *format;
	struct folder_reader *reader; /* NULL when all is read */
	struct list_entries *entries; /* NULL when all are written */
	size_t written;               /* of them */
	struct list_entry extra;      /* read, but not collected any more */
	bool has_extra;
	bool has_begun;
	enum listing_state state;
	unsigned int reads_left; /* in this step */
	uint64_t deadline;       /* of it, by uv_hrtime() */
	struct list_totals totals;
	struct text_out out;
	char strings[]; /* path, query, archive */
};

_Static_assert(LISTING_OUTPUT_MAX >= LISTING_FILL + LIST_PAGE_ENTRY_MAX,
    "it has room for any step");

struct listing *listing_new(const struct listing_plan *plan)
{
	size_t path = strlen(plan->page.path) + 1;
	size_t query = strlen(plan->page.query_text) + 1;
	size_t archive =
	    plan->page.archive ? strlen(plan->page.archive) + 1 : 0;
	struct listing *listing =
	    calloc(1, sizeof(*listing) + path + query + archive);

	if (!listing)
		return NULL;
	listing->format = plan->format;
	listing->page = plan->page;
	listing->page.path = memcpy(listing->strings, plan->page.path, path);
	listing->page.query_text =
	    memcpy(listing->strings + path, plan->page.query_text, query);
	if (archive > 0)
		listing->page.archive = memcpy(listing->strings + path + query,
		    plan->page.archive, archive);
	listing->entries = list_entries_new(plan->budget);
	if (listing->entries)
		listing->reader =
		    folder_reader_new(plan->fd, plan->target, plan->hidden);
	if (!listing->reader) {
		listing_free(listing);
		return NULL;
	}
	return listing;
}

void listing_free(struct listing *listing)
{
	if (!listing)
		return;
	folder_reader_free(listing->reader);
	list_entries_free(listing->entries);
	free(listing->out.text);
	free(listing);
}

bool listing_is_open(const struct listing *listing)
{
	return listing->reader != NULL;
}

enum listing_state listing_state(const struct listing *listing)
{
	return listing->state;
}

const struct text_out *listing_output(const struct listing *listing)
{
	return &listing->out;
}

void listing_drop_output(struct listing *listing)
{
	free(listing->out.text);
	listing->out = (struct text_out){ 0 };
}

/* --- reading -------------------------------------------------------------- */

/* Reads one entry. Returns 1 with it in *ret, 0 if none came, or -errno. */
static int read_entry(struct listing *listing, struct list_entry *ret)
{
	struct folder_entry entry;
	int r = folder_reader_next(listing->reader, &entry);

	listing->reads_left--;
	if (uv_hrtime() >= listing->deadline)
		listing->reads_left = 0;
	if (r == 0) {
		folder_reader_free(listing->reader);
		listing->reader = NULL;
	}
	if (r <= 0)
		return r == -EAGAIN ? 0 : r;
	*ret = (struct list_entry){
		.name = entry.name,
		.is_folder = entry.is_folder,
		.size = entry.size,
		.modified = entry.modified,
		.is_unreadable = entry.is_unreadable,
	};
	return 1;
}

/* Collects one entry; begins to write if none is left or it has no room. */
static int collect_one(struct listing *listing)
{
	struct list_entry entry;
	int r = read_entry(listing, &entry);

	if (r > 0)
		r = list_entries_add(listing->entries, &entry);
	/* It was read, but the collection is full. */
	if (r > 0) {
		listing->extra = entry;
		listing->has_extra = true;
		listing->state = LISTING_WRITING;
		return 0;
	}
	if (r == 0 && !listing->reader) {
		list_entries_sort(listing->entries, &listing->page.query);
		listing->page.sorted = true;
		listing->page.empty = list_entries_count(listing->entries) == 0;
		listing->state = LISTING_WRITING;
	}
	return r;
}

/* --- writing -------------------------------------------------------------- */

static void write_entry(struct listing *listing, const struct list_entry *entry)
{
	listing->format->entry(
	    &listing->out, &listing->page, &listing->totals, entry);
	listing->totals.folders += entry->is_folder;
	listing->totals.files += !entry->is_folder;
	listing->totals.bytes += entry->size;
}

/* Writes the next part, after reading it if it is not collected. */
static int write_one(struct listing *listing)
{
	struct list_entry entry;
	int r = 0;

	if (!listing->has_begun) {
		listing->format->begin(&listing->out, &listing->page);
		listing->has_begun = true;
	} else if (listing->entries &&
	    listing->written < list_entries_count(listing->entries)) {
		write_entry(listing,
		    list_entries_at(listing->entries, listing->written++));
	} else if (listing->entries) {
		list_entries_free(listing->entries);
		listing->entries = NULL;
	} else if (listing->has_extra) {
		write_entry(listing, &listing->extra);
		listing->has_extra = false;
	} else if (listing->reader) {
		r = read_entry(listing, &entry);
		if (r > 0)
			write_entry(listing, &entry);
	} else {
		listing->format->end(
		    &listing->out, &listing->page, &listing->totals);
		listing->state = LISTING_COMPLETE;
	}
	return r < 0 ? r : 0;
}

static int write_some(struct listing *listing)
{
	int r = 0;

	if (!listing->out.text) {
		listing->out.size = listing->has_begun
		    ? LISTING_FILL + LIST_PAGE_ENTRY_MAX
		    : LISTING_OUTPUT_MAX;
		listing->out.text = malloc(listing->out.size);
	}
	if (!listing->out.text)
		return -ENOMEM;
	while (r == 0 && listing->state == LISTING_WRITING &&
	    listing->reads_left > 0 && listing->out.length < LISTING_FILL)
		r = write_one(listing);
	/* A bug: there is room for what the formats write. */
	if (r == 0 && listing->out.overflow)
		return -EOVERFLOW;
	return r;
}

int listing_step(struct listing *listing)
{
	int r = 0;

	listing->reads_left = LISTING_STEP_ENTRIES;
	listing->deadline = uv_hrtime() + LISTING_STEP_NS;
	while (r == 0 && listing->state == LISTING_COLLECTING &&
	    listing->reads_left > 0)
		r = collect_one(listing);
	if (r == 0 && listing->state == LISTING_WRITING)
		r = write_some(listing);
	return r;
}
