/* SPDX-License-Identifier: MIT */
/* Reading FastCGI name-value pairs (specification, 3.4). */
#ifndef COMMON_FCGI_FCGI_PAIRS_H
#define COMMON_FCGI_FCGI_PAIRS_H

#include <stddef.h>
#include <stdint.h>

/* The bytes left to read; set up by the caller. */
struct fcgi_pair_reader {
	const uint8_t *next;
	size_t left;
};

/* A pair; both parts point into the reader's bytes and end without a NUL. */
struct fcgi_pair {
	const uint8_t *name;
	size_t name_length;
	const uint8_t *value;
	size_t value_length;
};

/*
 * Reads the next pair. Returns 1; 0: all bytes are read; -EPROTO: the lengths
 * reach past the end.
 */
int fcgi_pair_next(struct fcgi_pair_reader *reader, struct fcgi_pair *ret_pair);

#endif
