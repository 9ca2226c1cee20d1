/* SPDX-License-Identifier: MIT */
/* A source that is made of parts of other sources, one after another. */
#ifndef COMMON_STREAM_SOURCE_SEQUENCE_H
#define COMMON_STREAM_SOURCE_SEQUENCE_H

#include <stddef.h>
#include <stdint.h>

struct source;

/*
 * Returns a source with part `index`, which the sequence then owns, or NULL if
 * out of memory. The part's bytes begin at *ret_offset (0 before the call) in
 * it and must all be within its size; it must not be one that forgets. Called
 * when the part is first read, and again if it is read after its source was
 * closed.
 */
typedef struct source *source_sequence_open_fn(
    void *context, size_t index, uint64_t *ret_offset);

struct source_sequence_parts {
	size_t count;
	/* Of each part, in bytes; one of length 0 is never opened. */
	const uint64_t *lengths;
	source_sequence_open_fn *open;
	/* Called when the sequence is closed, unless NULL. */
	void (*release)(void *context);
	void *context;
};

/*
 * Returns a source of the parts in order; their lengths are copied. As with
 * other sources one read is in flight at a time, and it may be asked for with
 * one chunk lent, not more. A read ends where its part does.
 *
 * A part's source is closed when the sequence is used again after reading has
 * gone on in another part and nothing of it is lent any more: no more than
 * two are open at once.
 *
 * A read fails with the -errno of the part's source, or with -ENOMEM if that
 * can't be opened. Returns NULL if out of memory (errno ENOMEM), or if the
 * lengths make more than UINT64_MAX bytes (errno EOVERFLOW); `release` is not
 * called then.
 */
struct source *source_sequence_new(const struct source_sequence_parts *parts);

#endif
