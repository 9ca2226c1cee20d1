/* SPDX-License-Identifier: MIT */
/* Entity tags of files (RFC 9110, 8.8.3). */
#ifndef FCGI_APP_POLICY_ETAG_H
#define FCGI_APP_POLICY_ETAG_H

#include <stdbool.h>
#include <stdint.h>

#include "common/file/file_version.h"

/* A buffer of this size holds any tag of etag_format() and its NUL. */
#define ETAG_MAX 72

/* What the tag of a file is made of: --etag. */
enum etag_kind {
	ETAG_MTIME,
	ETAG_DIGEST, /* that is stored with it; ETAG_MTIME without one */
};

/* A content. Nothing in it tells of the machine that it lies on. */
struct etag_content {
	struct file_version version;
	const uint8_t *sha256; /* borrowed; NULL: not known */
};

/*
 * Writes the strong entity tag of a file, quotes included: the time and size of
 * its version, or its digest if that is known. Copies on other machines that
 * have the same of these have the same tag.
 *
 * coding: the content coding of a representation that has one (RFC 9110, 8.4),
 * up to four letters, else NULL. It may have the size and time of the one
 * without, and must not have its tag.
 */
void etag_format(
    const struct etag_content *content, const char *coding, char ret[ETAG_MAX]);

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
	/*
	 * Either may be, and the one in the list may be that of a front which
	 * has compressed ours, and has changed it from "x" to "x-gzip".
	 */
	ETAG_WEAK,
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
