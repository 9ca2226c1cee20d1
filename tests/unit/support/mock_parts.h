/* SPDX-License-Identifier: MIT */
/*
 * A source_sequence of parts with known bytes. They come from memory, or from
 * mock sources that are on the heap and freed when they are closed, so that a
 * use of a closed one is noticed.
 */
#ifndef TESTS_UNIT_SUPPORT_MOCK_PARTS_H
#define TESTS_UNIT_SUPPORT_MOCK_PARTS_H

#include <stddef.h>
#include <stdint.h>

#include "common/stream/source.h"

struct mock_source;
struct mock_part;

/*
 * Parts of 0, 5, 1, 0, 0, 300 and 0 bytes: empty ones at both ends and twice
 * in a row, a single byte, and one that takes several reads. Those with bytes
 * are the parts 1, 2 and 5, at the offsets 0, 5 and 6.
 */
#define MOCK_PARTS 7
#define MOCK_PARTS_SIZE 306

enum mock_parts_kind {
	MOCK_PARTS_READY,
	MOCK_PARTS_LATE,
	MOCK_PARTS_MEMORY,
};

#define MOCK_PARTS_KINDS 3

struct mock_parts {
	struct source *source; /* the sequence */
	/* Of parts that are opened from now on; the last two if mocks. */
	enum mock_parts_kind kind;
	size_t most;
	int error;
	/* The part that can't be opened. */
	size_t no_memory;

	/* The open mocks. */
	struct mock_part *parts[MOCK_PARTS];
	unsigned int open;
	unsigned int most_open;
	unsigned int opened;
	unsigned int released;
	/* The last result of a read in flight. */
	unsigned int done;
	int result;
	struct source_chunk chunk;
};

/* Makes the sequence; its results go to mock_parts_done(). */
void mock_parts_init(struct mock_parts *parts, enum mock_parts_kind kind);

/* Checks that all that was opened is closed, and the sequence too. */
void mock_parts_check_closed(const struct mock_parts *parts);

/* Closes the sequence, and checks that. */
void mock_parts_fini(struct mock_parts *parts);

/* Notes a result; a source_done_fn. */
void mock_parts_done(
    void *context, int error, const struct source_chunk *chunk);

/* A source_sequence_open_fn for these parts. */
struct source *mock_parts_open(
    void *context, size_t index, uint64_t *ret_offset);

/* Counts in `released`. */
void mock_parts_release(void *context);

/* The mock of a part, NULL if that is not open. */
struct mock_source *mock_parts_get(const struct mock_parts *parts, size_t i);

/* The mock with a read in flight, or NULL. */
struct mock_source *mock_parts_busy(const struct mock_parts *parts);

/* The sequence's byte at `offset`. */
unsigned char mock_parts_byte(uint64_t offset);

/* Checks that a chunk has the sequence's bytes from `offset` on. */
void mock_parts_check_chunk(const struct source_chunk *chunk, uint64_t offset);

/* How many bytes its part has from `offset` on. */
size_t mock_parts_left(uint64_t offset);

#endif
