/* SPDX-License-Identifier: MIT */
/* A line on the terminal that shows how far a file has been read. */
#ifndef FCGI_APP_COMMAND_PROGRESS_H
#define FCGI_APP_COMMAND_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	bool terminal; /* else nothing is ever shown */
	bool shown;
	const char *name;
	uint64_t total; /* bytes */
	uint64_t start_ns;
	uint64_t next_ns; /* not to be drawn again before */
};

/* On standard error, if that is a terminal. */
void progress_init(struct progress *progress);

/* A file of `total` bytes is begun; `name` must stay until it is cleared. */
void progress_begin(
    struct progress *progress, const char *name, uint64_t total);

/* So many bytes of it are done; draws at most ten times in a second. */
void progress_update(struct progress *progress, uint64_t done);

/* Removes the line, so that something else can be written. */
void progress_clear(struct progress *progress);

#endif
