/* SPDX-License-Identifier: MIT */
/* Unit tests of common/stream/source_fd. */
#include "config.h"
#include "common/stream/source_fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/stream/source.h"
#include "tests/unit/support/unit.h"

#define CHUNK 1000
#define NOTHING_YET 1

struct fixture {
	uv_loop_t loop;
	int ours;
	int theirs;
	struct source *source;
	int result; /* of a read in flight */
	struct source_chunk chunk;
	bool close_when_done;
};

static void on_done(void *context, int error, const struct source_chunk *chunk)
{
	struct fixture *f = context;

	assert_int_equal(f->result, NOTHING_YET);
	f->result = error;
	if (error == 0)
		f->chunk = *chunk;
	if (f->close_when_done) {
		f->source->ops->release(f->source, &f->chunk);
		f->source->ops->close(f->source);
		f->source = NULL;
	}
}

static void make_source(struct fixture *f)
{
	assert_int_equal(
	    source_fd_new(&f->loop, f->ours, CHUNK, &f->source), 0);
	f->source->done = on_done;
	f->source->context = f;
	f->result = NOTHING_YET;
}

static struct fixture *setup_loop(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	assert_int_equal(uv_loop_init(&f->loop), 0);
	f->theirs = -1;
	*state = f;
	return f;
}

static int setup_pipe(void **state)
{
	struct fixture *f = setup_loop(state);
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	f->ours = ends[0];
	f->theirs = ends[1];
	make_source(f);
	return 0;
}

static int setup_socket(void **state)
{
	struct fixture *f = setup_loop(state);
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	f->ours = ends[0];
	f->theirs = ends[1];
	make_source(f);
	return 0;
}

/* A FIFO that nobody writes to yet. */
static int setup_fifo(void **state)
{
	struct fixture *f = setup_loop(state);
	char folder[] = "/tmp/fs-fifo-XXXXXX";
	char path[sizeof(folder) + 8];

	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/fifo", folder);
	assert_int_equal(mkfifo(path, 0600), 0);
	f->ours = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	assert_true(f->ours >= 0);
	make_source(f);
	unlink(path);
	rmdir(folder);
	return 0;
}

static void close_theirs(struct fixture *f)
{
	if (f->theirs >= 0)
		close(f->theirs);
	f->theirs = -1;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	close_theirs(f);
	if (f->source)
		f->source->ops->close(f->source);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&f->loop), 0);
	assert_int_equal(fcntl(f->ours, F_GETFD), -1);
	free(f);
	return 0;
}

static void send_text(struct fixture *f, const char *text)
{
	assert_int_equal(write(f->theirs, text, strlen(text)), strlen(text));
}

static int read_at(struct fixture *f, uint64_t offset, size_t length)
{
	return f->source->ops->read(f->source, offset, length, &f->chunk);
}

static void check_chunk(struct fixture *f, const char *text, size_t taken)
{
	assert_int_equal(f->chunk.length, strlen(text));
	assert_memory_equal(f->chunk.data ? (const char *)f->chunk.data : "",
	    text, strlen(text));
	f->chunk.taken = taken;
	f->source->ops->release(f->source, &f->chunk);
}

/* Until the read in flight has a result. */
static void wait_result(struct fixture *f, int result)
{
	while (f->result == NOTHING_YET)
		uv_run(&f->loop, UV_RUN_ONCE);
	assert_int_equal(f->result, result);
	f->result = NOTHING_YET;
}

static void what_is_there_is_read_at_once(void **state)
{
	struct fixture *f = *state;

	assert_true(f->source->forgets);
	assert_true(f->source->size == SOURCE_SIZE_UNKNOWN);
	send_text(f, "abcdef");
	assert_int_equal(read_at(f, 0, 4), 1);
	assert_false(f->chunk.fetched);
	check_chunk(f, "abcd", 4);
	assert_int_equal(read_at(f, 4, 100), 1);
	check_chunk(f, "ef", 2);
}

static void what_was_not_taken_comes_again(void **state)
{
	struct fixture *f = *state;

	send_text(f, "abcdef");
	assert_int_equal(read_at(f, 0, 100), 1);
	check_chunk(f, "abcdef", 2);
	assert_int_equal(read_at(f, 2, 100), 1);
	check_chunk(f, "cdef", 3);
	assert_int_equal(read_at(f, 5, 100), 1);
	/* The offset alone says it as well. */
	check_chunk(f, "f", 0);
	send_text(f, "g");
	assert_int_equal(read_at(f, 6, 100), 1);
	check_chunk(f, "g", 1);
}

static void a_shorter_read_gets_a_part_of_what_is_kept(void **state)
{
	struct fixture *f = *state;

	send_text(f, "abcdef");
	assert_int_equal(read_at(f, 0, 100), 1);
	check_chunk(f, "abcdef", 0);
	assert_int_equal(read_at(f, 0, 2), 1);
	check_chunk(f, "ab", 2);
	assert_int_equal(read_at(f, 2, 2), 1);
	check_chunk(f, "cd", 2);
}

static void a_chunk_has_its_size_at_most(void **state)
{
	struct fixture *f = *state;
	char bytes[CHUNK + 1];

	memset(bytes, 'x', sizeof(bytes));
	assert_int_equal(write(f->theirs, bytes, sizeof(bytes)), CHUNK + 1);
	assert_int_equal(read_at(f, 0, SIZE_MAX), 1);
	assert_int_equal(f->chunk.length, CHUNK);
	f->chunk.taken = CHUNK;
	f->source->ops->release(f->source, &f->chunk);
	assert_int_equal(read_at(f, CHUNK, SIZE_MAX), 1);
	check_chunk(f, "x", 1);
}

