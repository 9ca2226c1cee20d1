/* SPDX-License-Identifier: MIT */
/* The one clock of the load generator. */
#ifndef BENCH_LOAD_LOAD_CLOCK_H
#define BENCH_LOAD_LOAD_CLOCK_H

#include <stdint.h>
#include <time.h>

/* Microseconds of a clock that nobody sets (CLOCK_MONOTONIC). */
static inline uint64_t load_clock_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

#endif
