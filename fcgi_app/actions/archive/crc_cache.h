/* SPDX-License-Identifier: MIT */
/* CRC-32 of files that were read already: a worker's memory of them. */
#ifndef FCGI_APP_ACTIONS_ARCHIVE_CRC_CACHE_H
#define FCGI_APP_ACTIONS_ARCHIVE_CRC_CACHE_H

#include <stddef.h>

#include "fcgi_app/actions/archive/crc_state.h"

struct crc_cache;
struct member;

/* Files that are remembered: 6 MiB, touched as they are used. */
#define CRC_CACHE_MAX 131072

/*
 * Returns a cache of up to `most` files, those that were used last. NULL if out
 * of memory.
 */
struct crc_cache *crc_cache_new(size_t most);

/* NULL is allowed. */
void crc_cache_free(struct crc_cache *cache);

/*
 * Returns what is known of a file in this state (file_identity.h): another one
 * may have the same size and time, but not the same bytes. After a chmod(1) or
 * ln(1) it is read again.
 */
struct crc_state crc_cache_find(
    struct crc_cache *cache, const struct member *member);

/*
 * Remembers a state, unless it is fresh or one that got further is known. Of
 * two that got as far the newer one counts: there are ways to change a file
 * that leave its times as they are (mmap(2), NOTES).
 */
void crc_cache_add(struct crc_cache *cache, const struct member *member,
    const struct crc_state *state);

#endif
