/* SPDX-License-Identifier: MIT */
/* The parameters of a request, parsed by libfcgi without ever blocking. */
#ifndef COMMON_FCGI_FCGI_PARAMS_H
#define COMMON_FCGI_FCGI_PARAMS_H

#include <stddef.h>
#include <stdint.h>

/* A request's name-value pairs, in one block of memory. */
struct fcgi_params;
/* Parses heads one after the other; each worker has one. */
struct fcgi_params_parser;

/*
 * Makes a parser with a file in memory of its own. Returns 0; -EINVAL: libfcgi
 * does not start; -ENOMEM; or an error of memfd_create(2) or fcntl(2).
 */
int fcgi_params_parser_new(struct fcgi_params_parser **ret_parser);

/* NULL is allowed. */
void fcgi_params_parser_free(struct fcgi_params_parser *parser);

/*
 * Parses `length` bytes of a whole head: from BEGIN_REQUEST to the empty
 * PARAMS record, as fcgi_scan cuts it out (without padding), at most
 * FCGI_SCAN_HEAD_MAX. The caller owns the result. Returns 0; -EPROTO: malformed
 * pairs; -ENOMEM; or an error of the file. The parser stays usable.
 */
int fcgi_params_parse(struct fcgi_params_parser *parser, const uint8_t *head,
    size_t length, struct fcgi_params **ret_params);

/* Returns an empty set, which the caller owns, or NULL if out of memory. */
struct fcgi_params *fcgi_params_none(void);

/* NULL is allowed. */
void fcgi_params_free(struct fcgi_params *params);

/*
 * Returns the value of `name`, or NULL if it was not sent; it lives as long as
 * `params`. If it was sent several times the last value counts, so that a line
 * after an include in a front's configuration wins.
 */
const char *fcgi_params_get(const struct fcgi_params *params, const char *name);

/*
 * Returns the next name, from place *at on, that begins with `prefix`, with its
 * length; "=" and the value, which ends with a NUL, follow it. NULL: there are
 * no more. *at is 0 before the first call.
 */
const char *fcgi_params_next(const struct fcgi_params *params,
    const char *prefix, size_t *at, size_t *ret_length);

#endif
