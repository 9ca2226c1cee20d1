/* SPDX-License-Identifier: MIT */
/*
 * Values below 128 have a bucket each. A larger one is shifted right until it
 * is in 128 … 255: the shift says which group of 128 buckets, the rest which
 * bucket of the group.
 */
#include "config.h"
#include "bench/load/load_histogram.h"

#include <stddef.h>

#define STEPS_LOG2 LOAD_HISTOGRAM_STEPS_LOG2
#define STEPS (1u << STEPS_LOG2)

static size_t bucket_of(uint64_t value)
{
	unsigned int shift;

	if (value < STEPS)
		return (size_t)value;
	if (value >> LOAD_HISTOGRAM_TOP_LOG2)
		return LOAD_HISTOGRAM_BUCKETS - 1;
	shift = 63 - (unsigned int)__builtin_clzll(value) - STEPS_LOG2;
	return (shift << STEPS_LOG2) + (size_t)(value >> shift);
}

/* The largest value that goes into the bucket. */
static uint64_t upper_end(size_t bucket)
{
	unsigned int group = (unsigned int)(bucket >> STEPS_LOG2);
	uint64_t step = bucket & (STEPS - 1);

	if (group == 0)
		return step;
	return ((STEPS + step + 1) << (group - 1)) - 1;
}

void load_histogram_add(struct load_histogram *histogram, uint64_t value)
{
	histogram->count++;
	histogram->buckets[bucket_of(value)]++;
	if (value > histogram->most)
		histogram->most = value;
}

uint64_t load_histogram_quantile(
    const struct load_histogram *histogram, unsigned int per_mille)
{
	uint64_t rank = (histogram->count * per_mille + 999) / 1000;
	uint64_t seen = 0;

	for (size_t i = 0; i < LOAD_HISTOGRAM_BUCKETS - 1; i++) {
		seen += histogram->buckets[i];
		if (seen >= rank && seen > 0)
			return upper_end(i) < histogram->most ? upper_end(i)
							      : histogram->most;
	}
	return histogram->most;
}
