/* SPDX-License-Identifier: MIT */
/*
 * A histogram of bounded size for times: log-linear, that is 128 buckets of
 * one width for each power of two, so a quantile is at most 1/128 too large.
 */
#ifndef BENCH_LOAD_LOAD_HISTOGRAM_H
#define BENCH_LOAD_LOAD_HISTOGRAM_H

#include <stdint.h>

/* Buckets for each power of two, and the power that no value reaches. */
#define LOAD_HISTOGRAM_STEPS_LOG2 7
#define LOAD_HISTOGRAM_TOP_LOG2 40
#define LOAD_HISTOGRAM_BUCKETS                                     \
	((LOAD_HISTOGRAM_TOP_LOG2 - LOAD_HISTOGRAM_STEPS_LOG2 + 1) \
	    << LOAD_HISTOGRAM_STEPS_LOG2)

/* All zero is an empty one. */
struct load_histogram {
	uint64_t count;
	uint64_t most; /* the largest value, as it was given */
	uint64_t buckets[LOAD_HISTOGRAM_BUCKETS];
};

/*
 * Counts `value`, in a unit that the caller chooses. Values of
 * 2^LOAD_HISTOGRAM_TOP_LOG2 and more share the last bucket.
 */
void load_histogram_add(struct load_histogram *histogram, uint64_t value);

/*
 * The value that `per_mille` thousandths of all values do not exceed: the
 * upper end of its bucket, but never more than the largest value. 0 if there
 * is no value at all.
 */
uint64_t load_histogram_quantile(
    const struct load_histogram *histogram, unsigned int per_mille);

#endif
