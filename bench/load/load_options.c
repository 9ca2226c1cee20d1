/* SPDX-License-Identifier: MIT */
/*
 * Numbers and times are described by a table, as in fcgi_app/options.c: a new
 * one is a row there and a row in the list for argp.
 */
#include "config.h"
#include "bench/load/load_options.h"

#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/parse_number.h"

#define MICROSECONDS UINT64_C(1000000)
#define RUN_MAX (LOAD_OPTIONS_SECONDS_MAX * MICROSECONDS)

enum key {
	KEY_CONNECT = 256,
	KEY_ROOT,
	KEY_PARAM,
	KEY_HTTP,
	KEY_KEEP,
	KEY_COPY,
	KEY_EXPECT_LENGTH,
	KEY_CHECK,
	KEY_RANGE,
	KEY_JSON,
	KEY_NUMBERS, /* the rows of `numbers` follow */
};

enum number_key {
	NUMBER_CONNECTIONS,
	NUMBER_RAMP,
	NUMBER_REQUESTS,
	NUMBER_SECONDS,
	NUMBER_WARM_UP,
	NUMBER_PACE,
	NUMBER_STALL,
	NUMBER_SAMPLE,
	NUMBER_TIMEOUT,
	NUMBER_COUNT,
};

static int parse_seconds(const char *text, uint64_t *ret_us);

/* Bounds in the number's own unit: a count, bytes or microseconds. */
struct number {
	const char *name;
	int (*parse)(const char *text, uint64_t *ret_value);
	uint64_t least;
	uint64_t most;
	const char *bounds; /* the same, for a reader */
};

static const struct number numbers[NUMBER_COUNT] = {
	[NUMBER_CONNECTIONS] = { "connections", parse_u64, 1,
	    LOAD_OPTIONS_CONNECTIONS_MAX, "a number from 1 to 20000" },
	[NUMBER_RAMP] = { "ramp", parse_seconds, 0, RUN_MAX,
	    "a time from 0 to 7 days, in seconds" },
	[NUMBER_REQUESTS] = { "requests", parse_u64, 1, UINT64_MAX,
	    "a number from 1" },
	[NUMBER_SECONDS] = { "seconds", parse_seconds, 1, RUN_MAX,
	    "a time up to 7 days, in seconds" },
	[NUMBER_WARM_UP] = { "warm-up", parse_seconds, 0, RUN_MAX,
	    "a time from 0 to 7 days, in seconds" },
	[NUMBER_PACE] = { "pace", parse_size, LOAD_OPTIONS_PACE_MIN,
	    LOAD_OPTIONS_PACE_MAX, "a size from 256 to 1G" },
	[NUMBER_STALL] = { "stall", parse_u64, 0, LOAD_OPTIONS_CONNECTIONS_MAX,
	    "a number from 0 to 20000" },
	[NUMBER_SAMPLE] = { "sample", parse_seconds, 10000, RUN_MAX,
	    "a time from 0.01 to 7 days, in seconds" },
	[NUMBER_TIMEOUT] = { "timeout", parse_seconds, 1, RUN_MAX,
	    "a time up to 7 days, in seconds" },
};

#define NUMBER(key) (KEY_NUMBERS + NUMBER_##key)

