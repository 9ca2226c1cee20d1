/* SPDX-License-Identifier: MIT */
/* Looks for the last lines of a file, bit by bit. */
#ifndef FCGI_APP_ACTIONS_FOLLOW_FOLLOW_SEARCH_H
#define FCGI_APP_ACTIONS_FOLLOW_FOLLOW_SEARCH_H

#include <stdbool.h>
#include <stdint.h>

struct follow_cursor;
struct follow_search;

/* Takes what last_lines_init() does. Returns NULL if out of memory. */
struct follow_search *follow_search_new(
    uint64_t size, uint64_t lines, bool whole);

/* NULL is allowed. */
void follow_search_free(struct follow_search *search);

/*
 * Searches one block. Returns 1 when the cursor stands where the lines begin,
 * or at the start of a file that was cut meanwhile; 0 if the cursor's `wake`
 * will be called; or -errno.
 */
int follow_search_step(
    struct follow_search *search, struct follow_cursor *cursor);

#endif
