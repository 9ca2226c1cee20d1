/* SPDX-License-Identifier: MIT */
/* A file as a source, through a real reader on a file in this folder. */
#ifndef TESTS_UNIT_SUPPORT_SOURCE_FIXTURE_H
#define TESTS_UNIT_SUPPORT_SOURCE_FIXTURE_H

#include <stdint.h>
#include <sys/types.h>
#include <uv.h>

#include "common/reader/page_cache.h"
#include "common/stream/source.h"

#define BUFFER (64 << 10)
#define PAGE 4096
#define FILE_SIZE ((1 << 20) + 777)
#define MTIME 1000000000
#define SOURCE_FIXTURE_BUFFERS 12

struct source_fixture {
	uv_loop_t loop;
	struct chunk_pool *pool;
	struct aio_reader *reader;
	struct source *source;
	int fd; /* of the source's file, to change it */
	int fds_before;
	unsigned int done;
	int error;
	struct source_chunk chunk;
};

/* Returns one whose reader uses the page cache like this. */
struct source_fixture *source_fixture_new(enum page_cache_mode mode);

/* Makes one as a server does by default. */
int source_fixture_setup(void **state);

/* Fails unless buffers and descriptors were all given back. */
int source_fixture_teardown(void **state);

/* Opens the source of a new file; setup has opened one of FILE_SIZE. */
void source_fixture_open(struct source_fixture *f, uint64_t size);

void source_fixture_set_mtime(int fd, time_t seconds);

/* Reads, and waits for it: returns 1 with a chunk, or the error. */
int source_fixture_read(struct source_fixture *f, uint64_t offset,
    size_t length, struct source_chunk *ret_chunk);

void source_fixture_check(const struct source_chunk *chunk, uint64_t offset);

void source_fixture_release(
    struct source_fixture *f, struct source_chunk *chunk);

#endif
