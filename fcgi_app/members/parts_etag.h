/* SPDX-License-Identifier: MIT */
/* Entity tags of what is made of several files (RFC 9110, 8.8.3). */
#ifndef FCGI_APP_MEMBERS_PARTS_ETAG_H
#define FCGI_APP_MEMBERS_PARTS_ETAG_H

#include <sodium.h>

#include "fcgi_app/policy/etag.h"

/* Embedded by value; for its own functions only. */
struct parts_etag {
	crypto_hash_sha256_state hash;
};

/*
 * Begin a tag; add all that the bytes are made of, in order; then format it.
 * On all machines the same makes the same tag.
 */
void parts_etag_init(struct parts_etag *tag);

/* Adds a file: its name, and what etag_format() makes its own tag of. */
void parts_etag_add(struct parts_etag *tag, const char *name,
    const struct etag_content *content);

/* Adds what else the bytes depend on. */
void parts_etag_add_number(struct parts_etag *tag, uint64_t number);

/*
 * Write the strong tag, quotes included, and end the tag.
 *
 * It is the SHA-256 of all that was added, so it changes with the order of the
 * files, with their number, and with each of them. The names are part of it
 * because a list may come to name other files that have the same times.
 */
void parts_etag_format(struct parts_etag *tag, char ret[ETAG_MAX]);

#endif
