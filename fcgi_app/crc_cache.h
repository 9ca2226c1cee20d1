/* SPDX-License-Identifier: MIT */
/* CRC-32 of files that were read already: a worker's memory of them. */
#ifndef FCGI_APP_CRC_CACHE_H
#define FCGI_APP_CRC_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct crc_cache;
struct member;

/* Files that are remembered; about 40 bytes each, 5 MiB in all. */
#define CRC_CACHE_MAX 131072

/*
 * Remembers up to `most` files, those that were used last. NULL: out of
 * memory.
 */
struct crc_cache *crc_cache_new(size_t most);

/* NULL is allowed. */
void crc_cache_free(struct crc_cache *cache);

/*
 * Finds the CRC-32 of a file, which must still have the device, inode, size and
 * both times that it had.
 */
bool crc_cache_find(
    struct crc_cache *cache, const struct member *member, uint32_t *ret_crc);

void crc_cache_add(
    struct crc_cache *cache, const struct member *member, uint32_t crc);

#endif
