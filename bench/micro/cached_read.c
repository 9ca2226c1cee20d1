/* SPDX-License-Identifier: MIT */
/*
 * Reads of cached bytes for many streams in one turn of an event loop: one
 * preadv2(2) with RWF_NOWAIT for each stream, against one io_submit(2) with
 * aio_rw_flags = RWF_NOWAIT for all of them and one io_getevents(2).
 *
 *	cached_read FILE [ROUNDS]
 *
 * FILE must be on a disk and at least 64 MiB long; it is read into the page
 * cache first. Each stream has its own part of the file and its own buffer.
 * The two are run in turns, ROUNDS (21) times each; a line gives the medians of
 * the time of one read, in nanoseconds.
 */
#include "config.h"

#include <fcntl.h>
#include <libaio.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define STREAMS_MAX 64
#define LENGTH_MAX (256u << 10)
#define ROUNDS_MAX 1001
/* Bytes in one round: long enough for the clock. */
#define ROUND_BYTES (128u << 20)
#define ROUND_READS_MAX 20000

struct bench {
	int fd;
	uint64_t size;
	size_t length;
	unsigned int streams;
	unsigned int turns;
	io_context_t context;
	struct iocb iocbs[STREAMS_MAX];
	uint64_t offsets[STREAMS_MAX];
	void *buffers[STREAMS_MAX];
};

static void fail(const char *what)
{
	perror(what);
	exit(EXIT_FAILURE);
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

/* Each stream goes on through its own part of the file. */
static uint64_t next_offset(struct bench *bench, unsigned int stream)
{
	uint64_t part = bench->size / bench->streams;
	uint64_t offset = bench->offsets[stream];

	part -= part % bench->length;
	bench->offsets[stream] = (offset + bench->length) % part;
	return stream * part + offset;
}

static void turn_preadv2(struct bench *bench)
{
	for (unsigned int i = 0; i < bench->streams; i++) {
		struct iovec iov = { bench->buffers[i], bench->length };
		ssize_t n = preadv2(bench->fd, &iov, 1,
		    (off_t)next_offset(bench, i), RWF_NOWAIT);

		if (n != (ssize_t)bench->length)
			fail("preadv2: not all is cached");
	}
}

static void turn_submit(struct bench *bench)
{
	struct io_event events[STREAMS_MAX];
	struct iocb *list[STREAMS_MAX];
	long count = (long)bench->streams;

	for (unsigned int i = 0; i < bench->streams; i++) {
		list[i] = &bench->iocbs[i];
		io_prep_pread(list[i], bench->fd, bench->buffers[i],
		    bench->length, (long long)next_offset(bench, i));
		list[i]->aio_rw_flags = RWF_NOWAIT;
	}
	if (io_submit(bench->context, count, list) != count)
		fail("io_submit");
	if (io_getevents(bench->context, count, count, events, NULL) != count)
		fail("io_getevents");
	for (long i = 0; i < count; i++) {
		if (events[i].res != bench->length)
			fail("io_submit: not all is cached");
	}
}

/* Nanoseconds for one read. */
static double run(struct bench *bench, void (*turn)(struct bench *bench))
{
	double start;

	memset(bench->offsets, 0, sizeof(bench->offsets));
	start = now();
	for (unsigned int i = 0; i < bench->turns; i++)
		turn(bench);
	return (now() - start) / ((double)bench->turns * bench->streams);
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *values, unsigned int count)
{
	qsort(values, count, sizeof(*values), compare);
	return values[count / 2];
}

static void measure(struct bench *bench, unsigned int rounds)
{
	static double single[ROUNDS_MAX];
	static double batch[ROUNDS_MAX];
	unsigned int reads = (unsigned int)(ROUND_BYTES / bench->length);
	double a, b;

	if (reads > ROUND_READS_MAX)
		reads = ROUND_READS_MAX;
	bench->turns = reads / bench->streams;
	for (unsigned int i = 0; i < rounds; i++) {
		single[i] = run(bench, turn_preadv2);
		batch[i] = run(bench, turn_submit);
	}
	a = median(single, rounds);
	b = median(batch, rounds);
	printf("%8zu %8u %12.0f %12.0f %8.3f\n", bench->length, bench->streams,
	    a, b, b / a);
}

static void prepare(struct bench *bench, const char *name)
{
	struct stat st;
	int r;

	bench->fd = open(name, O_RDONLY | O_CLOEXEC);
	if (bench->fd < 0 || fstat(bench->fd, &st) < 0)
		fail(name);
	bench->size = (uint64_t)st.st_size;
	if (bench->size > (uint64_t)64 << 20)
		bench->size = (uint64_t)64 << 20;
	for (unsigned int i = 0; i < STREAMS_MAX; i++) {
		bench->buffers[i] = aligned_alloc(4096, LENGTH_MAX);
		if (!bench->buffers[i])
			fail("memory");
		memset(bench->buffers[i], 1, LENGTH_MAX);
	}
	for (uint64_t at = 0; at < bench->size; at += LENGTH_MAX) {
		if (pread(bench->fd, bench->buffers[0], LENGTH_MAX, (off_t)at) <
		    0)
			fail(name);
	}
	r = io_setup(STREAMS_MAX, &bench->context);
	if (r < 0) {
		fprintf(stderr, "io_setup: %s\n", strerror(-r));
		exit(EXIT_FAILURE);
	}
}

int main(int argc, char **argv)
{
	static const size_t lengths[] = { 4 << 10, 64 << 10, 256 << 10 };
	static const unsigned int streams[] = { 1, 16, 64 };
	static struct bench bench;
	unsigned int rounds = argc > 2 ? (unsigned int)atoi(argv[2]) : 21;

	if (argc < 2 || rounds == 0 || rounds > ROUNDS_MAX) {
		fprintf(stderr, "usage: cached_read FILE [ROUNDS]\n");
		return 2;
	}
	prepare(&bench, argv[1]);
	printf("  length  streams   preadv2/ns io_submit/ns    ratio\n");
	for (size_t i = 0; i < 3; i++) {
		for (size_t j = 0; j < 3; j++) {
			bench.length = lengths[i];
			bench.streams = streams[j];
			measure(&bench, rounds);
		}
	}
	io_destroy(bench.context);
	return 0;
}
