/* SPDX-License-Identifier: MIT */
/* A source of what stands between the contents of an archive's files. */
#ifndef FCGI_APP_ACTIONS_ARCHIVE_ARCHIVE_SOURCE_H
#define FCGI_APP_ACTIONS_ARCHIVE_ARCHIVE_SOURCE_H

#include <stddef.h>

struct archive;
struct source;

/* The longest chunk that it lends, in bytes. */
#define ARCHIVE_MADE_MAX ((size_t)64 << 10)

/*
 * Made piece `index` of the archive's layout. A file whose CRC-32 it needs and
 * nobody knows is read for it first; that fails as reading a member does. The
 * archive must outlive it. NULL: out of memory.
 */
struct source *archive_source_new(struct archive *archive, size_t index);

#endif
