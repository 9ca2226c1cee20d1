/* SPDX-License-Identifier: MIT */
/*
 * Entries and their names lie one after the other in blocks, which are taken
 * out of the budget, as is the table of pointers that is sorted; but only as
 * far as the collection's own bytes are not enough.
 */
#include "config.h"
#include "fcgi_app/actions/list/list_entries.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "common/memory_budget.h"
#include "fcgi_app/actions/list/list_query.h"

/* Most folders are small. */
#define BLOCK_FIRST 4096
#define BLOCK_NEXT 16384
#define TABLE_FIRST 64

/* Returned by list_entries_add(): not an errno, as a disk can give any. */
#define FULL 1

struct block {
	SLIST_ENTRY(block) link;
	size_t size; /* in all */
	size_t used;
	_Alignas(struct list_entry) char bytes[];
};

struct list_entries {
	struct memory_budget *budget;
	size_t own;   /* bytes that are left without asking it */
	size_t taken; /* bytes out of it */
	SLIST_HEAD(, block) blocks;
	struct list_entry **table;
	size_t capacity;
	size_t count;
};

_Static_assert(sizeof(struct block) + sizeof(struct list_entry) + NAME_MAX + 1 <
	BLOCK_FIRST,
    "an entry fits into any block");

/* --- memory --------------------------------------------------------------- */

struct list_entries *list_entries_new(struct memory_budget *budget)
{
	struct list_entries *entries = calloc(1, sizeof(*entries));

	if (!entries)
		return NULL;
	entries->budget = budget;
	entries->own = LIST_ENTRIES_OWN;
	SLIST_INIT(&entries->blocks);
	return entries;
}

void list_entries_free(struct list_entries *entries)
{
	if (!entries)
		return;
	while (!SLIST_EMPTY(&entries->blocks)) {
		struct block *block = SLIST_FIRST(&entries->blocks);

		SLIST_REMOVE_HEAD(&entries->blocks, link);
		free(block);
	}
	memory_budget_give_back(entries->budget, entries->taken);
	free(entries->table);
	free(entries);
}

/* Returns whether there are so many; list_entries_free() gives them back. */
static bool take_bytes(struct list_entries *entries, size_t bytes)
{
	if (entries->own >= bytes) {
		entries->own -= bytes;
		return true;
	}
	if (!memory_budget_take(entries->budget, bytes))
		return false;
	entries->taken += bytes;
	return true;
}

static int add_block(struct list_entries *entries)
{
	size_t size = SLIST_EMPTY(&entries->blocks) ? BLOCK_FIRST : BLOCK_NEXT;
	struct block *block;

	if (!take_bytes(entries, size))
		return FULL;
	block = malloc(size);
	if (!block)
		return -ENOMEM;
	block->size = size;
	block->used = sizeof(*block);
	SLIST_INSERT_HEAD(&entries->blocks, block, link);
	return 0;
}

static int grow_table(struct list_entries *entries)
{
	size_t capacity =
	    entries->capacity > 0 ? 2 * entries->capacity : TABLE_FIRST;
	size_t more = (capacity - entries->capacity) * sizeof(*entries->table);
	struct list_entry **table;

	if (!take_bytes(entries, more))
		return FULL;
	table = reallocarray(entries->table, capacity, sizeof(*table));
	if (!table)
		return -ENOMEM;
	entries->table = table;
	entries->capacity = capacity;
	return 0;
}

/* Sets *ret to room for `size` bytes, which fit into any block. */
static int take_room(
    struct list_entries *entries, size_t size, struct list_entry **ret)
{
	struct block *block = SLIST_FIRST(&entries->blocks);
	int r;

	/* The next one begins aligned. */
	size = (size + _Alignof(struct list_entry) - 1) &
	    ~(_Alignof(struct list_entry) - 1);
	if (!block || block->size - block->used < size) {
		r = add_block(entries);
		if (r != 0)
			return r;
		block = SLIST_FIRST(&entries->blocks);
	}
	*ret = (struct list_entry *)((char *)block + block->used);
	block->used += size;
	return 0;
}

/* --- entries -------------------------------------------------------------- */

int list_entries_add(
    struct list_entries *entries, const struct list_entry *entry)
{
	size_t name_size = strlen(entry->name) + 1;
	struct list_entry *copy;
	int r;

	if (entries->count == LIST_ENTRIES_MAX || name_size > NAME_MAX + 1)
		return FULL;
	if (entries->count == entries->capacity) {
		r = grow_table(entries);
		if (r != 0)
			return r;
	}
	r = take_room(entries, sizeof(*copy) + name_size, &copy);
	if (r != 0)
		return r;
	*copy = *entry;
	copy->name = memcpy(copy + 1, entry->name, name_size);
	entries->table[entries->count++] = copy;
	return 0;
}

static int compare(const void *a, const void *b, void *query)
{
	const struct list_entry *const *x = a;
	const struct list_entry *const *y = b;

	return list_order_compare(query, *x, *y);
}

void list_entries_sort(
    struct list_entries *entries, const struct list_query *query)
{
	struct list_query how = *query;

	if (entries->count > 0)
		qsort_r(entries->table, entries->count, sizeof(*entries->table),
		    compare, &how);
}

size_t list_entries_count(const struct list_entries *entries)
{
	return entries->count;
}

const struct list_entry *list_entries_at(
    const struct list_entries *entries, size_t index)
{
	return entries->table[index];
}
