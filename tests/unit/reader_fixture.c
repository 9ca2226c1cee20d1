/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "tests/unit/reader_fixture.h"

#include <string.h>

#include "common/aio_file.h"
#include "common/chunk_pool.h"
#include "common/kernel_aio.h"
#include "tests/unit/real_file.h"
#include "tests/unit/unit.h"

static struct reader_fixture *current;

/* --- the kernel ----------------------------------------------------------- */

static int mock_submit(io_context_t context, long count, struct iocb **iocbs)
{
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
	.setup = io_setup,
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

	f->done++;
}

static void open_reader(struct reader_fixture *f, enum page_cache_mode mode)
{
	struct aio_reader_options options = {
		.loop = &f->loop,
		.pool = f->pool,
		.depth = 8,
		.pool_jobs = 2,
		.page_cache = mode,
		.calls = &mock_calls,
	};

	do {
		aio_reader_close(f->reader);
		uv_run(&f->loop, UV_RUN_DEFAULT);
		assert_int_equal(aio_reader_new(&options, &f->reader), 0);
		/* Others of this host may have all slots for a while. */
	} while (aio_reader_slots(f->reader) == 0);
}

void reader_fixture_open(
    struct reader_fixture *f, enum page_cache_mode mode, size_t buffers)
{
	memset(f, 0, sizeof(*f));
	current = f;
	assert_int_equal(uv_loop_init(&f->loop), 0);
	f->pool = chunk_pool_new(BUFFER, buffers * BUFFER);
	f->file = aio_file_new(&f->loop, real_file_make(".", FILE_SIZE), false);
	assert_non_null(f->file);
	f->file->size = FILE_SIZE;
	f->file->blocks = FILE_SIZE / 512 + 8;
	f->file->uses = 1;
	for (int i = 0; i < READS; i++) {
		f->reads[i].done = on_done;
		f->reads[i].context = f;
	}
	open_reader(f, mode);
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
}

bool reader_fixture_has_direct(struct reader_fixture *f)
{
	if (aio_file_open_direct(f->file) == 0) {
		f->file->direct = AIO_FILE_DIRECT_READY;
		return true;
	}
	print_message("# no direct I/O here\n");
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
