/* SPDX-License-Identifier: MIT */
/* The order that people expect of names with numbers in them. */
#ifndef FCGI_APP_ACTIONS_LIST_NATURAL_ORDER_H
#define FCGI_APP_ACTIONS_LIST_NATURAL_ORDER_H

/*
 * Compares two names: a run of digits by its value, however long it is, and
 * before any other character; the rest byte by byte, with the letters A to Z as
 * a to z. What differs in neither way, as "a1", "A1" and "a01", is ordered by
 * its bytes, so that no two different names are equal. Any bytes will do; the
 * locale doesn't matter.
 *
 * Returns a number below, at or above 0, as strcmp(3).
 */
int natural_order(const char *a, const char *b);

#endif
