/* SPDX-License-Identifier: MIT */
/*
 * A source of known bytes that can be short, late or failing. It fails the test
 * if it is closed inside a call of its own.
 */
#ifndef TESTS_UNIT_SUPPORT_MOCK_SOURCE_H
#define TESTS_UNIT_SUPPORT_MOCK_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/stream/source.h"

#define MOCK_CHUNK_MAX 65536

struct mock_source {
	struct source source;
	/* Answer a read only when mock_source_complete() is called. */
	bool late;
	/* Lend at most so many bytes at a time; 0: as asked for. */
	size_t most;
	/* Where it ends if its size is SOURCE_SIZE_UNKNOWN, or if it `lies`. */
	uint64_t end;
	bool lies;
	/* Reads at or behind this offset fail with `error`. */
	uint64_t fail_at;
	int error;
	/* Called when it is closed, and may free it; NULL: nobody minds. */
	void (*closed)(struct mock_source *mock);

	/* What happened. */
	unsigned int reads;
	unsigned int cancels;
	unsigned int lent;
	unsigned int most_lent;
	size_t longest_read;
	uint64_t bytes_read;
	unsigned int ahead; /* it may read ahead so many chunks, up to … */
	uint64_t ahead_end;
	/* One of its functions, or its `done`, is running. */
	bool in_call;
	/* The read in flight. */
	bool in_flight;
	uint64_t offset;
	size_t length;
};

/* `size` bytes, whose values are mock_source_byte() of their offsets. */
void mock_source_init(struct mock_source *mock, uint64_t size);

unsigned char mock_source_byte(uint64_t offset);

/* Answers the read in flight. */
void mock_source_complete(struct mock_source *mock);

#endif
