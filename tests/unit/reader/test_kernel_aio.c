/* SPDX-License-Identifier: MIT */
/*
 * The queue before the kernel, on a kernel of our own: it keeps what is
 * submitted, and makes an event of it when the test says so.
 */
#include "config.h"
#include "common/reader/kernel_aio.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include "tests/unit/support/unit.h"

/* The largest batch: io_submit() calls of more are split. */
#define BATCH_MAX 64
#define READS 200
#define CALLS 32

struct fixture {
	uv_loop_t loop;
	struct kernel_aio aio;
	struct kernel_aio_read reads[READS];
	/* What the kernel answers. */
	int slots_most, setup_error;
	long submit_most; /* takes no more at once; 0: all */
	int submit_result;
	unsigned int refusals; /* it answers so many calls */
	long long result;
	/* What the kernel has seen. */
	unsigned int setups, destroys, calls;
	long batches[CALLS];
	struct iocb *in_kernel[READS];
	unsigned int submitted, completed, reaped; /* in all */
	/* What the user has done and seen. */
	unsigned int queued, done, refused, closed;
	long long done_result;
	struct kernel_aio_read *refused_reads[READS];
	int refused_error;
};

static struct fixture *current;

/* --- the kernel ----------------------------------------------------------- */

static int mock_setup(int slots, io_context_t *context)
{
	current->setups++;
	if (current->setup_error)
		return current->setup_error;
	if (slots > current->slots_most)
		return -EAGAIN;
	*context = (io_context_t)current;
	return 0;
}

static int mock_destroy(io_context_t context)
{
	(void)context;
	current->destroys++;
	return 0;
}

static int mock_submit(io_context_t context, long count, struct iocb **iocbs)
{
	struct fixture *f = current;

	assert_true(context == (io_context_t)f && f->calls < CALLS);
	f->batches[f->calls++] = count;
	if (f->refusals > 0) {
		f->refusals--;
		return f->submit_result;
	}
	if (f->submit_most && count > f->submit_most)
		count = f->submit_most;
	for (long i = 0; i < count; i++)
		f->in_kernel[f->submitted++] = iocbs[i];
	return (int)count;
}

static int mock_getevents(io_context_t context, long least, long most,
    struct io_event *events, struct timespec *timeout)
{
	struct fixture *f = current;
	int n = 0;

	(void)context;
	assert_true(least == 0 && !timeout->tv_sec && !timeout->tv_nsec);
	for (; n < most && f->reaped < f->completed; n++) {
		memset(&events[n], 0, sizeof(events[n]));
		events[n].obj = f->in_kernel[f->reaped++];
		events[n].res = (unsigned long)f->result;
	}
	return n;
}

static const struct kernel_aio_calls mock_calls = { mock_setup, mock_destroy,
	mock_submit, mock_getevents };

/* The oldest `count` reads in the kernel are done. */
static void complete(struct fixture *f, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		struct iocb *iocb = f->in_kernel[f->completed++];

		assert_true(f->completed <= f->submitted);
		assert_int_equal(eventfd_write((int)iocb->u.c.resfd, 1), 0);
	}
}

/* --- the user ------------------------------------------------------------- */

/* Queues the next `count` reads, each of its own place. */
static void queue(struct fixture *f, unsigned int count)
{
	for (; count > 0; count--) {
		unsigned int i = f->queued++;
		const struct kernel_aio_span span = { 1000 + (int)i,
			&f->reads[i], 4096 + i, (1LL << 40) + i };

		assert_true(i < READS);
		kernel_aio_read(&f->aio, &f->reads[i], &span);
	}
}

static void on_done(struct kernel_aio_read *read, long long result)
{
	/* The events come in order here. */
	assert_ptr_equal(&read->iocb, current->in_kernel[current->done++]);
	assert_true(read->in_kernel);
	current->done_result = result;
}

static void on_refused(struct kernel_aio_read *read, int error)
{
	assert_false(read->in_kernel);
	current->refused_reads[current->refused++] = read;
	current->refused_error = error;
}

