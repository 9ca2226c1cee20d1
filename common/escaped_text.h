/* SPDX-License-Identifier: MIT */
/* Text that others chose, for one line of a log. */
#ifndef COMMON_ESCAPED_TEXT_H
#define COMMON_ESCAPED_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Copies `text`, with control characters, which could forge another line, and
 * if it is to stand between quotes also these and backslashes, as \xNN. What
 * does not fit in `size` bytes is cut off, an escape as a whole; no NUL is
 * added. Returns the bytes written.
 */
size_t escaped_text_copy(char *to, size_t size, const char *text, bool quoted);

#endif
