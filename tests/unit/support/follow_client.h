/* SPDX-License-Identifier: MIT */
/* Reads a follow_source, as the pump does, and keeps what comes. */
#ifndef TESTS_UNIT_SUPPORT_FOLLOW_CLIENT_H
#define TESTS_UNIT_SUPPORT_FOLLOW_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fcgi_app/actions/follow/follow_source.h"
#include "tests/unit/support/follow_fixture.h"

#define FOLLOW_CLIENT_TEXT 65536

/* A client, as the pump is one. */
struct follow_client {
	struct source *source;
	bool waits; /* for a read in flight */
	bool ended;
	int error;
	size_t takes; /* bytes of a chunk, at most; 0: all */
	uint64_t length;
	const char *wanted;
	char text[FOLLOW_CLIENT_TEXT + 1];
};

/* One of `file`, whose reference it takes over; on the heap. */
struct follow_client *follow_client_of(
    struct follow_file *file, const struct follow_plan *plan);

/* One of the file "a". */
struct follow_client *follow_client_open(
    struct follow_fixture *f, const struct follow_plan *plan);

/* It leaves, whatever is under way. */
void follow_client_close(struct follow_client *client);

/* One read. */
void follow_client_read(struct follow_client *client);

/* Reads as long as there is something at once. */
void follow_client_reads(struct follow_client *client);

/* The same; whether what was wanted has come. For follow_fixture_run(). */
bool follow_client_has(void *context);

/* Waits until just this has come, and no end. */
void follow_client_expect(
    struct follow_fixture *f, struct follow_client *client, const char *text);

/* Waits for the end: 0 or -errno. */
void follow_client_expect_end(
    struct follow_fixture *f, struct follow_client *client, int error);

#endif
