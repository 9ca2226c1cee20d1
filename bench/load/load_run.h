/* SPDX-License-Identifier: MIT */
/* A run: all clients on one epoll loop, from the first to the last. */
#ifndef BENCH_LOAD_LOAD_RUN_H
#define BENCH_LOAD_LOAD_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct load_counts;
struct load_options;
struct load_run;

/* What the report is made of; pointers live as long as the run. */
struct load_result {
	const struct load_counts *counts;
	double seconds;     /* measured, without the warm-up */
	double cpu_seconds; /* of this process, warm-up included */
	bool connected;     /* at least once */
	/* Body bytes of each client that did not stall, the least first. */
	const uint64_t *client_bytes;
	size_t client_count;
	/* Body bytes per second, of each sample. */
	const uint64_t *samples;
	size_t sample_count;
};

/*
 * Prepares a run; `options` must outlive it. What fails is said in
 * *ret_reason, a static text, beside the -errno that is returned.
 */
int load_run_new(const struct load_options *options, struct load_run **ret_run,
    const char **ret_reason);

/* NULL is allowed. */
void load_run_free(struct load_run *run);

/* Runs to the end that the options give, or to load_run_stop. */
int load_run_go(struct load_run *run, struct load_result *ret_result);

/* Ends any run soon. For a signal handler. */
void load_run_stop(void);

#endif
