/* SPDX-License-Identifier: MIT */
/* The master process: keeps the workers alive. */
#ifndef FCGI_APP_PROCESS_MASTER_H
#define FCGI_APP_PROCESS_MASTER_H

struct worker_config;

/*
 * Returns the exit status: 0 after a stop that was asked for, 1 if no worker
 * ever came to serve. Starts --workers processes and replaces those that die,
 * after a pause that doubles while they die young. Reports "ready", in the log
 * and to systemd, when the first one serves. SIGTERM or SIGINT lets them
 * finish, a second one does not.
 */
int master_run(const struct worker_config *config);

#endif
