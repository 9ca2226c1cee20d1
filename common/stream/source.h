/* SPDX-License-Identifier: MIT */
/*
 * Where a stream's bytes come from.
 *
 * Nothing is closed inside your call: a source is never closed while one of its
 * own functions, or its `done`, is running. Its reader notes in there that it
 * is over, and closes it from the loop, or at the end of the loop's turn
 * (common/turn_end.h).
 */
#ifndef COMMON_STREAM_SOURCE_H
#define COMMON_STREAM_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct source;

/* The size of a source whose end shows when it is reached. */
#define SOURCE_SIZE_UNKNOWN UINT64_MAX

/* Bytes that a source lends until they are released. */
struct source_chunk {
	const unsigned char *data;
	size_t length;
	/*
	 * The bytes were not in memory when they were asked for, even if
	 * read-ahead has fetched them since.
	 */
	bool fetched;
	/*
	 * Set by the reader before it is released: the first so many will not
	 * be asked for again. 0: nobody knows yet.
	 */
	size_t taken;
	/* The source's own. */
	void *owner;
};

/*
 * The result of a read that was in flight: `error` is 0 and the chunk is
 * lent, or a negative errno without a chunk. Called from the loop. It may
 * give chunks back, but not read on.
 */
typedef void source_done_fn(
    void *context, int error, const struct source_chunk *chunk);

struct source_ops {
	/*
	 * Asks for up to `length` (not 0) bytes at `offset`. Returns 1: they
	 * are lent in `ret_chunk`, at least one of them; 0: `done` will be
	 * called, not from inside this call; or -errno. -ENODATA: the source
	 * ended before its size; -ESTALE: it was changed meanwhile. A source of
	 * unknown size ends with a chunk of no bytes. Never to be called past
	 * the source's size, nor with a read in flight; but other chunks may
	 * still be lent.
	 */
	int (*read)(struct source *source, uint64_t offset, size_t length,
	    struct source_chunk *ret_chunk);
	/* Forgets the read in flight: `done` is not called. */
	void (*cancel)(struct source *source);
	/*
	 * Sets how many chunks, each as long as the read before it, the source
	 * may read ahead of every read, none beyond `end`. It does less while
	 * memory is scarce. 0: what it holds is given back. May be NULL.
	 */
	void (*read_ahead)(
	    struct source *source, unsigned int chunks, uint64_t end);
	/* Gives a chunk back. */
	void (*release)(struct source *source, struct source_chunk *chunk);
	/* Frees the source; nothing is in flight or lent. */
	void (*close)(struct source *source);
};

/* The part that every source embeds first. */
struct source {
	const struct source_ops *ops;
	/* Bytes in all, or SOURCE_SIZE_UNKNOWN. */
	uint64_t size;
	/*
	 * What lies before the offset of a read can't be read again: so nothing
	 * is read ahead of what the writer has taken.
	 */
	bool forgets;
	/* Set by the reader. */
	source_done_fn *done;
	void *context;
};

/* Makes sources of the same bytes, several at a time. */
struct source_maker {
	/*
	 * Returns a source of all the bytes, which the caller closes, or NULL
	 * if out of memory.
	 */
	struct source *(*open)(void *context);
	/* Optional. See source_maker_release(). */
	void (*release)(void *context);
	void *context;
};

/*
 * No more sources are wanted; those that are open stay so. To be called once.
 */
static inline void source_maker_release(const struct source_maker *maker)
{
	if (maker->release)
		maker->release(maker->context);
}

#endif
