/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "fcgi_app/actions/archive/archive_service.h"

#include <errno.h>
#include <sodium.h>

#include "fcgi_app/actions/archive/crc_cache.h"

int archive_service_init(
    struct archive_service *shared, uv_loop_t *loop, size_t chunk_size)
{
	shared->packed = 0;
	shared->searches = 0;
	shared->beginning = false;
	TAILQ_INIT(&shared->waiting);
	/* Before the threads of the pool use it (libsodium, "Usage"). */
	if (sodium_init() < 0)
		return -ENOSYS;
	shared->crcs = crc_cache_new(CRC_CACHE_MAX);
	if (!shared->crcs)
		return -ENOMEM;
	crc_readers_init(&shared->fills, loop, chunk_size);
	return 0;
}

void archive_service_close(struct archive_service *shared)
{
	crc_readers_close(&shared->fills);
}

void archive_service_fini(struct archive_service *shared)
{
	crc_cache_free(shared->crcs);
	shared->crcs = NULL;
}

/* --- searches ------------------------------------------------------------- */

static void begin(struct archive_service *shared, struct archive_turn *turn)
{
	turn->state = ARCHIVE_TURN_IS_ON;
	shared->searches++;
	turn->begin(turn->context);
}

void archive_service_enter(
    struct archive_service *shared, struct archive_turn *turn)
{
	if (shared->searches < ARCHIVE_SEARCHES_MAX) {
		begin(shared, turn);
		return;
	}
	turn->state = ARCHIVE_TURN_WAITS;
	TAILQ_INSERT_TAIL(&shared->waiting, turn, link);
}

/* One that fails at once leaves in there: that must not nest. */
static void begin_waiting(struct archive_service *shared)
{
	struct archive_turn *next;

	if (shared->beginning)
		return;
	shared->beginning = true;
	while (shared->searches < ARCHIVE_SEARCHES_MAX) {
		next = TAILQ_FIRST(&shared->waiting);
		if (!next)
			break;
		TAILQ_REMOVE(&shared->waiting, next, link);
		begin(shared, next);
	}
	shared->beginning = false;
}

void archive_service_leave(
    struct archive_service *shared, struct archive_turn *turn)
{
	enum archive_turn_state state = turn->state;

	turn->state = ARCHIVE_TURN_NONE;
	switch (state) {
	case ARCHIVE_TURN_NONE:
		break;
	case ARCHIVE_TURN_WAITS:
		TAILQ_REMOVE(&shared->waiting, turn, link);
		break;
	case ARCHIVE_TURN_IS_ON:
		shared->searches--;
		begin_waiting(shared);
		break;
	}
}
