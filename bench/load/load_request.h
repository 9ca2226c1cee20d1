/* SPDX-License-Identifier: MIT */
/* Requests, made once and sent many times. */
#ifndef BENCH_LOAD_LOAD_REQUEST_H
#define BENCH_LOAD_LOAD_REQUEST_H

#include <stddef.h>

struct load_options;

/* The bytes of one request. */
struct load_request {
	char *bytes;
	size_t length;
};

/*
 * Makes the GET of `path` that the options ask for: FastCGI records, with the
 * parameters of a usual fastcgi_params file, or an HTTP head. Freed by
 * load_request_fini. -E2BIG: more than one PARAMS record holds; -ENOMEM.
 */
int load_request_init(struct load_request *ret_request,
    const struct load_options *options, const char *path);

void load_request_fini(struct load_request *request);

#endif
