/* SPDX-License-Identifier: MIT */
/* A source of an archive that is compressed as it is sent. */
#ifndef FCGI_APP_ACTIONS_ARCHIVE_ARCHIVE_COMPRESSED_H
#define FCGI_APP_ACTIONS_ARCHIVE_ARCHIVE_COMPRESSED_H

struct archive;
struct source;

/*
 * Returns a source of all of an archive whose form is packed, of unknown size;
 * it holds the archive. It is compressed in the thread pool, bit by bit, as far
 * as the reader takes it. Returns NULL with errno ENOMEM; or ENOBUFS: what it
 * takes is not left of the memory for that.
 */
struct source *archive_compressed_open(struct archive *archive);

#endif
