/* SPDX-License-Identifier: MIT */
/* Which bytes may come into the page cache; pure. */
#ifndef COMMON_READER_READ_POLICY_H
#define COMMON_READER_READ_POLICY_H

#include <stdbool.h>
#include <stdint.h>

/* The operator's wish. */
enum page_cache_mode {
	PAGE_CACHE_AUTO,   /* files that are wanted more than once */
	PAGE_CACHE_ALWAYS, /* all that is read */
	PAGE_CACHE_NEVER,  /* nothing: reads go past it */
};

/* What is known of a file; sizes in bytes. */
struct read_facts {
	enum page_cache_mode mode;
	unsigned int uses; /* requests that read it: now, or remembered */
	uint64_t size;     /* 0: not known */
	uint64_t chunk;    /* the most that one read takes */
};

/* How bytes that are not in memory are to be read. */
enum read_way {
	READ_WAY_DIRECT, /* past the page cache */
	READ_WAY_CACHE,  /* through it, so that others find them there */
};

/*
 * A large file that one client reads once would only push out what others
 * need. One that is wanted again would be read from the disk each time. A
 * small one is cheaper to read than to open for direct I/O, and pushes out
 * little.
 */
enum read_way read_policy_way(const struct read_facts *facts);

/*
 * Whether a file of `size` bytes in `blocks` of 512 (stat(2), st_blocks) has
 * holes. To read a hole, even with RWF_NOWAIT, makes the kernel fill pages with
 * zeros at once, so that is not for the loop. One that is read in one go is
 * not worth the care.
 */
bool read_policy_is_sparse(uint64_t size, uint64_t blocks, uint64_t chunk);

#endif
