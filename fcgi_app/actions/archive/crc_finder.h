/* SPDX-License-Identifier: MIT */
/* Finds out the CRC-32 of an archive's members, as cheaply as can be. */
#ifndef FCGI_APP_ACTIONS_ARCHIVE_CRC_FINDER_H
#define FCGI_APP_ACTIONS_ARCHIVE_CRC_FINDER_H

#include <stddef.h>

struct archive;
struct crc_finder;

/* Gets 0, or the -errno of a file that could not be read. */
typedef void crc_finder_done_fn(void *context, int error);

/*
 * Begins to find those of the members from `first` up to `end`, which is more,
 * of a zip archive, which it holds: then archive_find_crc() knows them. What
 * the worker does not remember is looked for in the attribute that `fcgi-stream
 * digest` stores; what that does not tell is read. `done` is called from the
 * loop, never from inside this call. Returns NULL if out of memory.
 */
struct crc_finder *crc_finder_start(struct archive *archive, size_t first,
    size_t end, crc_finder_done_fn *done, void *context);

/* `done` will not be called. What was read is not lost: see crc_cache.h. */
void crc_finder_cancel(struct crc_finder *finder);

#endif
