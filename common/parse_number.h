/* SPDX-License-Identifier: MIT */
/*
 * Strict reading of decimal numbers, sizes and durations. Everything in the
 * project that turns text into a number comes through here.
 *
 * Strict means: digits only, so no sign, blank, base prefix or fraction, and
 * the whole text has to be used up. The result does not depend on the locale.
 */
#ifndef COMMON_PARSE_NUMBER_H
#define COMMON_PARSE_NUMBER_H

#include <stdint.h>

/*
 * Reads the run of digits at *cursor and moves *cursor past its last digit. For
 * grammars in which a number is followed by something else.
 *
 * Returns 0; -EINVAL if there is no digit (*cursor is not moved); -ERANGE if
 * the number is above UINT64_MAX: *cursor is moved all the same, so that a
 * caller may take such a number for "very large" and go on.
 */
int parse_digits(const char **cursor, uint64_t *ret_value);

/*
 * Reads text as one decimal number.
 * Returns 0, -EINVAL (not a number) or -ERANGE (above UINT64_MAX).
 */
int parse_u64(const char *text, uint64_t *ret_value);

/*
 * Reads text as a size in bytes: a number, then optionally K, M or G (or k, m,
 * g) for 2^10, 2^20 or 2^30.
 * Returns 0, -EINVAL or -ERANGE (the product is above UINT64_MAX).
 */
int parse_size(const char *text, uint64_t *ret_bytes);

/*
 * Reads text as a duration: a number, then optionally ms, s, m (minutes) or h.
 * A number alone is in seconds. The result is in milliseconds.
 * Returns 0, -EINVAL or -ERANGE (the product is above UINT64_MAX).
 */
int parse_duration(const char *text, uint64_t *ret_ms);

#endif
