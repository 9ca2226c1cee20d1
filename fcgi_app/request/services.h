/* SPDX-License-Identifier: MIT */
/* What a worker lends to the requests it runs. */
#ifndef FCGI_APP_REQUEST_SERVICES_H
#define FCGI_APP_REQUEST_SERVICES_H

#include <uv.h>

#include "common/stream/stream_group.h"

struct action_modules;
struct aio_reader;
struct archive_service;
struct file_table;
struct follow_hub;
struct media_types;
struct memory_budget;
struct options;
struct probe_board;
struct roots;

/* One for each worker; everything in it outlives every request. */
struct services {
	uv_loop_t *loop;
	int process; /* the worker's id */
	const struct options *options;
	const struct roots *roots;
	const struct media_types *media_types;
	struct probe_board *probe_board; /* NULL without --probe */
	const struct action_modules *action_modules;
	struct aio_reader *reader;
	struct file_table *files;
	struct follow_hub *follow_hub;
	struct archive_service *archives;
	/* For the lists of files that answers are made of. */
	struct memory_budget *member_memory;
	struct stream_group streams;
};

#endif
