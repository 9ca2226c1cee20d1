/* SPDX-License-Identifier: MIT */
/* The bytes of an opened regular file, as often as they are wanted. */
#ifndef FCGI_APP_REQUEST_OPENED_FILE_H
#define FCGI_APP_REQUEST_OPENED_FILE_H

#include <stdbool.h>

#include "common/stream/source.h"
#include "fcgi_app/policy/digest_record.h"
#include "fcgi_app/policy/etag.h"

struct file_open_result;
struct services;

/*
 * Takes the descriptor of `result`, a regular file, over; the maker's sources
 * are as source_file_new() makes them. Returns 0; or -ENOMEM, and the
 * descriptor is still the caller's.
 */
int opened_file_init(const struct services *services,
    const struct file_open_result *result, struct source_maker *ret);

/*
 * Returns the attribute that opened_file_etag() needs, for `attribute` of a
 * struct file_open_target; NULL if it needs none: --etag.
 */
const char *opened_file_attribute(const struct services *services);

/*
 * Returns true, and the digest that was read with the file, if it is of this
 * content.
 */
bool opened_file_digest(
    const struct file_open_result *result, uint8_t ret[DIGEST_SHA256_SIZE]);

/*
 * Writes the strong entity tag of a file (RFC 9110, 8.8.3), of the kind that
 * --etag wants. `coding` as for etag_format().
 */
void opened_file_etag(const struct services *services,
    const struct file_open_result *result, const char *coding,
    char ret[ETAG_MAX]);

#endif
