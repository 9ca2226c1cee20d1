/* SPDX-License-Identifier: MIT */
/* Prepared by the master, and inherited by each worker. */
#ifndef FCGI_APP_PROCESS_WORKER_CONFIG_H
#define FCGI_APP_PROCESS_WORKER_CONFIG_H

struct action_modules;
struct listeners;
struct media_types;
struct options;
struct roots;
struct web_server_addrs;
struct worker_board;

struct worker_config {
	const struct options *options;
	/* Each worker lets its own follow what is there: root_watch.c. */
	struct roots *roots;
	const struct media_types *media_types;
	const struct action_modules *action_modules;
	void **action_states; /* of dispatch_prepare() */
	const struct web_server_addrs *web_server_addrs;
	struct listeners *listeners;
	struct worker_board *board; /* shared */
};

#endif
