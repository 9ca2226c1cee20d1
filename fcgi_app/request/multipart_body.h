/* SPDX-License-Identifier: MIT */
/* The body of a 206 with several ranges (RFC 9110, 14.6). */
#ifndef FCGI_APP_REQUEST_MULTIPART_BODY_H
#define FCGI_APP_REQUEST_MULTIPART_BODY_H

struct multipart;
struct source_maker;
struct source;

/*
 * Returns a source of the parts of `multipart` with their delimiters, each made
 * when it is its turn. Takes `bytes` over and copies the rest; returns NULL if
 * out of memory, and `bytes` are still the caller's.
 */
struct source *multipart_body_new(
    const struct multipart *multipart, const struct source_maker *bytes);

#endif
