/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "fcgi_app/archive_shared.h"

#include <errno.h>

#include "fcgi_app/crc_cache.h"

int archive_shared_init(
    struct archive_shared *shared, uv_loop_t *loop, size_t chunk_size)
{
	shared->packed = 0;
	shared->crcs = crc_cache_new(CRC_CACHE_MAX);
	if (!shared->crcs)
		return -ENOMEM;
	crc_fills_init(&shared->fills, loop, chunk_size);
	return 0;
}

void archive_shared_close(struct archive_shared *shared)
{
	crc_fills_close(&shared->fills);
}

void archive_shared_fini(struct archive_shared *shared)
{
	crc_cache_free(shared->crcs);
	shared->crcs = NULL;
}
