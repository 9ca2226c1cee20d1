/* SPDX-License-Identifier: MIT */
/* Sizes in bytes as people read them. */
#ifndef FCGI_APP_ACTIONS_LIST_SIZE_TEXT_H
#define FCGI_APP_ACTIONS_LIST_SIZE_TEXT_H

#include <stdint.h>

/* "1023.9 KiB" and its NUL. */
#define SIZE_TEXT_SHORT_MAX 12
/* 20 digits, 6 commas and a NUL. */
#define SIZE_TEXT_EXACT_MAX 27

/*
 * Writes a size as "123 B" or, from 1024 on, rounded to tenths of KiB, MiB and
 * so on (IEC 80000-13), halves up: "1.5 KiB". No number is above 1023.9.
 */
void size_text_short(uint64_t bytes, char ret[SIZE_TEXT_SHORT_MAX]);

/* Writes all digits, in groups: "1,234,567". */
void size_text_exact(uint64_t bytes, char ret[SIZE_TEXT_EXACT_MAX]);

#endif
