/* SPDX-License-Identifier: MIT */
/* The Want-Repr-Digest field (RFC 9530, 4). */
#ifndef FCGI_APP_POLICY_WANT_DIGEST_H
#define FCGI_APP_POLICY_WANT_DIGEST_H

#include <stdbool.h>

/*
 * Returns whether the client asks for sha-256: with a weight of 1 to 10. 0
 * means "not acceptable"; any other value says nothing.
 *
 * field: a dictionary of algorithms and weights (RFC 9651, 3.2), NULL if
 * absent. A malformed one is ignored as a whole.
 */
bool want_digest_sha256(const char *field);

#endif
