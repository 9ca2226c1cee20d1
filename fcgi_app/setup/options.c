/* SPDX-License-Identifier: MIT */
/*
 * Numbers are described by a table: where the value goes, how its text is
 * read and what its bounds are. A new numeric option is one row here and one
 * in the list for argp.
 */
#include "config.h"
#include "fcgi_app/setup/options.h"

#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/min.h"
#include "common/parse_number.h"
#include "fcgi_app/setup/processors.h"

const char *argp_program_version = PACKAGE_STRING;

enum option_key {
	KEY_ROOT = 256,
	KEY_LISTEN,
	KEY_ACTION,
	KEY_MEDIA_TYPES,
	KEY_PAGE_CACHE,
	KEY_ETAG,
	KEY_ACCESS_LOG,
	KEY_PROBE,
	KEY_NUMBERS, /* the rows of `numbers` follow */
};

enum number_key {
	NUMBER_WORKERS,
	NUMBER_CHUNK_SIZE,
	NUMBER_AIO_DEPTH,
	NUMBER_BUFFER_MEMORY,
	NUMBER_MEMBER_MEMORY,
	NUMBER_MAX_CONNECTIONS,
	NUMBER_HEAD_TIMEOUT,
	NUMBER_SEND_TIMEOUT,
	NUMBER_DRAIN_TIMEOUT,
	NUMBER_COUNT,
};

/* Bounds in the number's own unit: a count, bytes or milliseconds. */
struct number {
	const char *name;
	int (*parse)(const char *text, uint64_t *ret_value);
	uint64_t least;
	uint64_t most;
	uint64_t initial;
	const char *bounds; /* the same, for a reader */
};

static const struct number numbers[NUMBER_COUNT] = {
	[NUMBER_WORKERS] = { "workers", parse_u64, 1, OPTIONS_WORKERS_MAX, 0,
	    "a number from 1 to 1024" },
	[NUMBER_CHUNK_SIZE] = { "chunk-size", parse_size,
	    OPTIONS_CHUNK_SIZE_MIN, OPTIONS_CHUNK_SIZE_MAX, 256 << 10,
	    "a size from 16K to 1M" },
	[NUMBER_AIO_DEPTH] = { "aio-depth", parse_u64, 1, OPTIONS_AIO_DEPTH_MAX,
	    128, "a number from 1 to 4096" },
	[NUMBER_BUFFER_MEMORY] = { "buffer-memory", parse_size, 1 << 20,
	    OPTIONS_BUFFER_MEMORY_MAX, 64 << 20, "a size from 1M to 64G" },
	[NUMBER_MEMBER_MEMORY] = { "member-memory", parse_size, 1 << 20,
	    OPTIONS_MEMBER_MEMORY_MAX, 64 << 20, "a size from 1M to 64G" },
	[NUMBER_MAX_CONNECTIONS] = { "max-connections", parse_u64, 1,
	    OPTIONS_CONNECTIONS_MAX, 20000, "a number from 1 to 1000000" },
	[NUMBER_HEAD_TIMEOUT] = { "head-timeout", parse_duration, 1,
	    OPTIONS_TIMEOUT_MAX_MS, 10000, "a time from 1ms to 24h" },
	[NUMBER_SEND_TIMEOUT] = { "send-timeout", parse_duration, 1,
	    OPTIONS_TIMEOUT_MAX_MS, 600000, "a time from 1ms to 24h" },
	[NUMBER_DRAIN_TIMEOUT] = { "drain-timeout", parse_duration, 0,
	    OPTIONS_TIMEOUT_MAX_MS, 30000, "a time from 0 to 24h" },
};

#define NUMBER(key) (KEY_NUMBERS + NUMBER_##key)

