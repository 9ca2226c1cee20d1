/* SPDX-License-Identifier: MIT */
/*
 * fcgi-stream-doctor, which "fcgi-stream doctor" starts: examines the front
 * server of a fcgi-stream, and reports how to mend what is wrong.
 *
 *	main           the command line, the first contact, the order of checks:
 *	               the quick ones first; all are made, whatever is found
 *	doctor_checks  what a front does to answers
 *	doctor_leave   what it does when a client leaves or takes nothing
 *	doctor_advice  what to change, for each front
 *	doctor_probe   asks the action probe, by
 *	doctor_http    libcurl, with addresses made by
 *	doctor_url
 */
#include "config.h"

#include <argp.h>
#include <curl/curl.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/parse_number.h"
#include "doctor/doctor_checks.h"
#include "doctor/doctor_leave.h"
#include "doctor/doctor_probe.h"
#include "fcgi_app/actions/probe/probe_query.h"

/* A pause of the probe must fit into the timeout. */
#define TIMEOUT_MIN_MS (2 * PROBE_PAUSE_MAX_MS)
#define TIMEOUT_MAX_MS ((uint64_t)3600 * 1000)
#define TIMEOUT_MS ((uint64_t)30000)
/* So many bytes of a server's text are printed. */
#define SHOWN_MAX 512

/* --- the command line ----------------------------------------------------- */

const char *argp_program_version = PACKAGE_STRING;

enum { KEY_TIMEOUT = 256 };

static const struct argp_option argp_options[] = {
	{ "insecure", 'k', NULL, 0, "Take any certificate of an https URL", 0 },
	{ "timeout", KEY_TIMEOUT, "TIME", 0, "For each request (30s)", 0 },
	{ 0 },
};

static const char doc[] =
    "Finds out what the front server at URL does to the answers of a "
    "fcgi-stream behind it, and says how to mend what is wrong."
    "\v"
    "URL is a location that this fcgi-stream serves files in; it must have "
    "been started with --probe. TIME takes s, m or h, seconds without.\n\n"
    "Exit status: 0 if all is well, 1 if something should be mended, 2 if "
    "nothing could be examined.";

static void set_url(
    struct doctor *doctor, const char *url, struct argp_state *state)
{
	int r;

	if (*doctor->base)
		argp_error(state, "%s: more than one URL", url);
	r = doctor_url_base(url, doctor->base);
	if (r == -ENOSPC)
		argp_error(
		    state, "the URL is over %d bytes", DOCTOR_URL_MAX - 1);
	else if (r < 0)
		argp_error(state, "%s: not an http or https URL", url);
}

static void set_timeout(
    struct doctor *doctor, const char *text, struct argp_state *state)
{
	uint64_t ms = 0;

	if (parse_duration(text, &ms) < 0 || ms < TIMEOUT_MIN_MS ||
	    ms > TIMEOUT_MAX_MS)
		argp_error(
		    state, "--timeout=%s: not a time from 10s to 1h", text);
	doctor->http.timeout_ms = ms;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct doctor *doctor = state->input;

