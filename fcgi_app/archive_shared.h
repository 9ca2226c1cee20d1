/* SPDX-License-Identifier: MIT */
/* What all archives of a worker share. */
#ifndef FCGI_APP_ARCHIVE_SHARED_H
#define FCGI_APP_ARCHIVE_SHARED_H

#include <stddef.h>

#include "fcgi_app/crc_fill.h"

struct crc_cache;

/* One for each worker. Embedded by value. */
struct archive_shared {
	struct crc_cache *crcs;
	struct crc_fills fills;
	unsigned int packed; /* archives that are being compressed */
};

/* Reads are of at most `chunk_size` bytes. 0 or -ENOMEM. */
int archive_shared_init(
    struct archive_shared *shared, uv_loop_t *loop, size_t chunk_size);

/* No archive is left: closes what the loop knows of. */
void archive_shared_close(struct archive_shared *shared);

/* The loop has ended, or never began. Harmless if it is all zero. */
void archive_shared_fini(struct archive_shared *shared);

#endif
