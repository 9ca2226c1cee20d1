/* SPDX-License-Identifier: MIT */
/* Which known name was meant by one that was mistyped. */
#ifndef FCGI_APP_POLICY_NEAREST_NAME_H
#define FCGI_APP_POLICY_NEAREST_NAME_H

#include <stddef.h>

/* Names that are longer are near to none. */
#define NEAREST_NAME_MAX 48

/* A search; embedded by value. */
struct nearest_name {
	const char *name; /* the nearest so far; NULL: none is near enough */

	/* nearest_name.c's own. */
	const char *text;
	size_t length;
	size_t most; /* the distance of that, or that is allowed */
};

/*
 * Looks for what was meant by the `length` bytes at `text`, which stay the
 * caller's. Near enough is a name that is made of it by one change, or by one
 * for each three of its bytes.
 */
void nearest_name_init(
    struct nearest_name *nearest, const char *text, size_t length);

/* Takes one of the known names into account; of equally near ones the first. */
void nearest_name_offer(struct nearest_name *nearest, const char *name);

#endif
