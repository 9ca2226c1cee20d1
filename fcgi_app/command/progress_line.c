/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "fcgi_app/command/progress_line.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define BAR_WIDTH 20
#define NAME_WIDTH_MIN 12
#define FIGURES_MAX 80
#define SECONDS_MAX (99 * 3600 + 59 * 60 + 59)

static unsigned int percent(const struct progress_state *state)
{
	if (state->done >= state->total)
		return 100;
	return (
	    unsigned int)(100.0 * (double)state->done / (double)state->total);
}

/* Returns bytes per second, or 0 if that is not known yet. */
static double speed(const struct progress_state *state)
{
	if (state->elapsed_ns == 0)
		return 0;
	return (double)state->done * 1e9 / (double)state->elapsed_ns;
}

static void format_left(const struct progress_state *state, char *buf, size_t n)
{
	double rate = speed(state);
	double left = 0;
	unsigned int seconds;

	if (state->done < state->total)
		left = (double)(state->total - state->done);
	if (rate <= 0 || left / rate > SECONDS_MAX) {
		snprintf(buf, n, "%s", left > 0 ? "-:--" : "0:00");
		return;
	}
	seconds = (unsigned int)(left / rate + 0.5);
	if (seconds >= 3600)
		snprintf(buf, n, "%u:%02u:%02u", seconds / 3600,
		    seconds / 60 % 60, seconds % 60);
	else
		snprintf(buf, n, "%u:%02u", seconds / 60, seconds % 60);
}

static unsigned int format_figures(
    const struct progress_state *state, char buf[FIGURES_MAX])
{
	char left[16];

	format_left(state, left, sizeof(left));
	return (unsigned int)snprintf(buf, FIGURES_MAX,
	    "%3u%% %6.0f MB/s %8s left", percent(state), speed(state) / 1e6,
	    left);
}

/* Returns true for the first byte of a character in UTF-8, or a lone one. */
static bool begins_character(char c)
{
	return ((unsigned char)c & 0xc0) != 0x80;
}

static unsigned int columns(const char *text)
{
	unsigned int count = 0;

	for (; *text; text++)
		count += begins_character(*text);
	return count;
}

/* Returns the last `most` characters of a name. */
static const char *tail(const char *name, unsigned int most)
{
	for (unsigned int count = columns(name); count > most; count--)
		do
			name++;
		while (!begins_character(*name));
	return name;
}

/* Fills `width` columns. Returns their end. */
static char *put_name(char *at, const char *name, unsigned int width)
{
	unsigned int room;

	/* Bytes that are no UTF-8 count as nothing, so they have a limit. */
	name = tail(name, width);
	room = width - columns(name);
	for (size_t i = 0; name[i] && i < 4 * (size_t)width; i++) {
		unsigned char c = (unsigned char)name[i];

		*at++ = c < 0x20 || c == 0x7f ? '?' : name[i];
	}
	memset(at, ' ', room);
	return at + room;
}

static char *put_bar(char *at, unsigned int done_percent)
{
	unsigned int full = done_percent * BAR_WIDTH / 100;

	*at++ = '[';
	memset(at, '=', full);
	memset(at + full, ' ', BAR_WIDTH - full);
	at += BAR_WIDTH;
	*at++ = ']';
	return at;
}

void progress_line_format(const struct progress_state *state,
    unsigned int width, char ret[PROGRESS_LINE_MAX])
{
	const unsigned int bar = BAR_WIDTH + 2 + 1;
	char figures[FIGURES_MAX];
	unsigned int used = format_figures(state, figures) + 1 + 1;
	char *at = ret;

	if (width > PROGRESS_LINE_WIDTH_MAX)
		width = PROGRESS_LINE_WIDTH_MAX;
	if (width >= used + bar + NAME_WIDTH_MIN) {
		at = put_name(at, state->name, width - used - bar);
		*at++ = ' ';
		at = put_bar(at, percent(state));
		*at++ = ' ';
	} else if (width >= used + NAME_WIDTH_MIN) {
		at = put_name(at, state->name, width - used);
		*at++ = ' ';
	}
	strcpy(at, figures);
}
