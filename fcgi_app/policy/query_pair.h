/* SPDX-License-Identifier: MIT */
/* The pairs of a query, as they stand (WHATWG URL, 5.1, without decoding). */
#ifndef FCGI_APP_POLICY_QUERY_PAIR_H
#define FCGI_APP_POLICY_QUERY_PAIR_H

#include <stdbool.h>
#include <stddef.h>

/* Stretches of the query: they are not terminated. */
struct query_pair {
	const char *name;
	size_t name_length;
	const char *value; /* NULL: there is no "=" */
	size_t value_length;
};

/*
 * Takes the next pair from *cursor, a query or the rest of one; NULL is none.
 * False: there is no more. A pair may be empty, as between two "&"; behind the
 * last "&" there is none.
 */
bool query_pair_next(const char **cursor, struct query_pair *ret);

/*
 * Whether the pair's name is this one when its escapes are decoded (WHATWG URL,
 * 5.1); a "+" is none of ours.
 */
bool query_pair_is(const struct query_pair *pair, const char *name);

#endif
