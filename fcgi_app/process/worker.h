/* SPDX-License-Identifier: MIT */
/* A worker process: an event loop, its reader and its connections. */
#ifndef FCGI_APP_PROCESS_WORKER_H
#define FCGI_APP_PROCESS_WORKER_H

struct action_modules;
struct listeners;
struct media_types;
struct options;
struct roots;
struct web_server_addrs;
struct worker_board;

/* What the master prepared and each worker inherits. */
struct worker_config {
	const struct options *options;
	const struct roots *roots;
	const struct media_types *media_types;
	const struct action_modules *action_modules;
	void **action_states; /* of dispatch_prepare() */
	const struct web_server_addrs *web_server_addrs;
	struct listeners *listeners;
	struct worker_board *board; /* shared; NULL for one worker */
};

/*
 * Serves until SIGTERM and the end of the running responses (at most
 * --drain-timeout, or SIGQUIT); returns the exit status of the
 * process. To be called once, in a process of its own. `number`: its place on
 * the board.
 */
int worker_run(const struct worker_config *config, unsigned int number);

#endif
