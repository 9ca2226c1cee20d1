/* SPDX-License-Identifier: MIT */
/*
 * The records of a tar archive: ustar, with a pax header in front of a member
 * that needs one (POSIX.1-2017, pax, "pax Interchange Format"). Names keep
 * their bytes. Owner and group are 0 and have no name.
 */
#ifndef FCGI_APP_ACTIONS_ARCHIVE_TAR_FORMAT_H
#define FCGI_APP_ACTIONS_ARCHIVE_TAR_FORMAT_H

#include <stddef.h>
#include <stdint.h>

#include "fcgi_app/actions/archive/archive_member.h"

#define TAR_BLOCK 512

/* Room for any tar_format_header(). */
#define TAR_HEADER_MAX (4 * TAR_BLOCK + ARCHIVE_NAME_MAX)

/* Blocks of zeros at the end. */
#define TAR_END_LENGTH (2 * TAR_BLOCK)

/*
 * Writes the blocks in front of a member's bytes to `ret`, TAR_HEADER_MAX
 * bytes, and returns their length.
 *
 * A name goes into ustar's two fields if it fits there and is ASCII; else, in
 * UTF-8, into a pax header. One that is no UTF-8 stays in ustar's fields or, if
 * it is too long for these, goes into a pax header, marked as binary
 * (hdrcharset=BINARY). A size of 8 GiB or more, and a time before 1970 or after
 * the year 2242, are in a pax header as well.
 */
size_t tar_format_header(
    const struct archive_member *entry, unsigned char *ret);

/* Returns how many zeros follow a member of `size` bytes. */
size_t tar_format_padding(uint64_t size);

#endif
