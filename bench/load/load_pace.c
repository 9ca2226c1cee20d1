/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "bench/load/load_pace.h"

/* Smooth is four reads a second, or 200 if they are large all the same. */
#define SMALL (16u << 10)
#define LARGE (256u << 10)

size_t load_pace_quantum(uint64_t pace)
{
	uint64_t quantum = pace / 200 > SMALL ? pace / 200 : SMALL;

	if (quantum > pace / 4)
		quantum = pace / 4;
	return quantum < LARGE ? (size_t)quantum : LARGE;
}

uint64_t load_pace_next(
    uint64_t pace, uint64_t due_us, uint64_t now_us, size_t used)
{
	if (due_us + LOAD_PACE_LATENESS_MAX_US < now_us)
		due_us = now_us - LOAD_PACE_LATENESS_MAX_US;
	return due_us + (uint64_t)used * 1000000 / pace;
}
