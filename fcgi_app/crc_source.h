/* SPDX-License-Identifier: MIT */
/* A source that is passed on as it is, and whose CRC-32 is made on the way. */
#ifndef FCGI_APP_CRC_SOURCE_H
#define FCGI_APP_CRC_SOURCE_H

#include <stddef.h>
#include <stdint.h>

struct source;

/* Whom to tell when all bytes went by, from the first one on. */
struct crc_watch {
	/* Called once, from inside the read or before its `done`. */
	void (*known)(void *context, size_t member, uint32_t crc);
	void *context;
	size_t member;
};

/*
 * Takes `bytes`, a source of known size, over. Bytes that are read again count
 * once; those that are never read leave the CRC-32 unknown. NULL: out of
 * memory, `bytes` stay the caller's.
 */
struct source *crc_source_new(
    struct source *bytes, const struct crc_watch *watch);

#endif
