/* SPDX-License-Identifier: MIT */
/* The smaller of two numbers. */
#ifndef COMMON_MIN_H
#define COMMON_MIN_H

#include <stddef.h>
#include <stdint.h>

static inline size_t size_min(size_t a, size_t b)
{
	return a < b ? a : b;
}

static inline uint64_t u64_min(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

#endif
