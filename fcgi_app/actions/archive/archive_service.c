/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "fcgi_app/actions/archive/archive_service.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>

#include "fcgi_app/actions/archive/crc_cache.h"

int archive_service_new(
    uv_loop_t *loop, size_t chunk_size, struct archive_service **ret_service)
{
	struct archive_service *service;

	/* Before the threads of the pool use it (libsodium, "Usage"). */
	if (sodium_init() < 0)
		return -ENOSYS;
	service = calloc(1, sizeof(*service));
	if (!service)
		return -ENOMEM;
	service->crcs = crc_cache_new(CRC_CACHE_MAX);
	if (!service->crcs) {
		free(service);
		return -ENOMEM;
	}
	service->loop = loop;
	turnstile_init(&service->searches, ARCHIVE_SEARCHES_MAX);
	crc_readers_init(&service->fills, loop, chunk_size);
	*ret_service = service;
	return 0;
}

void archive_service_close(struct archive_service *service)
{
	crc_readers_close(&service->fills);
}

void archive_service_free(struct archive_service *service)
{
	if (!service)
		return;
	crc_cache_free(service->crcs);
	free(service);
}
