/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "fcgi_app/command/progress.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <uv.h>

#include "fcgi_app/command/progress_line.h"

#define INTERVAL_NS 100000000
#define USUAL_WIDTH 80
#define CLEAR_TO_END "\033[K"

void progress_init(struct progress *progress)
{
	memset(progress, 0, sizeof(*progress));
	progress->terminal = isatty(STDERR_FILENO);
}

void progress_begin(struct progress *progress, const char *name, uint64_t total)
{
	progress->name = name;
	progress->total = total;
	progress->start_ns = uv_hrtime();
}

static unsigned int terminal_width(void)
{
	struct winsize size;

	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
		return USUAL_WIDTH;
	return size.ws_col;
}

void progress_update(struct progress *progress, uint64_t done)
{
	char line[PROGRESS_LINE_MAX];
	uint64_t now = uv_hrtime();
	const struct progress_state state = {
		.name = progress->name,
		.done = done,
		.total = progress->total,
		.elapsed_ns = now - progress->start_ns,
	};

	if (!progress->terminal || now < progress->next_ns)
		return;
	progress_line_format(&state, terminal_width(), line);
	fprintf(stderr, "\r%s" CLEAR_TO_END, line);
	fflush(stderr);
	progress->shown = true;
	progress->next_ns = now + INTERVAL_NS;
}

void progress_clear(struct progress *progress)
{
	if (!progress->shown)
		return;
	fputs("\r" CLEAR_TO_END, stderr);
	fflush(stderr);
	progress->shown = false;
}
