/* SPDX-License-Identifier: MIT */
/* What all archives of a worker share. */
#ifndef FCGI_APP_ACTIONS_ARCHIVE_ARCHIVE_SERVICE_H
#define FCGI_APP_ACTIONS_ARCHIVE_ARCHIVE_SERVICE_H

#include <uv.h>

#include "common/memory_budget.h"
#include "common/turnstile.h"
#include "fcgi_app/actions/archive/crc_reader.h"

struct crc_cache;
struct stream_action_state;

/* Searches for members that run at once; the others wait. */
#define ARCHIVE_SEARCHES_MAX 16

/* Jobs that ask for stored CRC-32 at once, of crc_finder.c; others wait. */
#define ARCHIVE_CRC_LOOKUPS_MAX 4

/* Jobs that compress at once; the others wait. */
#define ARCHIVE_COMPRESSIONS_MAX 8

/* One for each worker. */
struct archive_service {
	uv_loop_t *loop;
	struct crc_cache *crcs;
	struct crc_readers crc_readers;
	/*
	 * What compressors take comes out of --member-memory, but no more than
	 * a share of it: clients that take their archives slowly hold up those
	 * that want compressed ones, not all.
	 */
	struct memory_budget *memory;
	struct memory_budget compressing;
	struct turnstile compressions; /* jobs */
	struct turnstile searches;
	struct turnstile crc_lookups; /* in attributes */
};

/*
 * Make, close and free a worker's archive_service. `open` also fails with
 * -ENOSYS: libsodium finds no source of random numbers.
 */
extern const struct stream_action_state archive_service_ops;

#endif
