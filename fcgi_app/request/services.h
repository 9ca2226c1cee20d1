/* SPDX-License-Identifier: MIT */
/* What a worker lends to the requests it runs. */
#ifndef FCGI_APP_REQUEST_SERVICES_H
#define FCGI_APP_REQUEST_SERVICES_H

#include <uv.h>

#include "common/stream/stream_group.h"
#include "common/turn_end.h"

struct action_modules;
struct aio_reader;
struct file_table;
struct media_types;
struct memory_budget;
struct options;
struct param_check;
struct roots;

/* One for each worker; everything in it outlives every request. */
struct services {
	uv_loop_t *loop;
	int process; /* the worker's id */
	const struct options *options;
	const struct roots *roots;
	const struct media_types *media_types;
	const struct action_modules *action_modules;
	void **action_states; /* of dispatch.c */
	struct aio_reader *reader;
	struct file_table *files;
	/* For the lists of files that answers are made of, and compressors. */
	struct memory_budget *member_memory;
	struct stream_group streams;
	struct param_check *param_check;
	/* Requests that are over, and what goes with them. */
	struct turn_ends ends;
};

#endif
