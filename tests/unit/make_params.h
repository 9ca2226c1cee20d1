/* SPDX-License-Identifier: MIT */
/* Parameters of a request, for tests of what reads them. */
#ifndef TESTS_UNIT_MAKE_PARAMS_H
#define TESTS_UNIT_MAKE_PARAMS_H

struct fcgi_params;

/*
 * Parameters of these names and values, in turn, with a NULL behind the last;
 * each shorter than 128 bytes, all together than 60 KiB. The caller frees them
 * with fcgi_params_free().
 */
struct fcgi_params *make_params(const char *const *names_and_values);

#endif
