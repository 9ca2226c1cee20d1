/* SPDX-License-Identifier: MIT */
/* Sources of an archive's bytes. */
#ifndef FCGI_APP_ACTIONS_ARCHIVE_ARCHIVE_SOURCE_H
#define FCGI_APP_ACTIONS_ARCHIVE_ARCHIVE_SOURCE_H

#include <stddef.h>

#include "common/stream/source.h"

struct archive;

/*
 * Returns a maker of sources of all its bytes, which holds the archive. A file
 * whose CRC-32 is needed but unknown is read first, which fails as reading a
 * member does.
 */
struct source_maker archive_source_maker(struct archive *archive);

/*
 * Returns a source of all bytes of a member, which must not be empty; the
 * archive must outlive it. NULL: out of memory.
 */
struct source *archive_source_member(struct archive *archive, size_t member);

#endif
