/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "fcgi_app/command/progress_line.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/utf8.h"

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

/*
 * Returns the bytes of a name's next character, and whether it may be shown: it
 * may not if it is not UTF-8, or if a terminal would obey it.
 */
static size_t take_character(const char *name, bool *ret_harmless)
{
	size_t length = utf8_length(name);

	*ret_harmless =
	    length > 0 && !utf8_is_control(name) && !utf8_is_bidi_control(name);
	return length > 0 ? length : 1;
}

static unsigned int columns(const char *text)
{
	unsigned int count = 0;
	bool harmless;

	for (; *text; text += take_character(text, &harmless))
		count++;
	return count;
}

/* Returns the last `most` characters of a name. */
static const char *tail(const char *name, unsigned int most)
{
	bool harmless;

	for (unsigned int count = columns(name); count > most; count--)
		name += take_character(name, &harmless);
	return name;
}

/* Fills `width` columns. Returns their end. */
static char *put_name(char *at, const char *name, unsigned int width)
{
	unsigned int room;

	name = tail(name, width);
	room = width - columns(name);
	while (*name) {
		bool harmless;
		size_t length = take_character(name, &harmless);

		if (harmless)
			at = mempcpy(at, name, length);
		else
			*at++ = '?';
		name += length;
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
