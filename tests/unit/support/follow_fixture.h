/* SPDX-License-Identifier: MIT */
/* A hub on a loop, and a folder of real files that grow. */
#ifndef TESTS_UNIT_SUPPORT_FOLLOW_FIXTURE_H
#define TESTS_UNIT_SUPPORT_FOLLOW_FIXTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "fcgi_app/actions/follow/follow_file.h"

#define FOLLOW_FIXTURE_CHUNK (16 << 10)
/* In milliseconds. */
#define FOLLOW_FIXTURE_ROTATE 200

struct follow_fixture {
	uv_loop_t loop;
	struct chunk_pool *pool;
	struct aio_reader *reader;
	struct follow_hub *hub;
	char folder[32];
	int folder_fd;
	int fds_before;
	const char *marker; /* of files that are opened, or NULL */
	bool is_remote;     /* so they are: they can't be watched */
};

int follow_fixture_setup(void **state);

/* In every test: buffers, descriptors and watches are all given back. */
int follow_fixture_teardown(void **state);

/* The file of this name, with a reference for the caller. */
struct follow_file *follow_fixture_open(
    struct follow_fixture *f, const char *name);

/* One that was "a" before `next`, or NULL, which the caller keeps. */
struct follow_file *follow_fixture_open_past(
    struct follow_fixture *f, const char *name, struct follow_file *next);

/* Opens it for a test of its own; the descriptor is the caller's. */
struct file_open_result follow_fixture_result(
    struct follow_fixture *f, const char *name);

/* Appends a text to a file, which is made if it is not there. */
void follow_fixture_append(
    struct follow_fixture *f, const char *name, const char *text);

void follow_fixture_cut(
    struct follow_fixture *f, const char *name, uint64_t size);
void follow_fixture_rename(
    struct follow_fixture *f, const char *from, const char *to);
void follow_fixture_remove(struct follow_fixture *f, const char *name);

/* Runs the loop until the condition is true; fails after some seconds. */
void follow_fixture_run(
    struct follow_fixture *f, bool (*is_true)(void *context), void *context);

/* Runs the loop for so many milliseconds. */
void follow_fixture_wait(struct follow_fixture *f, unsigned int ms);

/* How many inotify(7) watches this process has. */
unsigned int follow_fixture_watches(void);

#endif
