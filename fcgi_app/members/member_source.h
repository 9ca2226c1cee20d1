/* SPDX-License-Identifier: MIT */
/* A source of a member's bytes, whose file is opened when they are wanted. */
#ifndef FCGI_APP_MEMBERS_MEMBER_SOURCE_H
#define FCGI_APP_MEMBERS_MEMBER_SOURCE_H

#include <stddef.h>
#include <sys/types.h>

struct member;
struct member_folder;
struct request_place;
struct services;
struct source;

/*
 * The folder that members were found in, counted: member sources hold it too.
 * `place` is copied. NULL: out of memory.
 */
struct member_folder *member_folder_new(
    struct services *services, const struct request_place *place);

/* One more reference, for one more member_folder_unref(). */
struct member_folder *member_folder_ref(struct member_folder *folder);

/* NULL is allowed. */
void member_folder_unref(struct member_folder *folder);

/*
 * The member whose source has failed last, for the log; it must still be there
 * to be looked at. NULL: none has.
 */
const struct member *member_folder_failed(const struct member_folder *folder);

/*
 * All bytes of `member` (`member->file.size`, not 0), which must outlive the
 * source. The file is opened, at once or in the thread pool, by the first read,
 * and must still have the content it had when it was found, by size and time of
 * modification, and by digests where both are known: else reading fails with
 * -ESTALE, or the -errno of the open. If it is another file by now, or has
 * another mode, owner or name, that is only noted in the member. From then on
 * it is watched as source_file_new() says. It is closed with the source. NULL:
 * out of memory.
 */
struct source *member_source_new(
    struct member_folder *folder, struct member *member);

/*
 * Reads an extended attribute (xattr(7)) of a member's file, if nothing of that
 * has changed since it was found, to `ret`, `size` bytes. Returns its length;
 * -ESTALE, or another -errno. Blocks: for the thread pool.
 */
ssize_t member_source_attribute(const struct member_folder *folder,
    const struct member *member, const char *name, char *ret, size_t size);

#endif
