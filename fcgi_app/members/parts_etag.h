/* SPDX-License-Identifier: MIT */
/* Entity tags of what is made of several files (RFC 9110, 8.8.3). */
#ifndef FCGI_APP_MEMBERS_PARTS_ETAG_H
#define FCGI_APP_MEMBERS_PARTS_ETAG_H

#include <sodium.h>

#include "common/file/file_identity.h"
#include "fcgi_app/policy/etag.h"

/* Embedded by value; for its own functions only. */
struct parts_etag {
	crypto_hash_sha256_state hash;
};

/* Begin a tag; parts_etag_add() for each file in order, then format it. */
void parts_etag_init(struct parts_etag *tag);

void parts_etag_add(struct parts_etag *tag, const struct file_identity *file);

/*
 * Write the strong tag, quotes included, and end the tag.
 *
 * It is the SHA-256 of all that was added, so it changes with the order of the
 * files, with their number, and with each of them as etag_format() does; the
 * device is part of it because files of several may be in one list.
 */
void parts_etag_format(struct parts_etag *tag, char ret[ETAG_MAX]);

#endif
