/* SPDX-License-Identifier: MIT */
/* A worker process: an event loop, its reader and its connections. */
#ifndef FCGI_APP_PROCESS_WORKER_H
#define FCGI_APP_PROCESS_WORKER_H

#include "fcgi_app/process/worker_config.h"

/*
 * Serves until SIGTERM and the end of the running responses (at most
 * --drain-timeout, or SIGQUIT); returns the exit status of the
 * process. To be called once, in a process of its own. `number`: its place on
 * the board.
 */
int worker_run(const struct worker_config *config, unsigned int number);

#endif
