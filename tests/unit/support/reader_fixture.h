/* SPDX-License-Identifier: MIT */
/*
 * A reader on a real file. The kernel can be held back: what was submitted is
 * passed on when the test says so; it can refuse, and the results of some reads
 * are replaced.
 */
#ifndef TESTS_UNIT_SUPPORT_READER_FIXTURE_H
#define TESTS_UNIT_SUPPORT_READER_FIXTURE_H

#include <libaio.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "common/reader/aio_reader.h"

#define PAGE 4096
#define BUFFER (64 << 10)
#define FILE_SIZE ((8 << 20) + 777)
#define READS 16
#define HELD_MAX 64

struct reader_fixture {
	uv_loop_t loop;
	struct chunk_pool *pool;
	struct aio_reader *reader;
	struct aio_file *file;
	struct aio_read reads[READS];
	unsigned int done;
	unsigned int done_order[READS];
	unsigned int degraded;
	int degraded_error;
	/* The kernel's mock. */
	int setup_most; /* more slots are refused with EAGAIN */
	int setup_error;
	int submit_error;
	unsigned int submit_errors; /* so many times */
	long submit_most;           /* takes no more at once; 0: no limit */
	bool hold;
	io_context_t context;
	struct iocb *held[HELD_MAX];
	long held_count;
	long result; /* of the next `results` reads */
	unsigned int results;
	bool lacks_direct; /* reader_fixture_close() skips the test */
};

/* A file in `folder`, in memory; `buffers` of BUFFER bytes; no reader yet. */
void reader_fixture_make(
    struct reader_fixture *f, const char *folder, size_t buffers);

/* The reader, with as many slots as it asks for unless the mock refuses. */
void reader_fixture_open_reader(
    struct reader_fixture *f, enum page_cache_mode mode, unsigned int depth);

/* Both, with a cold file in the test's folder that one request has used. */
void reader_fixture_open(
    struct reader_fixture *f, enum page_cache_mode mode, size_t buffers);

/* Cancels all reads; nothing may be left. */
void reader_fixture_close(struct reader_fixture *f);

/*
 * Returns whether there is an O_DIRECT descriptor, which it makes. Without one
 * the test will be skipped as soon as the fixture is closed.
 */
bool reader_fixture_has_direct(struct reader_fixture *f);

/* Passes on what was held back; nothing is any more. */
void reader_fixture_let_go(struct reader_fixture *f);

/* Starts a read that has to wait, as if the file had been found cold. */
void reader_fixture_start(
    struct reader_fixture *f, int i, uint64_t offset, size_t length);

/* Runs the loop until so many reads, and no more, are done. */
void reader_fixture_run(struct reader_fixture *f, unsigned int count);

/* Fails unless the read has got these bytes of the file. */
void reader_fixture_check(
    const struct aio_read *read, uint64_t offset, size_t length);

/* What the reader has done. */
struct aio_reader_counts reader_fixture_counts(const struct reader_fixture *f);

#endif
