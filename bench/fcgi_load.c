/* SPDX-License-Identifier: MIT */
/*
 * fcgi_load, a load generator: asks a FastCGI server (or with --http a web
 * server) for files over many connections, in one thread, and measures the
 * answers. "fcgi_load --help" explains the options.
 *
 *	load_options    the command line
 *	load_address    where to connect
 *	load_run        the loop, the ramp, the measured time
 *	load_client     one connection after the other, and their requests
 *	load_pace       how slowly a connection reads
 *	load_wheel      the timers of all clients
 *	load_request    the bytes of requests
 *	load_response   what both protocols have in common:
 *	load_fcgi       responses in FastCGI records
 *	load_http       responses of HTTP/1.1
 *	load_head       the head of a response
 *	load_counts     what is counted, times with
 *	load_histogram
 *	load_report     what is printed
 *
 * All connections receive into one buffer, which stays in the processor's
 * cache, and bodies are looked at where they lie.
 */
#include "config.h"

#include <argp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/load/load_options.h"
#include "bench/load/load_report.h"
#include "bench/load/load_run.h"

const char *argp_program_version = "fcgi_load of " PACKAGE_STRING;

static void stop(int number)
{
	(void)number;
	load_run_stop();
}

static int explain(const char *what, int error)
{
	fprintf(stderr, "fcgi_load: %s: %s\n", what, strerror(-error));
	return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
	const struct sigaction action = { .sa_handler = stop };
	struct load_options options;
	struct load_result result;
	struct load_run *run = NULL;
	const char *reason = NULL;
	int r;

	load_options_parse(&options, argc, argv);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	r = load_run_new(&options, &run, &reason);
	if (r < 0)
		return explain(reason, r);
	r = load_run_go(run, &result);
	if (r < 0)
		reason = "epoll";
	else if ((r = load_report_print(
		      &result, options.json, options.sample_us > 0)) < 0)
		reason = "standard output";
	if (r == 0 && !result.connected)
		fprintf(stderr, "fcgi_load: no connection to %s\n",
		    options.connect);
	load_run_free(run);
	if (r < 0)
		return explain(reason, r);
	return result.connected ? EXIT_SUCCESS : EXIT_FAILURE;
}
