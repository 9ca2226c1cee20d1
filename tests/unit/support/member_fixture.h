/* SPDX-License-Identifier: MIT */
/* A member of a folder, and a source of it through a real reader. */
#ifndef TESTS_UNIT_SUPPORT_MEMBER_FIXTURE_H
#define TESTS_UNIT_SUPPORT_MEMBER_FIXTURE_H

#include <stdbool.h>

#include "common/stream/source.h"
#include "fcgi_app/members/member_list.h"
#include "fcgi_app/request/request_place.h"
#include "fcgi_app/request/services.h"
#include "fcgi_app/setup/options.h"
#include "tests/unit/support/open_fixture.h"

#define MEMBER_FIXTURE_BUFFER (64 << 10)
#define MEMBER_FIXTURE_SIZE (3 * MEMBER_FIXTURE_BUFFER + 777)
#define MEMBER_FIXTURE_NAME "root/docs/file"

struct chunk_pool;
struct member_folder;

struct member_fixture {
	struct open_fixture open;
	struct chunk_pool *pool;
	struct options options;
	struct services services;
	struct request_place place;
	struct member_folder *folder;
	struct member member;
	struct source *source; /* NULL: closed */
	unsigned int done;
	int error;
	struct source_chunk chunk;
	bool close_in_done;
};

/* For cmocka: *state is a struct member_fixture, whose file is there. */
int member_fixture_set_up(void **state);

/* Fails unless buffers and descriptors were all given back. */
int member_fixture_tear_down(void **state);

/* Writes the file anew, with the bytes of real_file_byte(). */
void member_fixture_make_file(void);

/* Takes what is at the file's name now for the member. */
void member_fixture_find(struct member_fixture *f);

/* A source of the member as it was found, opened the one way or the other. */
void member_fixture_open_source(struct member_fixture *f, bool is_local);

/* Harmless if it is closed. */
void member_fixture_close_source(struct member_fixture *f);

/* Reads, and waits for it: returns 1 with a chunk, or the error. */
int member_fixture_read(struct member_fixture *f, uint64_t offset,
    size_t length, struct source_chunk *ret_chunk);

/* Reads all of it; fails unless all bytes are right. */
void member_fixture_check_all(struct member_fixture *f);

#endif
