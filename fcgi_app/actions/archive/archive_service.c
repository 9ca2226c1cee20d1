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
	TAILQ_INIT(&service->waiting);
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

/* --- searches ------------------------------------------------------------- */

static void begin(struct archive_service *service, struct archive_turn *turn)
{
	turn->state = ARCHIVE_TURN_IS_ON;
	service->searches++;
	turn->begin(turn->context);
}

void archive_service_enter(
    struct archive_service *service, struct archive_turn *turn)
{
	if (service->searches < ARCHIVE_SEARCHES_MAX) {
		begin(service, turn);
		return;
	}
	turn->state = ARCHIVE_TURN_WAITS;
	TAILQ_INSERT_TAIL(&service->waiting, turn, link);
}

/* One that fails at once leaves in there: that must not nest. */
static void begin_waiting(struct archive_service *service)
{
	struct archive_turn *next;

	if (service->beginning)
		return;
	service->beginning = true;
	while (service->searches < ARCHIVE_SEARCHES_MAX) {
		next = TAILQ_FIRST(&service->waiting);
		if (!next)
			break;
		TAILQ_REMOVE(&service->waiting, next, link);
		begin(service, next);
	}
	service->beginning = false;
}

void archive_service_leave(
    struct archive_service *service, struct archive_turn *turn)
{
	enum archive_turn_state state = turn->state;

	turn->state = ARCHIVE_TURN_NONE;
	switch (state) {
	case ARCHIVE_TURN_NONE:
		break;
	case ARCHIVE_TURN_WAITS:
		TAILQ_REMOVE(&service->waiting, turn, link);
		break;
	case ARCHIVE_TURN_IS_ON:
		service->searches--;
		begin_waiting(service);
		break;
	}
}
