/* SPDX-License-Identifier: MIT */
/* What is counted over the measured time. */
#ifndef BENCH_LOAD_LOAD_COUNTS_H
#define BENCH_LOAD_LOAD_COUNTS_H

#include <stdint.h>

#include "bench/load/load_histogram.h"
#include "bench/load/load_response.h"

struct load_counts {
	uint64_t requests; /* answered as they should be */
	uint64_t bytes;    /* of bodies, of unfinished responses too */
	uint64_t errors[LOAD_ERROR_COUNT];
	uint64_t unfinished; /* of first_byte_us, those still without one */
	struct load_histogram first_byte_us;
	struct load_histogram total_us;
};

/* The name of an error in the report. */
const char *load_counts_error_name(enum load_error error);

/* The 99th percentile of the times to the first byte so far, 0: none yet. */
uint64_t load_counts_p99(const struct load_counts *counts);

/*
 * At the end of a run: a request of this age has no byte of its answer. It
 * counts with its age, which is the least that its time will be, if that is
 * more than `p99_us`, the percentile before the first of these was counted. A
 * younger one says nothing: it may yet be among the fast.
 */
void load_counts_unfinished(
    struct load_counts *counts, uint64_t age_us, uint64_t p99_us);

#endif
