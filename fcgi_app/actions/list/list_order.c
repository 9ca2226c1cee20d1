/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "fcgi_app/actions/list/list_order.h"

#include "fcgi_app/actions/list/list_query.h"
#include "fcgi_app/actions/list/natural_order.h"

static int compare_key(
    enum list_sort sort, const struct list_entry *a, const struct list_entry *b)
{
	switch (sort) {
	case LIST_SORT_NAME:
		return natural_order(a->name, b->name);
	case LIST_SORT_SIZE:
		return (a->size > b->size) - (a->size < b->size);
	case LIST_SORT_TIME:
		return (a->modified > b->modified) -
		    (a->modified < b->modified);
	}
	return 0;
}

int list_order_compare(const struct list_query *query,
    const struct list_entry *a, const struct list_entry *b)
{
	int r;

	if (a->is_folder != b->is_folder)
		return a->is_folder ? -1 : 1;
	r = compare_key(query->sort, a, b);
	if (r != 0)
		return query->descending ? (r < 0) - (r > 0) : r;
	return natural_order(a->name, b->name);
}