static void on_closed(struct kernel_aio *aio)
{
	assert_ptr_equal(aio, &current->aio);
	current->closed++;
}

static const struct kernel_aio_ops ops = { on_done, on_refused, on_closed };

/* One turn of the loop: what is queued is submitted, events are taken. */
static void turn(struct fixture *f)
{
	uv_run(&f->loop, UV_RUN_NOWAIT);
}

/* A kernel that grants it all, with nothing seen so far. */
static void open_aio(struct fixture *f, unsigned int slots)
{
	f->calls = f->submitted = f->completed = f->reaped = 0;
	f->queued = f->done = f->refused = f->closed = f->destroys = 0;
	assert_int_equal(
	    kernel_aio_open(&f->aio, &f->loop, slots, &mock_calls, &ops), 0);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	current = f;
	f->slots_most = 65536;
	f->result = 4096;
	assert_int_equal(uv_loop_init(&f->loop), 0);
	*state = f;
	return 0;
}

static void close_aio(struct fixture *f)
{
	int event_fd = f->aio.event_fd;

	kernel_aio_close(&f->aio);
	assert_int_equal(f->closed, 0);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(f->closed, 1);
	assert_int_equal(f->destroys, f->aio.slots > 0);
	assert_int_equal(fcntl(event_fd, F_GETFD), -1);
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(uv_loop_close(&f->loop), 0);
	free(f);
	return 0;
}

/* All that is in the kernel comes back, and what waited goes the same way. */
static void finish(struct fixture *f, unsigned int count)
{
	for (unsigned int i = 0; i < 2 * READS && f->done < count; i++) {
		complete(f, f->submitted - f->completed);
		turn(f);
	}
	assert_int_equal(f->done, count);
	assert_int_equal(f->aio.in_flight, 0);
	close_aio(f);
}

/* --- tests ---------------------------------------------------------------- */

/* What is asked of the kernel, and what it answers. */
static void reads(void **state)
{
	static const long long results[] = { 0, 4096, -EIO };
	struct fixture *f = *state;

	open_aio(f, 8);
	queue(f, 3);
	turn(f);
	for (unsigned int i = 0; i < ARRAY_LENGTH(results); i++) {
		const struct iocb *iocb = f->in_kernel[i];

		assert_ptr_equal(iocb, &f->reads[i].iocb);
		assert_true(f->reads[i].in_kernel);
		assert_int_equal(iocb->aio_lio_opcode, IO_CMD_PREAD);
		assert_int_equal(iocb->aio_fildes, 1000 + i);
		assert_ptr_equal(iocb->u.c.buf, &f->reads[i]);
		assert_int_equal(iocb->u.c.nbytes, 4096 + i);
		assert_true(iocb->u.c.offset == (1LL << 40) + i);
		assert_int_equal(iocb->u.c.resfd, f->aio.event_fd);
		f->result = results[i];
		complete(f, 1);
		turn(f);
		assert_true(f->done_result == results[i]);
	}
	finish(f, 3);
}

static const struct {
	unsigned int slots, reads, fit;
	long takes; /* most in one call */
	unsigned int calls;
	long batches[4];
} batches[] = {
	{ 128, 1, 1, 0, 1, { 1 } },
	{ 128, BATCH_MAX, BATCH_MAX, 0, 1, { BATCH_MAX } },
	{ 128, BATCH_MAX + 1, BATCH_MAX + 1, 0, 2, { BATCH_MAX, 1 } },
	/* No more than there are slots. */
	{ 1, 5, 1, 0, 1, { 1 } },
	{ BATCH_MAX + 1, 100, BATCH_MAX + 1, 0, 2, { BATCH_MAX, 1 } },
	/* The kernel takes a part. */
	{ 128, 10, 10, 3, 4, { 10, 7, 4, 1 } },
	{ 5, 10, 5, 3, 2, { 5, 2 } },
};

