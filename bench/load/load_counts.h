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
	struct load_histogram first_byte_us;
	struct load_histogram total_us;
};

/* The name of an error in the report. */
const char *load_counts_error_name(enum load_error error);

#endif
