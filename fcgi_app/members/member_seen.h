/* SPDX-License-Identifier: MIT */
/* What a look at a file tells that may become a member. */
#ifndef FCGI_APP_MEMBERS_MEMBER_SEEN_H
#define FCGI_APP_MEMBERS_MEMBER_SEEN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "fcgi_app/policy/digest_record.h"

struct member_seen {
	struct stat stat;
	bool has_digest; /* of this content (fcgi-stream digest) */
	uint8_t sha256[DIGEST_SHA256_SIZE];
};

/*
 * Looks at the entry `name` of the folder `fd`, itself if it is a link; or at
 * `fd` if that is NULL. Either may be open with O_PATH. `digests`: also at the
 * digest that is stored with it. Returns 0 or -errno. Blocks: for the thread
 * pool.
 */
int member_see(int fd, const char *name, bool digests, struct member_seen *ret);

#endif
