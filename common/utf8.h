/* SPDX-License-Identifier: MIT */
/* UTF-8 in text from elsewhere, such as the names of files (RFC 3629). */
#ifndef COMMON_UTF8_H
#define COMMON_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* U+FFFD, for what can't be decoded (Unicode, 3.9). */
#define UTF8_REPLACEMENT "\xef\xbf\xbd"

/* Bytes of a character (RFC 3629, 3). */
#define UTF8_LENGTH_MAX 4

/*
 * Returns how many of `length` bytes (not 0) are the character that a text of
 * any bytes begins with; or, if that is malformed, its longest valid beginning,
 * to be replaced as a whole (Unicode, 3.9, "maximal subpart").
 */
size_t utf8_take(const char *text, size_t length, bool *ret_valid);

/*
 * Returns the length in bytes of the character that a NUL-terminated text
 * begins with, or 0 if it is malformed UTF-8 (RFC 3629, 4). A NUL ends the
 * text: it is a character of length 1, and never the continuation of another.
 */
size_t utf8_length(const char *text);

/* Returns whether a valid character is U+0000 to U+001F or U+007F to U+009F. */
bool utf8_is_control(const char *character);

/*
 * Returns whether a valid character changes the direction of those around it
 * (Unicode, UAX #9: Bidi_Control): U+061C, U+200E, U+200F, U+202A to U+202E,
 * U+2066 to U+2069. With them a name can look like another one.
 */
bool utf8_is_bidi_control(const char *character);

/*
 * Returns whether a valid character is U+2028 or U+2029, which end a line as a
 * newline does (Unicode, 5.8) for many programs that read text.
 */
bool utf8_is_line_end(const char *character);

/* Returns whether all of a text is valid. */
bool utf8_is_valid(const char *text);

#endif
