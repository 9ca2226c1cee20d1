/* SPDX-License-Identifier: MIT */
/* A source that is passed on as it is, and whose CRC-32 is made on the way. */
#ifndef FCGI_APP_ACTIONS_ARCHIVE_CRC_SOURCE_H
#define FCGI_APP_ACTIONS_ARCHIVE_CRC_SOURCE_H

#include <stddef.h>

#include "fcgi_app/actions/archive/crc_state.h"

struct source;

/* The callback that learns how far it is. */
struct crc_watch {
	/*
	 * Called when all bytes went by, from inside the read or before its
	 * `done`; and with what is known when the source is closed earlier.
	 */
	void (*note)(
	    void *context, size_t member, const struct crc_state *state);
	void *context;
	size_t member;
};

/*
 * Takes `bytes`, a source of known size, over, of which `state` is known
 * already; that counts unless the first read is from the start: then all is
 * summed anew. Bytes read twice are summed once. Summing stops at the first
 * gap. Returns NULL if out of memory; `bytes` stay the caller's.
 */
struct source *crc_source_new(struct source *bytes,
    const struct crc_state *state, const struct crc_watch *watch);

#endif
