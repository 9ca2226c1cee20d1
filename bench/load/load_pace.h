/* SPDX-License-Identifier: MIT */
/* When a connection reads at a pace, and how much. */
#ifndef BENCH_LOAD_LOAD_PACE_H
#define BENCH_LOAD_LOAD_PACE_H

#include <stddef.h>
#include <stdint.h>

/* The pace catches up on so much that could not be read in time. */
#define LOAD_PACE_LATENESS_MAX_US 250000

/* Bytes to read at once at `pace` bytes per second. */
size_t load_pace_quantum(uint64_t pace);

/*
 * When to read again, in microseconds, after `used` bytes were read at
 * `now_us` which were due at `due_us`.
 */
uint64_t load_pace_next(
    uint64_t pace, uint64_t due_us, uint64_t now_us, size_t used);

#endif