static const struct argp_option argp_options[] = {
	{ NULL, 0, NULL, 0, "What to ask, and whom:", 1 },
	{ "connect", KEY_CONNECT, "ADDR", 0,
	    "Connect to unix:PATH, HOST:PORT or [V6]:PORT", 1 },
	{ "root", KEY_ROOT, "DIR", 0, "DOCUMENT_ROOT, with FastCGI", 1 },
	{ "param", KEY_PARAM, "NAME=VALUE", 0,
	    "Send this parameter too, or with --http this field. May be given "
	    "several times; an own one of the same name gives way.",
	    1 },
	{ "http", KEY_HTTP, NULL, 0, "Speak HTTP/1.1 instead of FastCGI", 1 },
	{ "range", KEY_RANGE, "A-B", 0, "Ask for these bytes", 1 },
	{ NULL, 0, NULL, 0, "How much:", 2 },
	{ "connections", NUMBER(CONNECTIONS), "N", 0,
	    "So many at once (1, at most 20000)", 2 },
	{ "ramp", NUMBER(RAMP), "SECONDS", 0,
	    "Start them evenly over this time (0)", 2 },
	{ "requests", NUMBER(REQUESTS), "N", 0, "Stop after N in all", 2 },
	{ "seconds", NUMBER(SECONDS), "SECONDS", 0,
	    "Stop after this time, warm-up and ramp included", 2 },
	{ "warm-up", NUMBER(WARM_UP), "SECONDS", 0,
	    "Count nothing at first, nor a request that starts then (0)", 2 },
	{ "keep", KEY_KEEP, NULL, 0,
	    "Keep connections, rather than make one for each request", 2 },
	{ "copy", KEY_COPY, NULL, 0,
	    "Copy the bodies of HTTP over TCP too, as those of FastCGI are, "
	    "rather than let the kernel drop them",
	    2 },
	{ NULL, 0, NULL, 0, "Slow clients:", 3 },
	{ "pace", NUMBER(PACE), "RATE", 0,
	    "Read at most RATE bytes per second on each connection", 3 },
	{ "stall", NUMBER(STALL), "N", 0,
	    "N of the connections ask once and read nothing", 3 },
	{ NULL, 0, NULL, 0, "What is an error:", 4 },
	{ "expect-length", KEY_EXPECT_LENGTH, "N", 0,
	    "A body of any other length", 4 },
	{ "check", KEY_CHECK, "FILE", 0,
	    "A body that is not FILE, or not the range of it", 4 },
	{ "timeout", NUMBER(TIMEOUT), "SECONDS", 0,
	    "A connection without a byte for so long (60)", 4 },
	{ NULL, 0, NULL, 0, "The report:", 5 },
	{ "sample", NUMBER(SAMPLE), "SECONDS", 0,
	    "Tell the bytes per second of each such interval too", 5 },
	{ "json", KEY_JSON, NULL, 0, "In JSON, not in words", 5 },
	{ NULL, 0, NULL, 0, "About:", -1 },
	{ 0 },
};

static const char doc[] =
    "Asks a FastCGI server, or a web server, for files over many connections "
    "at once, and measures the answers."
    "\v"
    "Give --requests or --seconds, or both: what is first ends the run. "
    "Connection i begins with the i-th PATH, and each takes them in turn.\n\n"
    "The time to the first byte counts from the moment the request is sent, "
    "or the connection is begun if that is a new one; the total goes on to "
    "the response's end. RATE takes K, M or G.\n\n"
    "A request that has no byte of its answer when the run ends counts with "
    "its age among the times to the first byte, if it is older than the p99 "
    "of those that were answered; so a server that lets some wait looks no "
    "better for it. The report tells how many: \"unfinished\".\n\n"
    "Exit status: 0 if it ran, whatever was answered; 1 if nothing could be "
    "done, as no connection came about; 2 if the command line is wrong.";

/* A duration of common/parse_number, or seconds with a decimal fraction. */
static int parse_seconds(const char *text, uint64_t *ret_us)
{
	uint64_t whole = 0;
	uint64_t fraction = 0;
	const char *point = strchr(text, '.');
	const char *digits = point ? point + 1 : NULL;
	int r;

	if (!point) {
		r = parse_duration(text, &whole);
		if (r == 0 && __builtin_mul_overflow(whole, 1000, ret_us))
			r = -ERANGE;
		return r;
	}
	if (parse_digits(&text, &whole) < 0 || text != point ||
	    parse_digits(&digits, &fraction) < 0 || *digits != '\0' ||
	    digits - point > 7 || whole > LOAD_OPTIONS_SECONDS_MAX)
		return -EINVAL;
	for (ptrdiff_t places = digits - point; places < 7; places++)
		fraction *= 10;
	*ret_us = whole * MICROSECONDS + fraction;
	return 0;
}

static uint64_t parse_number(
    const struct number *number, const char *text, struct argp_state *state)
{
	uint64_t value = 0;

	if (number->parse(text, &value) < 0 || value < number->least ||
	    value > number->most)
		argp_error(state, "--%s=%s: not %s", number->name, text,
		    number->bounds);
	return value;
}

static void set_number(
    struct load_options *options, enum number_key key, uint64_t value)
{
	switch (key) {
	case NUMBER_CONNECTIONS:
		options->connections = (size_t)value;
		break;
	case NUMBER_RAMP:
		options->ramp_us = value;
		break;
	case NUMBER_REQUESTS:
		options->requests = value;
		break;
	case NUMBER_SECONDS:
		options->run_us = value;
		break;
	case NUMBER_WARM_UP:
		options->warm_up_us = value;
		break;
	case NUMBER_PACE:
		options->pace = value;
		break;
	case NUMBER_STALL:
		options->stall = (size_t)value;
		break;
	case NUMBER_SAMPLE:
		options->sample_us = value;
		break;
	case NUMBER_TIMEOUT:
		options->timeout_us = value;
		break;
	case NUMBER_COUNT:
		break;
	}
}

