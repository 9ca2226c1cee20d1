/* SPDX-License-Identifier: MIT */
/* What all archives of a worker share. */
#ifndef FCGI_APP_ACTIONS_ARCHIVE_ARCHIVE_SERVICE_H
#define FCGI_APP_ACTIONS_ARCHIVE_ARCHIVE_SERVICE_H

#include <stddef.h>

#include "common/turnstile.h"
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
	struct turnstile searches;
};

/*
 * Returns 0, -ENOMEM, or -ENOSYS: libsodium finds no source of random numbers.
 * Files are read `chunk_size` bytes at a time.
 */
int archive_service_new(
    uv_loop_t *loop, size_t chunk_size, struct archive_service **ret_service);

/* No archive is left: closes the handles of the loop. */
void archive_service_close(struct archive_service *service);

/* The loop has ended. NULL is allowed. */
void archive_service_free(struct archive_service *service);

#endif
