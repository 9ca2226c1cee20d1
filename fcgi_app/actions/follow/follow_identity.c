/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "fcgi_app/actions/follow/follow_identity.h"

#include <fcntl.h>
#include <sodium.h>

#define NS_PER_S UINT64_C(1000000000)

_Static_assert(crypto_shorthash_BYTES == sizeof(uint64_t), "one word");

/*
 * One way, so that it tells no number of the system; with a fixed key, so that
 * an id outlives a restart, and is the same for all who serve a network file
 * system.
 */
static uint64_t hash(const uint64_t known[3])
{
	static const unsigned char key[crypto_shorthash_KEYBYTES] =
	    "fcgi-stream id";
	uint64_t number;

	crypto_shorthash((unsigned char *)&number, (const unsigned char *)known,
	    3 * sizeof(known[0]), key);
	return number;
}

static uint64_t nanoseconds(const struct statx_timestamp *time)
{
	return (uint64_t)time->tv_sec * NS_PER_S + time->tv_nsec;
}

struct follow_identity follow_identity_of(
    int fd, const char *name, bool is_local)
{
	unsigned int mask = STATX_TYPE | STATX_INO | STATX_MTIME;
	struct follow_identity identity = { 0 };
	uint64_t known[3] = { 0 };
	struct statx stx;

	if (is_local)
		mask |= STATX_BTIME;
	if (statx(fd, name,
		AT_EMPTY_PATH | AT_STATX_DONT_SYNC | AT_SYMLINK_NOFOLLOW |
		    AT_NO_AUTOMOUNT,
		mask, &stx) < 0)
		return identity;
	identity.mode = stx.stx_mode;
	known[0] = stx.stx_ino;
	identity.age = identity.modified = nanoseconds(&stx.stx_mtime);
	if (is_local && (stx.stx_mask & STATX_BTIME)) {
		known[1] = (uint64_t)stx.stx_btime.tv_sec;
		known[2] = stx.stx_btime.tv_nsec;
		identity.has_birth = true;
		identity.age = nanoseconds(&stx.stx_btime);
	}
	identity.number = hash(known);
	return identity;
}
