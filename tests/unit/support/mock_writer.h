/* SPDX-License-Identifier: MIT */
/* A writer that collects bytes, and can be full or broken. */
#ifndef TESTS_UNIT_SUPPORT_MOCK_WRITER_H
#define TESTS_UNIT_SUPPORT_MOCK_WRITER_H

#include <stdbool.h>
#include <stddef.h>

#include "common/stream/writer.h"

struct mock_writer {
	struct writer writer;
	/* What room() answers. */
	size_t room;
	/* Bytes that are taken until it is full; mock_writer_drain() refills.
	 */
	size_t credit;
	/* has_room() is answered by `credit`; else it is always false. */
	bool tells_room;
	/* Fails with `error` once so many bytes were taken. */
	size_t break_at;
	int error;
	/* end() answers -EAGAIN so often. */
	unsigned int slow_ends;

	/* What happened. */
	bool wanted;
	bool ended;
	unsigned int wants;
	unsigned int flushes;
	unsigned int offers;
	size_t length;
	size_t capacity;
	unsigned char *bytes;
};

/* An endlessly fast writer. */
void mock_writer_init(struct mock_writer *mock);

void mock_writer_fini(struct mock_writer *mock);

/* Makes room for `credit` more bytes and, if wanted, says so. */
void mock_writer_drain(struct mock_writer *mock, size_t credit);

#endif
