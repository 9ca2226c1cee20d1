/* SPDX-License-Identifier: MIT */
/*
 * Which content codings to look for, of those a file may lie ready in
 * (RFC 9110, 8.4.1, 12.4.2, 12.5.3).
 */
#ifndef FCGI_APP_POLICY_CONTENT_CODING_H
#define FCGI_APP_POLICY_CONTENT_CODING_H

#include <stdbool.h>
#include <stddef.h>

/* How many there are: br (RFC 7932), zstd (RFC 8878), gzip (RFC 1952). */
#define CONTENT_CODINGS_MAX 3

struct content_coding {
	const char *name;   /* for Content-Encoding: "br", "zstd", "gzip" */
	const char *suffix; /* of the file's name: ".br", ".zst", ".gz" */
};

/* Returns whether a word of STREAM_PRECOMPRESSED is one of them. */
bool content_coding_is_known(const char *word, size_t length);

/*
 * Chooses the codings that the client prefers to none, the best first.
 *
 * offered: the operator's STREAM_PRECOMPRESSED, names separated by blanks or
 * commas, upper or lower case; unknown ones and repeated ones are ignored.
 * accept: the Accept-Encoding field. NULL for none: then nothing is chosen,
 * although any coding would be allowed, because a client that is silent may
 * well understand none.
 *
 * The order is by weight, and among equals the operator's. A coding of weight
 * 0 or less than that of "identity" is left out. What the field does not list
 * has the weight of "*"; without that a coding has none, and identity loses to
 * every coding that has one. An element that is malformed is ignored by
 * itself; of one that is repeated the first counts.
 *
 * Returns how many were stored in ret; they are constants.
 */
size_t content_coding_choose(const char *offered, const char *accept,
    const struct content_coding *ret[CONTENT_CODINGS_MAX]);

#endif
