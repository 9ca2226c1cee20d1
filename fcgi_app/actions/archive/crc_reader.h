/* SPDX-License-Identifier: MIT */
/*
 * Makes the CRC-32 of files by reading them, for a part of an archive that is
 * asked for without the files in front of it, or needs it first. Some readers
 * of a worker run at a time, and give their turn to others after some chunks;
 * together they read a few chunks in each turn of the loop. So they hold up
 * neither each other nor anything else.
 */
#ifndef FCGI_APP_ACTIONS_ARCHIVE_CRC_READER_H
#define FCGI_APP_ACTIONS_ARCHIVE_CRC_READER_H

#include <stddef.h>
#include <sys/queue.h>
#include <uv.h>

#include "common/turnstile.h"
#include "fcgi_app/actions/archive/crc_state.h"

struct crc_reader;
struct member;
struct source;

/* Readers that run at a time, each with up to three chunks in memory. */
#define CRC_READERS_MAX 8

/* One for each loop. Embedded by value. */
struct crc_readers {
	struct turnstile turns;
	TAILQ_HEAD(, crc_reader) ready;   /* can read on */
	TAILQ_HEAD(, crc_reader) leaders; /* one for each file */
	uv_idle_t turn;                   /* active while one is ready */
	size_t chunk_size;
};

/* Reads are of at most `chunk_size` bytes. */
void crc_readers_init(
    struct crc_readers *readers, uv_loop_t *loop, size_t chunk_size);

/* When no reader runs; the loop must run on for the handle to close. */
void crc_readers_close(struct crc_readers *readers);

/*
 * Gets 0, or -errno of a read, and in any case what is known. Called from the
 * loop, when the source is closed and the reader gone.
 */
typedef void crc_reader_done_fn(
    void *context, int error, const struct crc_state *state);

/* What is to be read. */
struct crc_reader_params {
	/*
	 * Which file it is, until `done`: of those with the same device, inode,
	 * size and times one is read, the others wait for it. When that one
	 * ends, fails or is cancelled, the next goes on from there.
	 */
	struct member *file;
	/* Of known size, which is more than state.offset. */
	struct source *source;
	/* What is known already. */
	struct crc_state state;
	crc_reader_done_fn *done;
	void *context;
};

/*
 * Begins to read the rest of the source, and closes it at the end; `done` is
 * called from the loop, never from inside this call. Returns NULL if out of
 * memory; the source stays the caller's.
 */
struct crc_reader *crc_reader_start(
    struct crc_readers *readers, const struct crc_reader_params *params);

/* `done` will not be called, the source is closed. Returns what is known. */
struct crc_state crc_reader_cancel(struct crc_reader *reader);

#endif
