/* SPDX-License-Identifier: MIT */
/*
 * libaio returns -errno and leaves errno alone (io_submit(3)).
 *
 * -EAGAIN from io_submit() is normal: the kernel is short of something, and a
 * completion helps. With nothing in flight none will come, so the first read
 * of the queue is refused then, as it is when it is at fault itself.
 */
#include "config.h"
#include "common/reader/kernel_aio.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/container_of.h"

/* iocbs in one io_submit(), and events in one io_getevents(). */
#define BATCH_MAX 64
/* Fewer reads in flight keep no disk busy. */
#define KICK_BELOW 8

const struct kernel_aio_calls kernel_aio_libaio = {
	.setup = io_setup,
	.destroy = io_destroy,
	.submit = io_submit,
	.getevents = io_getevents,
};

/* --- submission ---------------------------------------------------------- */

static void on_prepare(uv_prepare_t *prepare);

void kernel_aio_read(struct kernel_aio *aio, struct kernel_aio_read *read,
    const struct kernel_aio_span *span)
{
	assert(aio->slots > 0);
	io_prep_pread(
	    &read->iocb, span->fd, span->buffer, span->length, span->offset);
	io_set_eventfd(&read->iocb, aio->event_fd);
	read->in_kernel = false;
	TAILQ_INSERT_TAIL(&aio->queue, read, link);
	uv_prepare_start(&aio->prepare, on_prepare);
}

void kernel_aio_unqueue(struct kernel_aio *aio, struct kernel_aio_read *read)
{
	assert(!read->in_kernel);
	TAILQ_REMOVE(&aio->queue, read, link);
}

static unsigned int gather(struct kernel_aio *aio, struct iocb **ret_iocbs)
{
	unsigned int room = aio->slots - aio->in_flight;
	unsigned int count = 0;
	struct kernel_aio_read *read;

	TAILQ_FOREACH(read, &aio->queue, link) {
		if (count == room || count == BATCH_MAX)
			break;
		ret_iocbs[count++] = &read->iocb;
	}
	return count;
}

static struct kernel_aio_read *pop(struct kernel_aio *aio)
{
	struct kernel_aio_read *read = TAILQ_FIRST(&aio->queue);

	TAILQ_REMOVE(&aio->queue, read, link);
	return read;
}

/* Submits what fits. Returns false if no more can be done now. */
static bool submit_batch(struct kernel_aio *aio)
{
	struct iocb *iocbs[BATCH_MAX];
	unsigned int count = gather(aio, iocbs);
	int n;

	if (count == 0)
		return false;
	aio->submits++;
	n = aio->calls->submit(aio->context, (long)count, iocbs);
	if (n == -EAGAIN && aio->in_flight > 0)
		return false;
	if (n <= 0) {
		aio->ops->refused(pop(aio), n < 0 ? n : -EIO);
		return true;
	}
	for (int i = 0; i < n; i++)
		pop(aio)->in_kernel = true;
	aio->in_flight += (unsigned int)n;
	return true;
}

void kernel_aio_kick(struct kernel_aio *aio)
{
	if (aio->in_flight < KICK_BELOW && !TAILQ_EMPTY(&aio->queue))
		submit_batch(aio);
}

/* The end of a loop's turn. */
static void on_prepare(uv_prepare_t *prepare)
{
	struct kernel_aio *aio =
	    container_of(prepare, struct kernel_aio, prepare);

	while (submit_batch(aio))
		;
	uv_prepare_stop(prepare);
}

/* --- completion ---------------------------------------------------------- */

/* Takes a batch of events. Returns how many. */
static int reap(struct kernel_aio *aio)
{
	struct io_event events[BATCH_MAX];
	struct timespec no_wait = { 0 };
	int n =
	    aio->calls->getevents(aio->context, 0, BATCH_MAX, events, &no_wait);

	if (n > 0)
		aio->in_flight -= (unsigned int)n;
	for (int i = 0; i < n; i++)
		aio->ops->done(
		    container_of(events[i].obj, struct kernel_aio_read, iocb),
		    (long)events[i].res);
	return n;
}

static void on_event(uv_poll_t *poll, int status, int events)
{
	struct kernel_aio *aio = container_of(poll, struct kernel_aio, poll);
	eventfd_t count;

	(void)status;
	(void)events;
	/* First: what completes from here on makes it readable again. */
	eventfd_read(aio->event_fd, &count);
	while (reap(aio) == BATCH_MAX)
		;
	if (!TAILQ_EMPTY(&aio->queue))
		uv_prepare_start(&aio->prepare, on_prepare);
}

/* --- beginning and end --------------------------------------------------- */

int kernel_aio_open(struct kernel_aio *aio, uv_loop_t *loop, unsigned int slots,
    const struct kernel_aio_calls *calls, const struct kernel_aio_ops *ops)
{
	int r = -EAGAIN;

	memset(aio, 0, sizeof(*aio));
	aio->calls = calls;
	aio->ops = ops;
	TAILQ_INIT(&aio->queue);
	uv_prepare_init(loop, &aio->prepare);
	aio->open_handles = 1;
	aio->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (aio->event_fd < 0)
		return -errno;
	for (; slots > 0 && r == -EAGAIN; slots /= 2) {
		r = calls->setup((int)slots, &aio->context);
		if (r == 0)
			aio->slots = slots;
	}
	if (r < 0)
		return r;
	/* An eventfd can always be polled: these can't fail. */
	uv_poll_init(loop, &aio->poll, aio->event_fd);
	uv_poll_start(&aio->poll, UV_READABLE, on_event);
	aio->open_handles++;
	return 0;
}

static void on_closed(uv_handle_t *handle)
{
	struct kernel_aio *aio = handle->data;

	if (--aio->open_handles > 0)
		return;
	if (aio->slots > 0)
		aio->calls->destroy(aio->context);
	if (aio->event_fd >= 0)
		close(aio->event_fd);
	aio->ops->closed(aio);
}

void kernel_aio_close(struct kernel_aio *aio)
{
	assert(TAILQ_EMPTY(&aio->queue) && aio->in_flight == 0);
	aio->prepare.data = aio;
	aio->poll.data = aio;
	uv_close((uv_handle_t *)&aio->prepare, on_closed);
	if (aio->slots > 0)
		uv_close((uv_handle_t *)&aio->poll, on_closed);
}
