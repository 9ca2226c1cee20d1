/* SPDX-License-Identifier: MIT */
/* The command line. */
#ifndef FCGI_APP_SETUP_OPTIONS_H
#define FCGI_APP_SETUP_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/reader/page_cache.h"
#include "fcgi_app/policy/etag.h"

#define OPTIONS_ROOTS_MAX 64
#define OPTIONS_LISTEN_MAX 16
#define OPTIONS_ACTIONS_MAX 32
#define OPTIONS_WORKERS_MAX 1024
#define OPTIONS_CHUNK_SIZE_MIN (16u << 10)
#define OPTIONS_CHUNK_SIZE_MAX (1u << 20)
#define OPTIONS_AIO_DEPTH_MAX 4096
#define OPTIONS_CONNECTIONS_MAX 1000000
#define OPTIONS_BUFFER_MEMORY_MAX ((uint64_t)64 << 30)
#define OPTIONS_MEMBER_MEMORY_MAX ((uint64_t)64 << 30)
#define OPTIONS_TIMEOUT_MAX_MS ((uint64_t)24 * 3600 * 1000)

/* Everything the operator can set; strings point into argv. */
struct options {
	const char *roots[OPTIONS_ROOTS_MAX];
	size_t root_count;
	const char *listen[OPTIONS_LISTEN_MAX];
	size_t listen_count;
	const char *actions[OPTIONS_ACTIONS_MAX]; /* NAME=PATH */
	size_t action_count;
	const char *media_types; /* a file like /etc/mime.types, or NULL */
	unsigned int workers;
	size_t chunk_size; /* bytes, a multiple of 4096 */
	unsigned int aio_depth;
	size_t buffer_memory;         /* bytes for each worker */
	size_t member_memory;         /* the same */
	unsigned int max_connections; /* for each worker */
	enum page_cache_mode page_cache;
	enum etag_kind etag;
	uint64_t head_timeout_ms;
	uint64_t send_timeout_ms;
	uint64_t drain_timeout_ms;
	bool access_log;
	bool probe; /* the action `probe` exists */
};

/* The exit status for a command line that can't be carried out. */
#define OPTIONS_EXIT_USAGE 2

/*
 * Reads the command line into `options`. On a mistake it names the option and
 * the reason on standard error and exits with OPTIONS_EXIT_USAGE; --help and
 * --version print and exit with 0 (argp, GNU C library).
 */
void options_parse(struct options *options, int argc, char **argv);

#endif
