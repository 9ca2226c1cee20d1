/* SPDX-License-Identifier: MIT */
/* A source that is passed on as it is, and whose CRC-32 is made on the way. */
#ifndef FCGI_APP_ACTIONS_ARCHIVE_CRC_SOURCE_H
#define FCGI_APP_ACTIONS_ARCHIVE_CRC_SOURCE_H

#include <stddef.h>

#include "fcgi_app/actions/archive/crc_state.h"

struct source;

/* The callback that learns how far summing is. */
struct crc_watch {
	/*
	 * Called once all bytes have been read, from inside the read or before
	 * its `done`; or with what is known when the source is closed earlier.
	 * Returns 0; or -errno, which that read fails with.
	 */
	int (*note)(
	    void *context, size_t member, const struct crc_state *state);
	void *context;
	size_t member;
};

/*
 * Returns a source that takes over `bytes`, a source of known size; or NULL if
 * out of memory, then `bytes` stays the caller's. Summing goes on from `state`,
 * unless the first read is from the start: then all is summed anew. Bytes read
 * twice are summed once. Summing stops at the first gap.
 */
struct source *crc_source_new(struct source *bytes,
    const struct crc_state *state, const struct crc_watch *watch);

#endif
