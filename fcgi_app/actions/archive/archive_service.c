/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "fcgi_app/actions/archive/archive_service.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>

#include "fcgi_app/actions/archive/crc_cache.h"
#include "fcgi_app/request/services.h"
#include "fcgi_app/request/stream_action.h"
#include "fcgi_app/setup/options.h"

static int open_service(const struct services *services, void **ret_service)
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
	service->loop = services->loop;
	service->memory = services->member_memory;
	memory_budget_init(
	    &service->compressing, services->options->member_memory / 2);
	turnstile_init(&service->compressions, ARCHIVE_COMPRESSIONS_MAX);
	turnstile_init(&service->searches, ARCHIVE_SEARCHES_MAX);
	turnstile_init(&service->crc_lookups, ARCHIVE_CRC_LOOKUPS_MAX);
	crc_readers_init(&service->crc_readers, services->loop,
	    services->options->chunk_size);
	*ret_service = service;
	return 0;
}

static void close_service(void *state)
{
	struct archive_service *service = state;

	crc_readers_close(&service->crc_readers);
}

static void free_service(void *state)
{
	struct archive_service *service = state;

	if (!service)
		return;
	crc_cache_free(service->crcs);
	free(service);
}

const struct stream_action_state archive_service_ops = {
	.open = open_service,
	.close = close_service,
	.free = free_service,
};
