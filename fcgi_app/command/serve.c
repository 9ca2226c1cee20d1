/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "fcgi_app/command/serve.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "common/file/file_open.h"
#include "fcgi_app/action_api/action_modules.h"
#include "fcgi_app/actions/dispatch.h"
#include "fcgi_app/policy/media_type.h"
#include "fcgi_app/process/master.h"
#include "fcgi_app/process/worker.h"
#include "fcgi_app/process/worker_board.h"
#include "fcgi_app/setup/listener.h"
#include "fcgi_app/setup/log.h"
#include "fcgi_app/setup/options.h"
#include "fcgi_app/setup/roots.h"
#include "fcgi_app/setup/web_server_addrs.h"

#define MIME_TYPES "/etc/mime.types"

/* A stream has a socket and a file, and a second descriptor for direct I/O. */
#define DESCRIPTORS_PER_STREAM 3

static void raise_descriptor_limit(const struct options *options)
{
	rlim_t wanted =
	    (rlim_t)options->max_connections * DESCRIPTORS_PER_STREAM;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		log_message(
		    LOG_LEVEL_WARNING, "RLIMIT_NOFILE: %s", strerror(errno));
	else if (limit.rlim_max < wanted)
		log_message(LOG_LEVEL_NOTICE,
		    "RLIMIT_NOFILE=%ju is enough for about %ju streams in a "
		    "worker, not for --max-connections=%u",
		    (uintmax_t)limit.rlim_max,
		    (uintmax_t)limit.rlim_max / DESCRIPTORS_PER_STREAM,
		    options->max_connections);
}

/* --- media types ---------------------------------------------------------- */

/* Returns 0 or -errno. */
static int read_media_types(
    struct media_types *types, const char *name, enum media_types_rank rank)
{
	FILE *file = fopen(name, "re");
	int r;

	if (!file)
		return -errno;
	r = media_types_read(types, file, rank);
	fclose(file);
	return r;
}

/* Returns false if the operator's file can't be had. */
static bool add_operator_types(struct media_types *types, const char *name)
{
	int r = name ? read_media_types(types, name, MEDIA_TYPES_OPERATOR) : 0;

	if (r < 0)
		log_message(LOG_LEVEL_ERROR, "--media-types=%s: %s", name,
		    r == -ENOSPC ? "more than 16384 extensions" : strerror(-r));
	return r == 0;
}
_Static_assert(MEDIA_TYPE_ENTRIES_MAX == 16384, "the message names it");

/* Adds the system's types, as far as it has any. */
static void add_system_types(struct media_types *types)
{
	int r = read_media_types(types, MIME_TYPES, MEDIA_TYPES_SYSTEM);

	if (r < 0 && r != -ENOENT)
		log_message(
		    LOG_LEVEL_WARNING, "%s: %s", MIME_TYPES, strerror(-r));
}

/* Returns NULL if there are none, which is logged. */
static struct media_types *load_media_types(const struct options *options)
{
	struct media_types *types = media_types_new();

	if (!types) {
		log_message(
		    LOG_LEVEL_ERROR, "media types: %s", strerror(ENOMEM));
		return NULL;
	}
	if (!add_operator_types(types, options->media_types)) {
		media_types_free(types);
		return NULL;
	}
	add_system_types(types);
	return types;
}

/* --- who may connect ------------------------------------------------------ */

#define ADDRS "FCGI_WEB_SERVER_ADDRS"
#define ADDRS_LIKE "192.0.2.10 or 192.0.2.0/24"

static void refuse_addrs(const char *list, size_t entry, int error)
{
	char value[LOG_NAME_MAX];

	log_quote(value, sizeof(value), list);
	switch (error) {
	case -E2BIG:
		log_message(LOG_LEVEL_ERROR,
		    ADDRS "=\"%s\": more than %d entries", value,
		    WEB_SERVER_ADDRS_MAX);
		break;
	case -EDOM:
		log_message(LOG_LEVEL_ERROR,
		    ADDRS "=\"%s\": entry %zu has bits set after its prefix, "
			  "unlike 192.0.2.0/24",
		    value, entry);
		break;
	default:
		log_message(LOG_LEVEL_ERROR,
		    ADDRS "=\"%s\": entry %zu is not an address or a network "
			  "such as " ADDRS_LIKE,
		    value, entry);
	}
}

