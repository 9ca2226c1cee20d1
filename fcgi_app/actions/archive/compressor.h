/* SPDX-License-Identifier: MIT */
/* Compresses an archive bit by bit, with libarchive. */
#ifndef FCGI_APP_ACTIONS_ARCHIVE_COMPRESSOR_H
#define FCGI_APP_ACTIONS_ARCHIVE_COMPRESSOR_H

#include <stddef.h>

#include "fcgi_app/actions/archive/archive_form.h"

struct archive_member;
struct packer;

/*
 * For a packed form: of tar.gz and tar.zst what is packed is a tar archive, as
 * one entry; of zip-deflate the members. NULL: out of memory.
 */
struct packer *packer_new(enum archive_form form);

/* Also in mid-way. NULL is allowed. */
void packer_free(struct packer *packer);

/*
 * Each takes something in and may put something out, which stands behind what
 * packer_output() has already. They block for as long as compressing takes: for
 * the thread pool, one at a time. 0 or -errno; an error is final.
 */

/* Begins an entry; its bytes, `member->size`, follow. */
int packer_begin(struct packer *packer, const struct archive_member *member);

int packer_add(struct packer *packer, const void *data, size_t length);

/* There is no further entry. */
int packer_finish(struct packer *packer);

/* What was put out since packer_clear(). */
const void *packer_output(const struct packer *packer, size_t *ret_length);

void packer_clear(struct packer *packer);

#endif
