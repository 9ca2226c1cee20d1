/* SPDX-License-Identifier: MIT */
/* Compresses an archive bit by bit, with libarchive. */
#ifndef FCGI_APP_ACTIONS_ARCHIVE_COMPRESSOR_H
#define FCGI_APP_ACTIONS_ARCHIVE_COMPRESSOR_H

#include <stddef.h>

#include "fcgi_app/actions/archive/archive_form.h"

struct archive_member;
struct compressor;

/*
 * Returns a compressor for a packed form: of one entry, a tar archive, for
 * tar.gz and tar.zst; of the members for zip-deflate. NULL if out of memory.
 */
struct compressor *compressor_new(enum archive_form form);

/* At any time. NULL is allowed. */
void compressor_free(struct compressor *compressor);

/*
 * Each takes something in and may put something out, after what
 * compressor_output() has already. They block for as long as compressing takes:
 * for the thread pool, one at a time. Returns 0 or -errno; an error is final.
 */

/* Begins an entry; its bytes, `member->size`, follow. */
int compressor_begin(
    struct compressor *compressor, const struct archive_member *member);

int compressor_add(
    struct compressor *compressor, const void *data, size_t length);

/* Ends the archive after the last entry. */
int compressor_finish(struct compressor *compressor);

/* Returns what was put out since compressor_clear(). */
const void *compressor_output(
    const struct compressor *compressor, size_t *ret_length);

void compressor_clear(struct compressor *compressor);

#endif