static int read_web_server_addrs(struct web_server_addrs *addrs)
{
	const char *list = getenv(ADDRS);
	size_t entry;
	int r = web_server_addrs_parse(list, addrs, &entry);

	if (r < 0)
		refuse_addrs(list, entry, r);
	else if (list && list[0] == '\0')
		log_message(LOG_LEVEL_WARNING,
		    ADDRS
		    "=\"\": lists nobody, so anybody may connect over "
		    "TCP; unset it, or list the fronts, such as " ADDRS_LIKE);
	return r;
}

/* FastCGI has no passwords: who can connect can read. */
static void warn_of_open_ports(
    const struct listeners *listeners, const struct web_server_addrs *addrs)
{
	for (size_t i = 0; addrs->anyone && i < listeners->count; i++)
		if (listeners->list[i].is_remote)
			log_message(LOG_LEVEL_WARNING,
			    "listening on %s: any machine that can connect may "
			    "read all files beneath the roots; list the fronts "
			    "in " ADDRS ", such as " ADDRS_LIKE,
			    listeners->list[i].name);
}

static int serve(const struct options *options, struct roots *roots,
    const struct action_modules *modules)
{
	struct web_server_addrs addrs;
	struct listeners listeners;
	struct worker_config config = {
		.options = options,
		.roots = roots,
		.action_modules = modules,
		.web_server_addrs = &addrs,
		.listeners = &listeners,
	};
	struct media_types *types;
	int status = OPTIONS_EXIT_USAGE;

	if (read_web_server_addrs(&addrs) < 0)
		return status;
	types = load_media_types(options);
	if (!types)
		return status;
	config.media_types = types;
	config.action_states = dispatch_prepare(options);
	if (!config.action_states) {
		status = EXIT_FAILURE;
		goto out_types;
	}
	if (listeners_open(&listeners, options) < 0)
		goto out_states;
	warn_of_open_ports(&listeners, &addrs);
	config.board = worker_board_new(options->workers);
	if (config.board) {
		status = master_run(&config);
	} else {
		log_message(LOG_LEVEL_ERROR, "out of memory");
		status = EXIT_FAILURE;
	}
	listeners_remove_files(&listeners);
	listeners_close(&listeners);
	worker_board_free(config.board);
out_states:
	dispatch_free(config.action_states);
out_types:
	media_types_free(types);
	return status;
}

/* Loads the actions of shared objects first: all workers inherit them. */
static int serve_with_modules(
    const struct options *options, struct roots *roots)
{
	struct action_modules *modules =
	    action_modules_load(options, dispatch_is_built_in);
	int status;

	if (!modules)
		return OPTIONS_EXIT_USAGE;
	status = serve(options, roots, modules);
	action_modules_free(modules);
	return status;
}

/*
 * Signals that have no meaning, or not yet, must not end it at any time; those
 * of them that the master knows it takes out of its own queue. Workers inherit
 * this.
 */
static void ignore_signals(void)
{
	/* First of all: a log that nobody reads must not end it either. */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGUSR1, SIG_IGN);
	signal(SIGUSR2, SIG_IGN);
}

int serve_command(int argc, char **argv)
{
	struct options options;
	struct roots *roots;
	int r, status;

	ignore_signals();
	options_parse(&options, argc, argv);
	r = file_open_supported();
	if (r < 0) {
		log_message(LOG_LEVEL_ERROR,
		    "openat2(2), which needs Linux 5.6: %s", strerror(-r));
		return EXIT_FAILURE;
	}
	raise_descriptor_limit(&options);
	roots = roots_open(&options);
	if (!roots)
		return OPTIONS_EXIT_USAGE;
	status = serve_with_modules(&options, roots);
	roots_close(roots);
	return status;
}
