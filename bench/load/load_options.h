/* SPDX-License-Identifier: MIT */
/* The command line of the load generator. */
#ifndef BENCH_LOAD_LOAD_OPTIONS_H
#define BENCH_LOAD_LOAD_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/load/load_address.h"

#define LOAD_OPTIONS_CONNECTIONS_MAX 20000
#define LOAD_OPTIONS_PARAMS_MAX 64
#define LOAD_OPTIONS_SECONDS_MAX (7 * 24 * 3600)
/* With less no connection would get on; with more, it is no pace. */
#define LOAD_OPTIONS_PACE_MIN 256
#define LOAD_OPTIONS_PACE_MAX ((uint64_t)1 << 30)

/* The status for a command line that can't be carried out. */
#define LOAD_OPTIONS_EXIT_USAGE 2

/* A range of bytes, as in RFC 9110, 14.1.2. */
struct load_range {
	const char *text; /* A-B, A- or -N; NULL: all bytes */
	bool has_first;
	bool has_last;
	uint64_t first;
	uint64_t last; /* without a first: so many at the end */
};

/* Strings and the list of paths point into argv; times are in microseconds. */
struct load_options {
	struct load_address address;
	const char *connect;
	char **paths;
	size_t path_count;
	const char *root;
	const char *params[LOAD_OPTIONS_PARAMS_MAX]; /* NAME=VALUE */
	size_t param_count;
	bool http;
	size_t connections;
	uint64_t ramp_us;
	uint64_t requests; /* 0: no limit */
	uint64_t run_us;   /* 0: no limit */
	uint64_t warm_up_us;
	bool keep;
	bool copy;
	uint64_t pace; /* bytes per second, 0: no limit */
	size_t stall;
	bool has_expected_length;
	uint64_t expected_length;
	const char *check; /* a file's path, or NULL */
	struct load_range range;
	uint64_t sample_us; /* 0: no samples */
	uint64_t timeout_us;
	bool json;
};

/*
 * Reads the command line. On a mistake it names the option and the reason on
 * standard error and exits with LOAD_OPTIONS_EXIT_USAGE; --help prints and
 * exits with 0 (argp, GNU C library).
 */
void load_options_parse(struct load_options *options, int argc, char **argv);

#endif
