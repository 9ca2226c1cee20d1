/* SPDX-License-Identifier: MIT */
/* Weights in the fields of content negotiation (RFC 9110, 12.4.2). */
#ifndef FCGI_APP_POLICY_QVALUE_H
#define FCGI_APP_POLICY_QVALUE_H

#include <stdbool.h>

/* The weight 1; others are in thousandths, which is all they can say. */
#define QVALUE_ONE 1000

/*
 * Reads qvalue = ("0" ["." *3DIGIT]) / ("1" ["." *3"0"]) and moves *cursor
 * past it. Returns false if it is malformed or above 1.
 */
bool qvalue_take(const char **cursor, int *ret);

#endif
