/* SPDX-License-Identifier: MIT */
/* What all archives of a worker share. */
#ifndef FCGI_APP_ACTIONS_ARCHIVE_ARCHIVE_SERVICE_H
#define FCGI_APP_ACTIONS_ARCHIVE_ARCHIVE_SERVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>

#include "fcgi_app/actions/archive/crc_reader.h"

struct crc_cache;

/* Searches for members that run at once; the others wait. */
#define ARCHIVE_SEARCHES_MAX 16

/* One for each worker. */
struct archive_service {
	uv_loop_t *loop;
	struct crc_cache *crcs;
	struct crc_readers fills;
	unsigned int packed; /* archives that are being compressed */
	unsigned int searches;
	TAILQ_HEAD(, archive_turn) waiting; /* for their search */
	bool beginning;                     /* some of these */
};

enum archive_turn_state {
	ARCHIVE_TURN_NONE,
	ARCHIVE_TURN_WAITS,
	ARCHIVE_TURN_IS_ON,
};

/* A search that wants to run. Embedded by value; zeroed before. */
struct archive_turn {
	/* Called once, from inside archive_service_enter() or later. */
	void (*begin)(void *context);
	void *context;
	enum archive_turn_state state;
	TAILQ_ENTRY(archive_turn) link;
};

/*
 * Returns 0, -ENOMEM, or -ENOSYS: libsodium finds no source of random numbers.
 * Files are read `chunk_size` bytes at a time.
 */
int archive_service_new(
    uv_loop_t *loop, size_t chunk_size, struct archive_service **ret_service);

/* Begins as soon as there are fewer than ARCHIVE_SEARCHES_MAX. */
void archive_service_enter(
    struct archive_service *service, struct archive_turn *turn);

/* It has ended, or need not begin any more. Harmless in any state. */
void archive_service_leave(
    struct archive_service *service, struct archive_turn *turn);

/* No archive is left: closes the handles of the loop. */
void archive_service_close(struct archive_service *service);

/* The loop has ended. NULL is allowed. */
void archive_service_free(struct archive_service *service);

#endif
