/* SPDX-License-Identifier: MIT */
/* Kernel AIO on an event loop (io_setup(2), io_submit(2), eventfd(2)). */
#ifndef COMMON_READER_KERNEL_AIO_H
#define COMMON_READER_KERNEL_AIO_H

#include <libaio.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>
#include <uv.h>

struct kernel_aio;
struct kernel_aio_read;

/* The system calls that it makes, as libaio has them: -errno, not errno. */
struct kernel_aio_calls {
	int (*setup)(int slots, io_context_t *context);
	int (*destroy)(io_context_t context);
	int (*submit)(io_context_t context, long count, struct iocb **iocbs);
	int (*getevents)(io_context_t context, long least, long most,
	    struct io_event *events, struct timespec *timeout);
};

/* libaio's own. */
extern const struct kernel_aio_calls kernel_aio_libaio;

/* What happens to reads; called from the loop, never from kernel_aio_read(). */
struct kernel_aio_ops {
	/* The read is done: bytes read, or -errno. */
	void (*done)(struct kernel_aio_read *read, long long result);
	/* The kernel would not take it (-errno); it never started. */
	void (*refused)(struct kernel_aio_read *read, int error);
	/* After kernel_aio_close(): `aio` may be freed. */
	void (*closed)(struct kernel_aio *aio);
};

/*
 * A read, embedded in its asker; the kernel has a pointer to it from its
 * submission to its event.
 */
struct kernel_aio_read {
	TAILQ_ENTRY(kernel_aio_read) link;
	struct iocb iocb;
	/* In flight, no longer in the queue. */
	bool in_kernel;
};

/* Embedded by value. */
struct kernel_aio {
	const struct kernel_aio_calls *calls;
	const struct kernel_aio_ops *ops;
	io_context_t context;
	int event_fd;
	/* How many reads may be in flight, and how many are. */
	unsigned int slots;
	unsigned int in_flight;
	/* Calls of io_submit(2). */
	uint64_t submits;
	unsigned int open_handles;
	TAILQ_HEAD(, kernel_aio_read) queue;
	uv_prepare_t prepare; /* active while the queue is to be submitted */
	uv_poll_t poll;
};

/*
 * Sets up a context of `slots`, or of as many as fs.aio-max-nr, which the
 * whole host shares, still grants: the number is halved on -EAGAIN. 0: look at
 * `aio->slots`. Negative: there is no kernel AIO to be had (-EAGAIN, -ENOSYS,
 * -EMFILE …); `aio` then has 0 slots, and is to be closed all the same.
 */
int kernel_aio_open(struct kernel_aio *aio, uv_loop_t *loop, unsigned int slots,
    const struct kernel_aio_calls *calls, const struct kernel_aio_ops *ops);

/* Nothing may be queued or in flight; `ops->closed` follows. */
void kernel_aio_close(struct kernel_aio *aio);

/* What to read: all of it aligned, as `fd` was opened with O_DIRECT. */
struct kernel_aio_span {
	int fd;
	void *buffer;
	size_t length;
	long long offset;
};

/*
 * Queues a read. Everything that was queued in a turn of the loop is submitted
 * in one batch at its end, as far as there are slots; the rest follows as
 * others are done. There must be slots at all.
 */
void kernel_aio_read(struct kernel_aio *aio, struct kernel_aio_read *read,
    const struct kernel_aio_span *span);

/*
 * Submits what is queued, without waiting for the end of the turn, if the
 * kernel has little to do: the disk must not idle while chunks are sent.
 */
void kernel_aio_kick(struct kernel_aio *aio);

/* Takes a read that is not in the kernel yet out of the queue. */
void kernel_aio_unqueue(struct kernel_aio *aio, struct kernel_aio_read *read);

#endif
