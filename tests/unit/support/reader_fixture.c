/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "tests/unit/support/reader_fixture.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "common/chunk_pool.h"
#include "common/file/aio_file.h"
#include "common/reader/kernel_aio.h"
#include "tests/unit/support/real_file.h"
#include "tests/unit/support/unit.h"

static struct reader_fixture *current;

/* --- the kernel ----------------------------------------------------------- */

static int mock_setup(int slots, io_context_t *context)
{
	if (current->setup_error)
		return current->setup_error;
	if (current->setup_most && slots > current->setup_most)
		return -EAGAIN;
	return io_setup(slots, context);
}

static int mock_submit(io_context_t context, long count, struct iocb **iocbs)
{
	if (current->submit_errors > 0) {
		current->submit_errors--;
		return current->submit_error;
	}
	if (current->submit_most && count > current->submit_most)
		count = current->submit_most;
	if (!current->hold)
		return io_submit(context, count, iocbs);
	current->context = context;
	for (long i = 0; i < count; i++)
		current->held[current->held_count++] = iocbs[i];
	return (int)count;
}

static int mock_getevents(io_context_t context, long least, long most,
    struct io_event *events, struct timespec *timeout)
{
	int n = io_getevents(context, least, most, events, timeout);

	for (int i = 0; i < n && current->results > 0; i++) {
		events[i].res = (unsigned long)current->result;
		current->results--;
	}
	return n;
}

static const struct kernel_aio_calls mock_calls = {
	.setup = mock_setup,
	.destroy = io_destroy,
	.submit = mock_submit,
	.getevents = mock_getevents,
};

void reader_fixture_let_go(struct reader_fixture *f)
{
	long done = 0;

	f->hold = false;
	while (done < f->held_count) {
		int n =
		    io_submit(f->context, f->held_count - done, f->held + done);

		assert_true(n > 0);
		done += n;
	}
	f->held_count = 0;
}

/* --- fixture -------------------------------------------------------------- */

static void on_done(struct aio_read *read)
{
	struct reader_fixture *f = read->context;

	f->done_order[f->done++ % READS] = (unsigned int)(read - f->reads);
}

static void on_degraded(void *context, int error)
{
	struct reader_fixture *f = context;

	f->degraded++;
	f->degraded_error = error;
}

/* The host's slots are shared: other tests may hold all of them for a while. */
static void wait_for_slots(int slots)
{
	io_context_t context = NULL;
	int tries = 20000;

	while (io_setup(slots, &context) == -EAGAIN && --tries > 0)
		usleep(1000);
	assert_non_null(context);
	io_destroy(context);
}

void reader_fixture_open_reader(
    struct reader_fixture *f, enum page_cache_mode mode, unsigned int depth)
{
	const struct aio_reader_options options = {
		.loop = &f->loop,
		.pool = f->pool,
		.depth = depth,
		.pool_jobs = 2,
		.page_cache = mode,
		.calls = &mock_calls,
		.degraded = on_degraded,
		.context = f,
	};

	for (;;) {
		if (!f->setup_error)
			wait_for_slots(2 * (int)depth);
		assert_int_equal(aio_reader_new(&options, &f->reader), 0);
		if (f->setup_error || aio_reader_slots(f->reader) > 0)
			break;
		/* They went to somebody else in between. */
		aio_reader_close(f->reader);
		uv_run(&f->loop, UV_RUN_DEFAULT);
	}
}

void reader_fixture_make(
    struct reader_fixture *f, const char *folder, size_t buffers)
{
	memset(f, 0, sizeof(*f));
	current = f;
	assert_int_equal(uv_loop_init(&f->loop), 0);
	f->pool = chunk_pool_new(BUFFER, buffers * BUFFER);
	f->file =
	    aio_file_new(&f->loop, real_file_make(folder, FILE_SIZE), false);
	assert_non_null(f->file);
	for (int i = 0; i < READS; i++) {
		f->reads[i].done = on_done;
		f->reads[i].context = f;
	}
}

void reader_fixture_open(
    struct reader_fixture *f, enum page_cache_mode mode, size_t buffers)
{
	reader_fixture_make(f, ".", buffers);
	f->file->size = FILE_SIZE;
	f->file->blocks = FILE_SIZE / 512 + 8;
	f->file->uses = 1;
	reader_fixture_open_reader(f, mode, 8);
	real_file_make_cold(f->file->fd);
}

void reader_fixture_close(struct reader_fixture *f)
{
	for (int i = 0; i < READS; i++)
		aio_reader_cancel(f->reader, &f->reads[i]);
	if (f->hold)
		reader_fixture_let_go(f);
	aio_reader_close(f->reader);
	aio_file_unref(f->file);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&f->loop), 0);
	assert_int_equal(chunk_pool_borrowed(f->pool), 0);
	chunk_pool_free(f->pool);
	if (f->lacks_direct)
		skip();
}

bool reader_fixture_has_direct(struct reader_fixture *f)
{
	if (f->file->direct_fd >= 0 || aio_file_open_direct(f->file) == 0) {
		f->file->direct = AIO_FILE_DIRECT_READY;
		return true;
	}
	f->lacks_direct = true;
	return false;
}

void reader_fixture_start(
    struct reader_fixture *f, int i, uint64_t offset, size_t length)
{
	/* As if the file had been found cold before. */
	f->file->cold_reads = 1;
	assert_int_equal(
	    aio_reader_read(f->reader, f->file, &f->reads[i], offset, length),
	    0);
}

void reader_fixture_run(struct reader_fixture *f, unsigned int count)
{
	while (f->done < count)
		uv_run(&f->loop, UV_RUN_ONCE);
	assert_int_equal(f->done, count);
}

void reader_fixture_check(
    const struct aio_read *read, uint64_t offset, size_t length)
{
	assert_int_equal(read->error, 0);
	assert_int_equal(read->length, length);
	for (size_t i = 0; i < length; i++)
		if (read->data[i] != real_file_byte(offset + i))
			fail_msg(
			    "byte %zu at %ju is wrong", i, (uintmax_t)offset);
}

struct aio_reader_counts reader_fixture_counts(const struct reader_fixture *f)
{
	return aio_reader_counts(f->reader);
}