static const struct argp_option argp_options[] = {
	{ NULL, 0, NULL, 0, "What to serve, and where:", 1 },
	{ "root", KEY_ROOT, "DIR", 0,
	    "Serve files beneath DIR; a request's DOCUMENT_ROOT must be DIR or "
	    "beneath it. May be given several times.",
	    1 },
	{ "listen", KEY_LISTEN, "ADDR", 0,
	    "Listen on unix:PATH, HOST:PORT or [V6]:PORT. May be given several "
	    "times. Without it: the socket on descriptor 0 (spawn-fcgi) or the "
	    "sockets passed by systemd.",
	    1 },
	{ "action", KEY_ACTION, "NAME=FILE", 0,
	    "Load the action NAME from the shared object FILE, a path with a "
	    "slash. May be given several times.",
	    1 },
	{ "etag", KEY_ETAG, "mtime|digest", 0,
	    "What the ETag of a file is made of: its time of modification and "
	    "size, or the digest that \"fcgi-stream digest\" has stored with "
	    "it, if it has one (mtime)",
	    1 },
	{ "media-types", KEY_MEDIA_TYPES, "FILE", 0,
	    "Media types by extension, in the form of /etc/mime.types. They "
	    "count before the built-in ones, and those before that file.",
	    1 },
	{ "workers", NUMBER(WORKERS), "N", 0,
	    "Worker processes (number of processors)", 1 },
	{ NULL, 0, NULL, 0, "Limits, for each worker:", 2 },
	{ "chunk-size", NUMBER(CHUNK_SIZE), "SIZE", 0,
	    "Most bytes in one read (256K)", 2 },
	{ "aio-depth", NUMBER(AIO_DEPTH), "N", 0,
	    "Reads in flight in the kernel (128)", 2 },
	{ "buffer-memory", NUMBER(BUFFER_MEMORY), "SIZE", 0,
	    "Memory for chunks; streams wait their turn for it (64M)", 2 },
	{ "member-memory", NUMBER(MEMBER_MEMORY), "SIZE", 0,
	    "Memory for lists of files to join or archive; more are answered "
	    "503 (64M)",
	    2 },
	{ "max-connections", NUMBER(MAX_CONNECTIONS), "N", 0,
	    "Connections; more are answered 503 (20000)", 2 },
	{ "page-cache", KEY_PAGE_CACHE, "auto|always|never", 0,
	    "What is read from disk stays in the system's memory: files that "
	    "are wanted more than once, all, or nothing (auto)",
	    2 },
	{ NULL, 0, NULL, 0, "Timeouts:", 3 },
	{ "head-timeout", NUMBER(HEAD_TIMEOUT), "TIME", 0,
	    "For the front to send a whole request head (10s)", 3 },
	{ "send-timeout", NUMBER(SEND_TIMEOUT), "TIME", 0,
	    "For the front to take more of a response (10m)", 3 },
	{ "drain-timeout", NUMBER(DRAIN_TIMEOUT), "TIME", 0,
	    "For running responses when stopping (30s)", 3 },
	{ NULL, 0, NULL, 0, "Log, on standard error:", 4 },
	{ "access-log", KEY_ACCESS_LOG, "on|off", 0,
	    "A line for each request (on)", 4 },
	{ NULL, 0, NULL, 0, "Setting it up:", 5 },
	{ "probe", KEY_PROBE, NULL, 0,
	    "Answer the questions that \"fcgi-stream doctor URL\" asks through "
	    "the front server, as anybody else may.",
	    5 },
	{ NULL, 0, NULL, 0, "About:", -1 },
	{ 0 },
};

static const char doc[] =
    "Streams files to a front server (nginx, Apache, lighttpd, HAProxy, "
    "Caddy) over FastCGI."
    "\v"
    "SIZE takes K, M or G; TIME takes ms, s, m or h, seconds without.\n"
    "SIGTERM and SIGINT stop the program when running responses are done; a "
    "second one stops it at once.\n\n"
    "Other commands, each with a --help of its own: \"fcgi-stream digest\", "
    "\"fcgi-stream doctor\".\n\n"
    "Environment: FCGI_WEB_SERVER_ADDRS, a list of addresses and networks "
    "(192.0.2.0/24) that may connect over TCP, separated by commas.";

static uint64_t parse_number(
    const struct number *number, const char *text, struct argp_state *state)
{
	uint64_t value = 0;
	int r = number->parse(text, &value);

	if (r == -EINVAL || r == -ERANGE || value < number->least ||
	    value > number->most)
		argp_error(state, "--%s=%s: not %s", number->name, text,
		    number->bounds);
	return value;
}

static void set_number(
    struct options *options, enum number_key key, uint64_t value)
{
	switch (key) {
	case NUMBER_WORKERS:
		options->workers = (unsigned int)value;
		break;
	case NUMBER_CHUNK_SIZE:
		options->chunk_size = (size_t)value;
		break;
	case NUMBER_AIO_DEPTH:
		options->aio_depth = (unsigned int)value;
		break;
	case NUMBER_BUFFER_MEMORY:
		options->buffer_memory = (size_t)value;
		break;
	case NUMBER_MEMBER_MEMORY:
		options->member_memory = (size_t)value;
		break;
	case NUMBER_MAX_CONNECTIONS:
		options->max_connections = (unsigned int)value;
		break;
	case NUMBER_HEAD_TIMEOUT:
		options->head_timeout_ms = value;
		break;
	case NUMBER_SEND_TIMEOUT:
		options->send_timeout_ms = value;
		break;
	case NUMBER_DRAIN_TIMEOUT:
		options->drain_timeout_ms = value;
		break;
	case NUMBER_COUNT:
		break;
	}
}