static int parse_range(const char *text, struct load_range *ret_range)
{
	struct load_range range = { .text = text };

	range.has_first = parse_digits(&text, &range.first) == 0;
	if (*text++ != '-')
		return -EINVAL;
	range.has_last = parse_digits(&text, &range.last) == 0;
	if (*text != '\0' || !(range.has_first || range.has_last))
		return -EINVAL;
	if (range.has_first && range.has_last && range.last < range.first)
		return -EINVAL;
	*ret_range = range;
	return 0;
}

static void set_address(
    struct load_options *options, const char *text, struct argp_state *state)
{
	int r = load_address_parse(text, &options->address);

	if (r == -ENOENT)
		argp_error(state, "--connect=%s: no such host or port", text);
	else if (r < 0)
		argp_error(
		    state, "--connect=%s: not unix:PATH, HOST:PORT", text);
	options->connect = text;
}

static void add_param(
    struct load_options *options, const char *param, struct argp_state *state)
{
	const char *equals = strchr(param, '=');

	if (!equals || equals == param)
		argp_error(state, "--param=%s: not NAME=VALUE", param);
	else if (options->param_count == LOAD_OPTIONS_PARAMS_MAX)
		argp_error(state, "--param=%s: one too many", param);
	else
		options->params[options->param_count++] = param;
}

static void check_all(
    const struct load_options *options, struct argp_state *state)
{
	if (!options->connect)
		argp_error(
		    state, "--connect is missing: give the server's address");
	if (!options->requests && !options->run_us)
		argp_error(state, "neither --requests nor --seconds is given");
	if (options->run_us && options->run_us <= options->warm_up_us)
		argp_error(state, "--seconds must be more than --warm-up");
	if (options->stall > options->connections)
		argp_error(
		    state, "--stall must not be more than --connections");
	if (options->stall == options->connections && !options->run_us)
		argp_error(
		    state, "all connections stall: give --seconds to end");
}

static error_t parse_string(int key, char *arg, struct argp_state *state)
{
	struct load_options *options = state->input;

	switch (key) {
	case KEY_CONNECT:
		set_address(options, arg, state);
		return 0;
	case KEY_ROOT:
		options->root = arg;
		return 0;
	case KEY_PARAM:
		add_param(options, arg, state);
		return 0;
	case KEY_CHECK:
		options->check = arg;
		return 0;
	case KEY_EXPECT_LENGTH:
		options->has_expected_length = true;
		if (parse_size(arg, &options->expected_length) < 0)
			argp_error(
			    state, "--expect-length=%s: not a size", arg);
		return 0;
	case KEY_RANGE:
		if (parse_range(arg, &options->range) < 0)
			argp_error(state, "--range=%s: not A-B", arg);
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct load_options *options = state->input;
	int row = key - KEY_NUMBERS;

	if (row >= 0 && row < NUMBER_COUNT) {
		set_number(options, (enum number_key)row,
		    parse_number(&numbers[row], arg, state));
		return 0;
	}
	switch (key) {
	case KEY_HTTP:
		options->http = true;
		return 0;
	case KEY_KEEP:
		options->keep = true;
		return 0;
	case KEY_COPY:
		options->copy = true;
		return 0;
	case KEY_JSON:
		options->json = true;
		return 0;
	case ARGP_KEY_ARGS:
		options->paths = state->argv + state->next;
		options->path_count = (size_t)(state->argc - state->next);
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "PATH is missing: give a path to request");
		return 0;
	case ARGP_KEY_END:
		check_all(options, state);
		return 0;
	}
	return parse_string(key, arg, state);
}

void load_options_parse(struct load_options *options, int argc, char **argv)
{
	static const struct argp argp = {
		.options = argp_options,
		.parser = parse_option,
		.args_doc = "PATH...",
		.doc = doc,
	};

	*options = (struct load_options){
		.root = "",
		.connections = 1,
		.timeout_us = 60 * MICROSECONDS,
	};
	argp_err_exit_status = LOAD_OPTIONS_EXIT_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, options);
}
