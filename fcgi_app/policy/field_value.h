/* SPDX-License-Identifier: MIT */
/* What may stand in a header field (RFC 9110, 5.5, 5.6.2). */
#ifndef FCGI_APP_POLICY_FIELD_VALUE_H
#define FCGI_APP_POLICY_FIELD_VALUE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Whether a text can be a field's value: it has no control character but the
 * tab, so it can neither end the line nor begin another field.
 */
bool field_value_is_valid(const char *value);

/* How many bytes at the start of a text are a token; 0: there is none. */
size_t field_value_token_length(const char *text);

#endif
