/* SPDX-License-Identifier: MIT */
/* Entity tags of files (RFC 9110, 8.8.3). */
#ifndef FCGI_APP_POLICY_ETAG_H
#define FCGI_APP_POLICY_ETAG_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/* A buffer of this size holds any tag of etag_format() and its NUL. */
#define ETAG_MAX 70

/* What statx(2) says of a file, as far as it goes into the tag. */
struct etag_input {
	uint64_t inode;
	uint64_t size;
	struct timespec mtime;
	struct timespec ctime;
};

/*
 * Writes the strong entity tag of a file, quotes included.
 *
 * It changes with each change that the kernel's clock can tell from the one
 * before. The change time is part of it because the modification time can be
 * set back (rsync -t, cp -p), and the inode because of files that are replaced
 * by rename within one tick.
 */
void etag_format(const struct etag_input *input, char ret[ETAG_MAX]);

/*
 * Compares two entity tags by the strong comparison (RFC 9110, 8.8.3.2): both
 * are strong, and equal byte by byte.
 *
 * a, b: one entity tag each, or NULL for none. Blanks after a tag are
 * tolerated. A weak tag, a malformed one and a list equal nothing.
 */
bool etag_strong_equal(const char *a, const char *b);

/* How to compare (RFC 9110, 8.8.3.2). */
enum etag_comparison {
	ETAG_STRONG, /* neither is weak */
	ETAG_WEAK,   /* either may be */
};

/*
 * Returns whether the value of If-Match or If-None-Match (RFC 9110, 13.1.1,
 * 13.1.2) names a tag: "*", which stands for any, or a list with it.
 *
 * etag: a tag as etag_format() writes it. Empty list elements and blanks are
 * tolerated (5.6.1.2); the list counts up to the first thing that is no tag.
 */
bool etag_list_has(
    const char *list, const char *etag, enum etag_comparison comparison);

#endif
