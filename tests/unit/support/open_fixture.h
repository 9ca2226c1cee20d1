/* SPDX-License-Identifier: MIT */
/* A folder for files to be opened in, and a loop of libuv to do it with. */
#ifndef TESTS_UNIT_SUPPORT_OPEN_FIXTURE_H
#define TESTS_UNIT_SUPPORT_OPEN_FIXTURE_H

#include <uv.h>

#include "common/file/file_open.h"

struct open_fixture {
	char folder[64];
	uv_loop_t loop;
	int root_fd;
	int descriptors; /* that are open before anything is */
};

/* How an open went. */
struct open_outcome {
	int calls;
	struct file_open_result result;
};

/*
 * Makes a temporary folder with a folder "root" in it, which becomes root_fd,
 * and goes there. Whoever waits for more than a minute is killed. 0 or -1.
 */
int open_fixture_init(struct open_fixture *fixture);

/* To be called when "root" is filled. */
void open_fixture_ready(struct open_fixture *fixture);

/* Removes the folder. 0 or -1. */
int open_fixture_fini(struct open_fixture *fixture);

/* A file_open_done_fn; `context` is a struct open_outcome. */
void open_fixture_done(void *context, const struct file_open_result *result);

/*
 * Fails unless file_open_now() says the same as the thread pool did, or that it
 * does not know. The target must not have changed since.
 */
void open_fixture_compare(const struct file_open_target *target,
    const struct file_open_result *expected);

#endif
