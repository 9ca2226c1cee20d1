/* SPDX-License-Identifier: MIT */
/* Where a stream's bytes go. */
#ifndef COMMON_STREAM_WRITER_H
#define COMMON_STREAM_WRITER_H

#include <stdbool.h>
#include <stddef.h>

struct writer;

/* Bytes can be taken again, or the writer broke: the next call tells. */
typedef void writer_ready_fn(void *context);

/* All calls return 0 or more, or -errno once the peer is gone; it is final. */
struct writer_ops {
	/*
	 * How many bytes an offer may bring now so that nearly all will be
	 * taken. Meaningful while the writer is ready.
	 */
	size_t (*room)(struct writer *writer);
	/* Whether nearly all of an offer of `length` would be taken now. */
	bool (*has_room)(struct writer *writer, size_t length);
	/* Takes all bytes, within the writer's bound (-ENOBUFS). */
	int (*put)(struct writer *writer, const void *data, size_t length);
	/*
	 * Takes `*ret_taken` bytes; the rest is to be offered again, from
	 * there, when the writer is ready.
	 */
	int (*offer)(struct writer *writer, const void *data, size_t length,
	    size_t *ret_taken);
	/* Sends what waits for company: more will not come at once. */
	void (*flush)(struct writer *writer);
	/*
	 * Ends the response in good order. 0: everything has left; -EAGAIN:
	 * call it again when the writer is ready.
	 */
	int (*end)(struct writer *writer);
	/* Whether `ready` is to be called; off at the start. */
	void (*want)(struct writer *writer, bool on);
};

/* The part that every writer embeds first. */
struct writer {
	const struct writer_ops *ops;
	/* Set by whoever writes; called from the loop only. */
	writer_ready_fn *ready;
	void *context;
};

#endif
