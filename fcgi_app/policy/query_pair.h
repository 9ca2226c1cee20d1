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
	const char *value; /* NULL without a "=" */
	size_t value_length;
};

/*
 * Takes the next pair from *cursor, a query or the rest of one, or NULL.
 * Returns false at the end. A pair may be empty, as between two "&"; a query
 * that ends in "&" has no empty pair there.
 */
bool query_pair_next(const char **cursor, struct query_pair *ret);

/*
 * Returns whether the pair's name, with its escapes decoded, is this one
 * (WHATWG URL, 5.1). A "+" does not stand for a blank: no name of ours has one.
 */
bool query_pair_is(const struct query_pair *pair, const char *name);

#endif
