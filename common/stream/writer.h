/* SPDX-License-Identifier: MIT */
/* Where a stream's bytes go. */
#ifndef COMMON_STREAM_WRITER_H
#define COMMON_STREAM_WRITER_H

#include <stdbool.h>
#include <stddef.h>

struct writer;

/* Bytes can be taken again, or the writer broke, as the next call tells. */
typedef void writer_ready_fn(void *context);

/* Where -errno is returned, the peer is gone or the writer broke for good. */
struct writer_ops {
	/*
	 * Returns how many bytes an offer may bring now so that nearly all will
	 * be taken. Meaningful while the writer is ready.
	 */
	size_t (*room)(struct writer *writer);
	/* Returns whether nearly all of an offer of `length` would be taken. */
	bool (*has_room)(struct writer *writer, size_t length);
	/* Takes all bytes. Returns 0 or -errno; -ENOBUFS: over its bound. */
	int (*put)(struct writer *writer, const void *data, size_t length);
	/*
	 * Takes `*ret_taken` bytes; the rest is to be offered again, from
	 * there, when the writer is ready. Returns 0 or -errno.
	 */
	int (*offer)(struct writer *writer, const void *data, size_t length,
	    size_t *ret_taken);
	/* Sends what waits for company: more will not come at once. */
	void (*flush)(struct writer *writer);
	/*
	 * Ends the response in good order. Returns 0: everything has left;
	 * -EAGAIN: call it again when the writer is ready; or -errno.
	 */
	int (*end)(struct writer *writer);
	/* Switches the calls of `ready` on or off; off at the start. */
	void (*want)(struct writer *writer, bool on);
};

/* The part that every writer embeds first. */
struct writer {
	const struct writer_ops *ops;
	/* Set by the one who writes; called from the loop only. */
	writer_ready_fn *ready;
	void *context;
};

#endif
