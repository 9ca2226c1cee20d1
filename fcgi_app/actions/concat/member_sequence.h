/* SPDX-License-Identifier: MIT */
/* The bytes of members, one after another, as one representation has them. */
#ifndef FCGI_APP_ACTIONS_CONCAT_MEMBER_SEQUENCE_H
#define FCGI_APP_ACTIONS_CONCAT_MEMBER_SEQUENCE_H

#include <stdint.h>

#include "common/stream/source.h"

struct member_folder;
struct member_sequence;
struct members;

/* The largest size of all, in bytes: that of an off_t. */
#define MEMBER_SEQUENCE_SIZE_MAX ((uint64_t)INT64_MAX)

/*
 * Makes a sequence, with one reference for the caller, of regular files that
 * were found, with a tag, in `folder`, of which it takes a reference; takes
 * `members` over. Returns 0; -EOVERFLOW: they are larger than
 * MEMBER_SEQUENCE_SIZE_MAX; -ENOBUFS: their memory budget has no room for a
 * source of them; or -ENOMEM. After an error they stay the caller's.
 */
int member_sequence_new(struct member_folder *folder, struct members *members,
    struct member_sequence **ret);

/* NULL is allowed. */
void member_sequence_unref(struct member_sequence *sequence);

/* Returns the size of all, in bytes. */
uint64_t member_sequence_size(const struct member_sequence *sequence);

/* Returns the members' entity tag, which lives as long as the sequence. */
const char *member_sequence_etag(const struct member_sequence *sequence);

/*
 * Returns a maker of sources of all bytes, which holds a reference until it is
 * released.
 */
struct source_maker member_sequence_maker(struct member_sequence *sequence);

/* Returns the name of the member whose source failed last, or NULL. */
const char *member_sequence_failed(const struct member_sequence *sequence);

#endif
