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
 * Decodes the name or the value of a form's field (WHATWG URL, 5.1): "+" is a
 * blank, and a "%" that begins no escape stands for itself.
 *
 * text: `length` bytes, none of which needs to be a NUL.
 * ret: room for as many; no NUL is added.
 * Returns the number of bytes written.
 */
size_t percent_decode_form(const char *text, size_t length, char *ret);

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
