/* SPDX-License-Identifier: MIT */
/* Parameters of the operator's that do nothing, since they are mistyped. */
#ifndef FCGI_APP_REQUEST_PARAM_CHECK_H
#define FCGI_APP_REQUEST_PARAM_CHECK_H

#include <stdint.h>

struct request;

/* So many mistakes are told; more may come of a value that is a variable. */
#define PARAM_CHECK_MAX 64

/* What was told already. One for each worker; all zero: nothing. */
struct param_check {
	unsigned int count;
	uint64_t told[PARAM_CHECK_MAX]; /* hashes */
};

/*
 * Logs a warning for each STREAM_ parameter of a name that is not known, with
 * the nearest that is, and for each word of a value that means nothing: in a
 * worker's life once for each.
 */
void param_check(struct param_check *check, const struct request *request);

#endif
