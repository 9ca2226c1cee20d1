/* SPDX-License-Identifier: MIT */
/* Percent-encoding (RFC 3986, 2.1). */
#ifndef FCGI_APP_POLICY_PERCENT_H
#define FCGI_APP_POLICY_PERCENT_H

#include <stdbool.h>
#include <stddef.h>

/* What a byte takes at most. */
#define PERCENT_ENCODED_MAX 3

/* Returns whether text begins with "%" and two hexadecimal digits. */
bool percent_is_escape(const char *text);

/* Returns the byte that an escape, as above, stands for. */
char percent_decode_byte(const char *escape);

/*
 * Writes a byte: as it is if it stands in literal, else as "%" and two upper
 * case digits (RFC 3986, 2.1). A NUL is always written as "%00".
 *
 * literal: the characters that need no escape.
 * ret: PERCENT_ENCODED_MAX bytes; no NUL is added.
 * Returns the number of bytes written.
 */
size_t percent_encode_byte(char byte, const char *literal, char *ret);

#endif
