/* SPDX-License-Identifier: MIT */
/* Entries of a folder, collected to be sorted, in a limited memory. */
#ifndef FCGI_APP_ACTIONS_LIST_LIST_ENTRIES_H
#define FCGI_APP_ACTIONS_LIST_LIST_ENTRIES_H

#include <stddef.h>

#include "fcgi_app/actions/list/list_order.h"

struct list_entries;
struct memory_budget;

/* A folder with more entries is not sorted. */
#define LIST_ENTRIES_MAX 10000

/*
 * A collection has so many bytes of its own, or a few slow clients would keep
 * all others from having even small folders sorted.
 */
#define LIST_ENTRIES_OWN 65536

/* Returns an empty collection; *budget outlives it. NULL if out of memory. */
struct list_entries *list_entries_new(struct memory_budget *budget);

/* Gives the memory back to the budget; NULL is allowed. */
void list_entries_free(struct list_entries *entries);

/*
 * Adds a copy. Returns 0; or, with nothing added, 1 if it is full, with
 * LIST_ENTRIES_MAX or as the budget is used up, or -ENOMEM.
 */
int list_entries_add(
    struct list_entries *entries, const struct list_entry *entry);

/* Orders them by list_order_compare(). */
void list_entries_sort(
    struct list_entries *entries, const struct list_query *query);

size_t list_entries_count(const struct list_entries *entries);

/* Returns the one at `index`, below the count; it stays the collection's. */
const struct list_entry *list_entries_at(
    const struct list_entries *entries, size_t index);

#endif