static void submits_in_batches(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LENGTH(batches); i++) {
		f->submit_most = batches[i].takes;
		open_aio(f, batches[i].slots);
		queue(f, batches[i].reads);
		/* Nothing happens within the turn. */
		assert_int_equal(f->calls, 0);
		turn(f);
		turn(f);
		assert_int_equal(f->calls, batches[i].calls);
		assert_int_equal(f->aio.submits, batches[i].calls);
		assert_memory_equal(f->batches, batches[i].batches,
		    batches[i].calls * sizeof(long));
		assert_int_equal(f->submitted, batches[i].fit);
		/* One signal is enough for all events. */
		complete(f, batches[i].fit);
		turn(f);
		assert_int_equal(f->done, batches[i].fit);
		f->calls = 0;
		finish(f, batches[i].reads);
		for (unsigned int j = 0; j < batches[i].reads; j++)
			assert_ptr_equal(f->in_kernel[j], &f->reads[j].iocb);
	}
}

/* A kernel that is short of something gets better with a completion. */
static void waits_out_eagain(void **state)
{
	struct fixture *f = *state;

	open_aio(f, 8);
	queue(f, 1);
	turn(f);
	f->submit_result = -EAGAIN;
	f->refusals = 1;
	queue(f, 2);
	turn(f);
	turn(f);
	assert_int_equal(f->calls, 2);
	finish(f, 3);
	assert_int_equal(f->refused, 0);
}

static const struct {
	int result;
	bool in_flight;
	int error;
} refusals[] = {
	{ -EAGAIN, false, -EAGAIN },
	{ -EINVAL, false, -EINVAL },
	{ -EINVAL, true, -EINVAL },
	{ 0, false, -EIO },
};

/* Two calls fail: the first two reads are refused, the others go. */
static void refuses_one_by_one(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LENGTH(refusals); i++) {
		unsigned int before = refusals[i].in_flight ? 1 : 0;

		open_aio(f, 8);
		queue(f, before);
		turn(f);
		f->submit_result = refusals[i].result;
		f->refusals = 2;
		queue(f, 5);
		turn(f);
		assert_int_equal(f->refused, 2);
		assert_int_equal(f->refused_error, refusals[i].error);
		for (unsigned int j = 0; j < 2; j++)
			assert_ptr_equal(
			    f->refused_reads[j], &f->reads[before + j]);
		assert_int_equal(f->submitted, before + 3);
		finish(f, before + 3);
	}
}

static void unqueues(void **state)
{
	struct fixture *f = *state;

	open_aio(f, 8);
	queue(f, 3);
	kernel_aio_unqueue(&f->aio, &f->reads[1]);
	turn(f);
	assert_int_equal(f->submitted, 2);
	assert_ptr_equal(f->in_kernel[0], &f->reads[0].iocb);
	assert_ptr_equal(f->in_kernel[1], &f->reads[2].iocb);
	finish(f, 2);
}

static const struct {
	unsigned int slots;
	int most, error, result;
	unsigned int granted, setups;
} setups[] = {
	{ 128, 128, 0, 0, 128, 1 },
	{ 128, 20, 0, 0, 16, 4 },
	{ 100, 13, 0, 0, 12, 4 },
	{ 128, 1, 0, 0, 1, 8 },
	{ 128, 0, 0, -EAGAIN, 0, 8 },
	{ 128, 128, -ENOSYS, -ENOSYS, 0, 1 },
};

static void takes_fewer_slots(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LENGTH(setups); i++) {
		f->setups = f->destroys = f->closed = 0;
		f->slots_most = setups[i].most;
		f->setup_error = setups[i].error;
		assert_int_equal(kernel_aio_open(&f->aio, &f->loop,
				     setups[i].slots, &mock_calls, &ops),
		    setups[i].result);
		assert_int_equal(f->aio.slots, setups[i].granted);
		assert_int_equal(f->setups, setups[i].setups);
		close_aio(f);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	static const struct CMUnitTest tests[] = {
		TEST(reads),
		TEST(submits_in_batches),
		TEST(waits_out_eagain),
		TEST(refuses_one_by_one),
		TEST(unqueues),
		TEST(takes_fewer_slots),
	};

	return cmocka_run_group_tests_name("kernel_aio", tests, NULL, NULL);
}