	switch (key) {
	case 'k':
		doctor->http.insecure = true;
		return 0;
	case KEY_TIMEOUT:
		set_timeout(doctor, arg, state);
		return 0;
	case ARGP_KEY_ARG:
		set_url(doctor, arg, state);
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state,
		    "URL is missing: give a location of the front server");
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static void parse_command_line(struct doctor *doctor, int argc, char **argv)
{
	static const struct argp argp = {
		.options = argp_options,
		.parser = parse_option,
		.args_doc = "URL",
		.doc = doc,
	};
	static char name[] = "fcgi-stream doctor";

	argv[0] = name;
	argp_err_exit_status = DOCTOR_EXIT_NO_ANSWER;
	argp_parse(&argp, argc, argv, 0, NULL, doctor);
}

/* --- the first contact ---------------------------------------------------- */

static const char *meaning(long status)
{
	switch (status) {
	case 404:
		return "The probe is off, or this location is not served by "
		       "fcgi-stream.\nStart fcgi-stream with --probe, and give "
		       "the URL of a location that it serves files in.";
	case 401:
	case 403:
		return "The front server or fcgi-stream does not let the "
		       "doctor in. The probe may be off:\nstart fcgi-stream "
		       "with "
		       "--probe, and let this machine in.";
	case 500:
		return "The log of fcgi-stream and that of the front server "
		       "say why. In nginx the location may\nlack \"include "
		       "fastcgi_params;\".";
	case 502:
	case 503:
	case 504:
		return "The front server gets no answer from fcgi-stream. Is "
		       "it "
		       "running, at the address\nthat the front connects to? "
		       "May the front write to its socket?";
	}
	return "This is not an answer of the probe. Give the URL of a location "
	       "that fcgi-stream serves\nfiles in, and start fcgi-stream with "
	       "--probe.";
}

static void explain(
    const struct doctor *doctor, struct doctor_http_exchange *exchange)
{
	const char *error = doctor_http_error(exchange);
	const char *location = doctor_http_field(exchange, "Location");
	long status = doctor_http_status(exchange);
	char base[DOCTOR_URL_MAX], text[SHOWN_MAX];

	strcpy(base, doctor->base);
	fprintf(stderr, "fcgi-stream doctor: %s: ", doctor_defuse(base));
	/* libcurl's text may repeat what a server sent. */
	snprintf(text, sizeof(text), "%s", error ? error : "");
	doctor_defuse(text);
	if (error && status == 0) {
		fprintf(stderr, "cannot connect, or no answer: %s\n", text);
	} else if (status >= 300 && status < 400 && location) {
		snprintf(text, sizeof(text), "%s", location);
		fprintf(stderr, "status %ld: leads to %s\nGive that URL.\n",
		    status, doctor_defuse(text));
	} else {
		fprintf(stderr, "status %ld%s%s\n%s\n", status,
		    error ? ", " : "", text, meaning(status));
	}
}

/* The server that speaks FastCGI counts; another may answer the client. */
static void identify(struct doctor *doctor, const json_t *echo,
    const struct doctor_http_exchange *exchange)
{
	const char *software =
	    doctor_string(json_object_get(echo, "params"), "SERVER_SOFTWARE");
	const char *server = doctor_http_field(exchange, "Server");
	const char *name = *software ? software : server;
	char text[SHOWN_MAX];

	doctor->front = doctor_front_find(name);
	snprintf(text, sizeof(text), "%s", name ? name : "sends no name");
	fprintf(doctor->out, "front server: %s", doctor_defuse(text));
	if (*software && server && doctor_front_find(server) != doctor->front) {
		snprintf(text, sizeof(text), "%s", server);
		fprintf(doctor->out, ", behind %s", doctor_defuse(text));
	}
	snprintf(text, sizeof(text), "%s", doctor_string(echo, "version"));
	fprintf(doctor->out, "\nfcgi-stream:  %s\n\n", doctor_defuse(text));
}

/* --- the examination ------------------------------------------------------ */

static void check_all(struct doctor *doctor, const json_t *echo)
{
	doctor_check_path(doctor, echo);
	doctor_check_root(doctor, echo);
	doctor_check_length(doctor);
	doctor_check_ranges(doctor);
	doctor_check_conditions(doctor);
	doctor_check_heads(doctor);
	doctor_check_cut(doctor);
	doctor_check_buffering(doctor);
	doctor_check_flood(doctor);
	doctor_check_idle(doctor);
}

static int summarize(const struct doctor *doctor)
{
	fprintf(doctor->out, "\n%u %s, %u %s\n", doctor->problems,
	    doctor->problems == 1 ? "problem" : "problems", doctor->remarks,
	    doctor->remarks == 1 ? "remark" : "remarks");
	return doctor->problems > 0 ? DOCTOR_EXIT_FOUND : DOCTOR_EXIT_WELL;
}

static int examine(struct doctor *doctor)
{
	const struct doctor_question question = {
		.below = "",
		.query = "test=echo",
	};
	struct doctor_http_exchange *exchange = doctor_ask(doctor, &question);
	json_t *echo = doctor_json(exchange);

	if (!echo) {
		explain(doctor, exchange);
		doctor_http_free(exchange);
		return DOCTOR_EXIT_NO_ANSWER;
	}
	identify(doctor, echo, exchange);
	doctor_http_free(exchange);
	check_all(doctor, echo);
	json_decref(echo);
	return summarize(doctor);
}

int main(int argc, char **argv)
{
	struct doctor doctor = {
		.out = stdout,
		.http.timeout_ms = TIMEOUT_MS,
	};
	int status;

	parse_command_line(&doctor, argc, argv);
	/* A front may close while something is sent (CURLOPT_NOSIGNAL). */
	signal(SIGPIPE, SIG_IGN);
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return DOCTOR_EXIT_NO_ANSWER;
	status = examine(&doctor);
	curl_global_cleanup();
	return status;
}
