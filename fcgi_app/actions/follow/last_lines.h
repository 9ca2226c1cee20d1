/* SPDX-License-Identifier: MIT */
/* Where the last lines of a file begin, found by reading backwards; pure. */
#ifndef FCGI_APP_ACTIONS_FOLLOW_LAST_LINES_H
#define FCGI_APP_ACTIONS_FOLLOW_LAST_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How far back is looked at most. */
#define LAST_LINES_BYTES_MAX ((uint64_t)16 << 20)
/* The most bytes in a block. */
#define LAST_LINES_BLOCK 16384

/* Embedded by value; for the functions below only. */
struct last_lines {
	uint64_t wanted; /* newlines */
	uint64_t size;
	uint64_t position; /* the bytes after it have been searched */
	uint64_t lowest;
	uint64_t start;   /* the answer, as far as it is known */
	bool skips_final; /* a newline at the end does not count */
	bool found;
};

/*
 * Prepares to find the last `lines` lines of the first `size` bytes, as tail(1)
 * counts them: what follows the last newline is a line as well. `whole`: for 0
 * lines find the start of such an unfinished line, not the end, so that it is
 * sent whole. Of lines that begin more than LAST_LINES_BYTES_MAX before the end
 * only those after that point are found.
 */
void last_lines_init(
    struct last_lines *search, uint64_t size, uint64_t lines, bool whole);

/*
 * Returns true and the block to search next, 1 to LAST_LINES_BLOCK bytes, or
 * false when the lines are found.
 */
bool last_lines_block(
    const struct last_lines *search, uint64_t *ret_offset, size_t *ret_length);

/* Searches the bytes of that block. */
void last_lines_feed(struct last_lines *search, const void *data);

/* Returns the offset of the first byte of these lines, when it is found. */
uint64_t last_lines_start(const struct last_lines *search);

#endif