/* A list that an option given several times adds to. */
struct list {
	const char *name;
	const char **values;
	size_t *count;
	size_t most;
};

static void add(
    const struct list *list, const char *value, struct argp_state *state)
{
	if (*list->count == list->most)
		argp_error(state, "--%s=%s: given more than %zu times",
		    list->name, value, list->most);
	else
		list->values[(*list->count)++] = value;
}

/* An option whose value is one of a few words, each for a number. */
struct words {
	const char *name;
	const char *words[3];
	const char *all; /* the same, for a reader */
};

static const struct words page_caches = {
	"page-cache",
	{
	    [PAGE_CACHE_AUTO] = "auto",
	    [PAGE_CACHE_ALWAYS] = "always",
	    [PAGE_CACHE_NEVER] = "never",
	},
	"auto, always or never",
};

static const struct words etags = {
	"etag",
	{
	    [ETAG_MTIME] = "mtime",
	    [ETAG_DIGEST] = "digest",
	},
	"mtime or digest",
};

static size_t parse_word(
    const struct words *words, const char *text, struct argp_state *state)
{
	for (size_t i = 0; i < sizeof(words->words) / sizeof(words->words[0]);
	     i++)
		if (words->words[i] && strcmp(text, words->words[i]) == 0)
			return i;
	argp_error(state, "--%s=%s: not %s", words->name, text, words->all);
	return 0;
}

static error_t parse_other(int key, const char *arg, struct argp_state *state)
{
	struct options *options = state->input;
	const struct list roots = { "root", options->roots,
		&options->root_count, OPTIONS_ROOTS_MAX };
	const struct list listen = { "listen", options->listen,
		&options->listen_count, OPTIONS_LISTEN_MAX };
	const struct list actions = { "action", options->actions,
		&options->action_count, OPTIONS_ACTIONS_MAX };

	switch (key) {
	case KEY_ROOT:
		if (arg[0] == '\0')
			argp_error(state, "--root=: not the name of a folder");
		add(&roots, arg, state);
		return 0;
	case KEY_LISTEN:
		add(&listen, arg, state);
		return 0;
	case KEY_ACTION:
		add(&actions, arg, state);
		return 0;
	case KEY_MEDIA_TYPES:
		options->media_types = arg;
		return 0;
	case KEY_PAGE_CACHE:
		options->page_cache =
		    (enum page_cache_mode)parse_word(&page_caches, arg, state);
		return 0;
	case KEY_ETAG:
		options->etag = (enum etag_kind)parse_word(&etags, arg, state);
		return 0;
	case KEY_ACCESS_LOG:
		options->access_log = strcmp(arg, "on") == 0;
		if (!options->access_log && strcmp(arg, "off") != 0)
			argp_error(
			    state, "--access-log=%s: not on or off", arg);
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "%s: not an option", arg);
		return 0;
	case ARGP_KEY_END:
		if (options->root_count == 0)
			argp_error(state,
			    "--root is missing: give the folder to serve");
		if (options->chunk_size % 4096 != 0)
			argp_error(state,
			    "--chunk-size=%zu: not a multiple of 4096",
			    options->chunk_size);
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct options *options = state->input;
	int row = key - KEY_NUMBERS;

	if (key == KEY_PROBE) {
		options->probe = true;
		return 0;
	}
	if (row < 0 || row >= NUMBER_COUNT)
		return parse_other(key, arg, state);
	set_number(options, (enum number_key)row,
	    parse_number(&numbers[row], arg, state));
	return 0;
}

void options_parse(struct options *options, int argc, char **argv)
{
	static const struct argp argp = {
		.options = argp_options,
		.parser = parse_option,
		.doc = doc,
	};

	memset(options, 0, sizeof(*options));
	options->access_log = true;
	for (int i = 0; i < NUMBER_COUNT; i++)
		set_number(options, (enum number_key)i, numbers[i].initial);
	options->workers =
	    (unsigned int)size_min(processors_count(), OPTIONS_WORKERS_MAX);
	argp_err_exit_status = OPTIONS_EXIT_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, options);
}
