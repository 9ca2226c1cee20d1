/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "bench/load/load_counts.h"

#include <stddef.h>

static const char *const names[LOAD_ERROR_COUNT] = {
	[LOAD_ERROR_CONNECT] = "connect",
	[LOAD_ERROR_CLOSED] = "closed",
	[LOAD_ERROR_PROTOCOL] = "protocol",
	[LOAD_ERROR_STATUS] = "status",
	[LOAD_ERROR_LENGTH] = "length",
	[LOAD_ERROR_CONTENT] = "content",
	[LOAD_ERROR_TIMEOUT] = "timeout",
};

const char *load_counts_error_name(enum load_error error)
{
	return error < LOAD_ERROR_COUNT ? names[error] : "none";
}

uint64_t load_counts_p99(const struct load_counts *counts)
{
	return load_histogram_quantile(&counts->first_byte_us, 990);
}

void load_counts_unfinished(
    struct load_counts *counts, uint64_t age_us, uint64_t p99_us)
{
	if (age_us <= p99_us)
		return;
	counts->unfinished++;
	load_histogram_add(&counts->first_byte_us, age_us);
}
