/* SPDX-License-Identifier: MIT */
/* Parameters of a request, for tests of what reads them. */
#ifndef TESTS_UNIT_SUPPORT_MAKE_PARAMS_H
#define TESTS_UNIT_SUPPORT_MAKE_PARAMS_H

struct fcgi_params;

#define MAKE_PARAMS_VALUE_MAX 2048

/*
 * Parameters of these names and values, in turn, with a NULL after the last;
 * each name shorter than 128 bytes, each value of at most
 * MAKE_PARAMS_VALUE_MAX, all together shorter than 60 KiB. The caller frees
 * them with fcgi_params_free().
 */
struct fcgi_params *make_params(const char *const *names_and_values);

#endif
