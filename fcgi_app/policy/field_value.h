/* SPDX-License-Identifier: MIT */
/* The grammar of header fields: values and tokens (RFC 9110, 5.5, 5.6.2). */
#ifndef FCGI_APP_POLICY_FIELD_VALUE_H
#define FCGI_APP_POLICY_FIELD_VALUE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Returns whether a text can be a field's value: it has no control character
 * but the tab, so it can neither end the line nor begin another field.
 */
bool field_value_is_valid(const char *value);

/* Returns the length of the token that a text starts with, or 0. */
size_t field_value_token_length(const char *text);

#endif