static void a_read_waits_for_bytes(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(read_at(f, 0, 100), 0);
	uv_run(&f->loop, UV_RUN_NOWAIT);
	assert_int_equal(f->result, NOTHING_YET);
	send_text(f, "late");
	wait_result(f, 0);
	assert_true(f->chunk.fetched);
	check_chunk(f, "late", 4);
	/* Nothing is polled while nobody reads. */
	send_text(f, "more");
	assert_false(uv_loop_alive(&f->loop));
}

static void the_end_is_a_chunk_of_no_bytes(void **state)
{
	struct fixture *f = *state;

	send_text(f, "last");
	close_theirs(f);
	assert_int_equal(read_at(f, 0, 100), 1);
	check_chunk(f, "last", 4);
	assert_int_equal(read_at(f, 4, 100), 1);
	check_chunk(f, "", 0);
}

static void a_waiting_read_sees_the_end(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(read_at(f, 0, 100), 0);
	close_theirs(f);
	wait_result(f, 0);
	check_chunk(f, "", 0);
}

static void a_reset_is_an_error(void **state)
{
	struct fixture *f = *state;

	/* Who closes with bytes unread resets the connection. */
	assert_int_equal(write(f->ours, "unread", 6), 6);
	assert_int_equal(read_at(f, 0, 100), 0);
	close_theirs(f);
	wait_result(f, -EREMOTEIO);
}

static void a_fifo_waits_for_its_first_writer(void **state)
{
	struct fixture *f = *state;
	char path[64];

	assert_int_equal(read_at(f, 0, 100), 0);
	uv_run(&f->loop, UV_RUN_NOWAIT);
	assert_int_equal(f->result, NOTHING_YET);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", f->ours);
	f->theirs = open(path, O_WRONLY | O_CLOEXEC);
	assert_true(f->theirs >= 0);
	uv_run(&f->loop, UV_RUN_NOWAIT);
	assert_int_equal(f->result, NOTHING_YET);
	send_text(f, "hello");
	wait_result(f, 0);
	check_chunk(f, "hello", 5);
	close_theirs(f);
	assert_int_equal(read_at(f, 5, 100), 1);
	check_chunk(f, "", 0);
}

static void a_fifo_whose_writer_came_and_went_has_ended(void **state)
{
	struct fixture *f = *state;
	char path[64];

	assert_int_equal(read_at(f, 0, 100), 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", f->ours);
	f->theirs = open(path, O_WRONLY | O_CLOEXEC);
	assert_true(f->theirs >= 0);
	close_theirs(f);
	wait_result(f, 0);
	check_chunk(f, "", 0);
}

static void a_cancelled_read_has_no_result(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(read_at(f, 0, 100), 0);
	f->source->ops->cancel(f->source);
	send_text(f, "late");
	uv_run(&f->loop, UV_RUN_NOWAIT);
	assert_int_equal(f->result, NOTHING_YET);
	assert_int_equal(read_at(f, 0, 100), 1);
	check_chunk(f, "late", 4);
}

static void it_may_be_closed_when_a_read_is_done(void **state)
{
	struct fixture *f = *state;

	f->close_when_done = true;
	assert_int_equal(read_at(f, 0, 100), 0);
	send_text(f, "x");
	wait_result(f, 0);
	assert_null(f->source);
}

static void what_cannot_be_polled_is_refused(void **state)
{
	struct source *source = NULL;
	uv_loop_t loop;
	FILE *file = tmpfile();

	(void)state;
	assert_non_null(file);
	assert_int_equal(uv_loop_init(&loop), 0);
	assert_int_equal(
	    source_fd_new(&loop, fileno(file), CHUNK, &source), -EPERM);
	assert_int_equal(source_fd_new(&loop, -1, CHUNK, &source), -EBADF);
	assert_int_equal(source_fd_new(&loop, 0, 0, &source), -EINVAL);
	assert_int_equal(
	    source_fd_new(&loop, 0, SOURCE_FD_CHUNK_MAX + 1, &source), -EINVAL);
	assert_null(source);
	assert_int_equal(uv_loop_close(&loop), 0);
	fclose(file);
}

static void the_longest_chunk_is_allowed(void **state)
{
	struct source *source = NULL;
	uv_loop_t loop;
	int ends[2];

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(uv_loop_init(&loop), 0);
	assert_int_equal(
	    source_fd_new(&loop, ends[0], SOURCE_FD_CHUNK_MAX, &source), 0);
	source->ops->close(source);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
	close(ends[1]);
}

#define TEST(name, kind) \
	cmocka_unit_test_setup_teardown(name, setup_##kind, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(what_is_there_is_read_at_once, pipe),
		TEST(what_is_there_is_read_at_once, socket),
		TEST(what_was_not_taken_comes_again, pipe),
		TEST(a_shorter_read_gets_a_part_of_what_is_kept, pipe),
		TEST(a_chunk_has_its_size_at_most, pipe),
		TEST(a_read_waits_for_bytes, pipe),
		TEST(a_read_waits_for_bytes, socket),
		TEST(the_end_is_a_chunk_of_no_bytes, pipe),
		TEST(the_end_is_a_chunk_of_no_bytes, socket),
		TEST(a_waiting_read_sees_the_end, pipe),
		TEST(a_waiting_read_sees_the_end, socket),
		TEST(a_reset_is_an_error, socket),
		TEST(a_fifo_waits_for_its_first_writer, fifo),
		TEST(a_fifo_whose_writer_came_and_went_has_ended, fifo),
		TEST(a_cancelled_read_has_no_result, pipe),
		TEST(it_may_be_closed_when_a_read_is_done, pipe),
		cmocka_unit_test(what_cannot_be_polled_is_refused),
		cmocka_unit_test(the_longest_chunk_is_allowed),
	};

	return cmocka_run_group_tests_name("source_fd", tests, NULL, NULL);
}
