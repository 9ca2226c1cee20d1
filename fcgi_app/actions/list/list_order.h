/* SPDX-License-Identifier: MIT */
/* What a listing shows of a file or folder, and in which order. */
#ifndef FCGI_APP_ACTIONS_LIST_LIST_ORDER_H
#define FCGI_APP_ACTIONS_LIST_LIST_ORDER_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

struct list_query;

struct list_entry {
	const char *name; /* any bytes, up to NAME_MAX of them */
	bool is_folder;
	uint64_t size; /* bytes; 0 of a folder */
	time_t modified;
	bool is_unreadable; /* a request for it would be 403 */
};

/*
 * Compares as the query asks: folders before files whatever the order is;
 * equals by name, in natural order. Returns a number below, at or above 0.
 */
int list_order_compare(const struct list_query *query,
    const struct list_entry *a, const struct list_entry *b);

#endif
