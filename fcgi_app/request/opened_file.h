/* SPDX-License-Identifier: MIT */
/* The bytes of an opened regular file, as often as they are wanted. */
#ifndef FCGI_APP_REQUEST_OPENED_FILE_H
#define FCGI_APP_REQUEST_OPENED_FILE_H

#include <sys/stat.h>

#include "common/stream/source.h"
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

/* Writes the strong entity tag of a file (RFC 9110, 8.8.3). */
void opened_file_etag(const struct stat *st, char ret[ETAG_MAX]);

#endif
