/* SPDX-License-Identifier: MIT */
/* The line of text that shows how far the reading of a file has come. */
#ifndef FCGI_APP_COMMAND_PROGRESS_LINE_H
#define FCGI_APP_COMMAND_PROGRESS_LINE_H

#include <stddef.h>
#include <stdint.h>

/* A buffer for any line in a terminal of up to PROGRESS_LINE_WIDTH_MAX. */
#define PROGRESS_LINE_MAX 1024
#define PROGRESS_LINE_WIDTH_MAX 200

struct progress_state {
	const char *name;
	uint64_t done;  /* bytes */
	uint64_t total; /* bytes */
	uint64_t elapsed_ns;
};

/*
 * Writes name, bar, percentage, speed in 10^6 bytes per second and the time
 * left, for a terminal of `width` columns, of which the last stays free. A
 * long name is cut in front, and where there is no room the bar is left out,
 * then the name. What is not UTF-8 becomes "?", and so do control characters
 * and those that change the direction of text.
 */
void progress_line_format(const struct progress_state *state,
    unsigned int width, char ret[PROGRESS_LINE_MAX]);

#endif
