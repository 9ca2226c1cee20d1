/* SPDX-License-Identifier: MIT */
/* What names a file that is followed, also after a rename. */
#ifndef FCGI_APP_ACTIONS_FOLLOW_FOLLOW_IDENTITY_H
#define FCGI_APP_ACTIONS_FOLLOW_FOLLOW_IDENTITY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

/* As much as its file system tells. */
struct follow_identity {
	/*
	 * A hash of inode and time of birth (statx(2)), so that a later file
	 * with the same inode is another one, and changes of the metadata or a
	 * rename don't matter. 0: nothing can be told.
	 */
	uint64_t number;
	bool has_birth;
	/* Nanoseconds since 1970: of its birth, or of the last change. */
	uint64_t age;
	uint64_t modified; /* the same, of its last change */
	mode_t mode;
};

/*
 * Returns the identity of what stands at `name` in the folder `fd`, without
 * following a link; of `fd` itself for "". Of a file that is not `is_local`,
 * what is remembered is told. Doesn't block for `fd` itself.
 */
struct follow_identity follow_identity_of(
    int fd, const char *name, bool is_local);

#endif
