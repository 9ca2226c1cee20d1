/* SPDX-License-Identifier: MIT */
/* Text that others chose, for one line of a log. */
#ifndef COMMON_ESCAPED_TEXT_H
#define COMMON_ESCAPED_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Copies `text` as UTF-8 that is safe to show: as \xNN, byte by byte, stand
 * what is not UTF-8, control characters (C0, DEL, C1) and ends of lines
 * (U+2028, U+2029), which could forge another line or speak to a terminal, and
 * those that change the direction of text. If `quoted`, so do quotes and
 * backslashes. What does not fit in `size` bytes is cut off, characters and
 * escapes as a whole; no NUL is added. Returns the bytes written.
 */
size_t escaped_text_copy(char *to, size_t size, const char *text, bool quoted);

#endif
