/* SPDX-License-Identifier: MIT */
/*
 * A read tries the descriptor at once and polls it only if nothing is there.
 * What was read is kept in a block until the reader says that it was taken, or
 * asks for what follows it: it can't be read again.
 */
#include "config.h"
#include "common/stream/source_fd.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/container_of.h"
#include "common/min.h"
#include "common/stream/source.h"

struct source_fd {
	struct source source;
	uv_poll_t poll;
	int fd;
	size_t chunk_size;
	unsigned char *kept; /* or NULL */
	size_t start;        /* in there: what lies before was taken */
	size_t kept_length;
	uint64_t offset; /* of the first byte kept, or else to be read */
	size_t wanted;   /* by the read in flight */
	bool in_flight;
	bool fetched; /* what is kept had to be waited for */
	bool begun;   /* somebody writes, or did */
};

static struct source_fd *self(struct source *source)
{
	return container_of(source, struct source_fd, source);
}

/* --- what is kept ------------------------------------------------------- */

/* Makes the block as small as what is kept in it. */
static void shrink(struct source_fd *from)
{
	unsigned char *smaller;

	memmove(from->kept, from->kept + from->start, from->kept_length);
	from->start = 0;
	smaller = realloc(from->kept, from->kept_length);
	if (smaller)
		from->kept = smaller;
}

/* The first `length` bytes are not wanted any more. */
static void drop(struct source_fd *from, size_t length)
{
	assert(length <= from->kept_length);
	from->offset += length;
	from->start += length;
	from->kept_length -= length;
	if (from->kept_length == 0) {
		free(from->kept);
		from->kept = NULL;
	} else if (from->start >= from->kept_length) {
		shrink(from);
	}
}

/* Lends what is kept; if that is nothing, it is the end. */
static void lend(
    struct source_fd *from, size_t length, struct source_chunk *ret_chunk)
{
	*ret_chunk = (struct source_chunk){ 0 };
	if (!from->kept)
		return;
	*ret_chunk = (struct source_chunk){
		.data = from->kept + from->start,
		.length = size_min(length, from->kept_length),
		.fetched = from->fetched,
	};
}

/* --- reading ------------------------------------------------------------ */

/* No bytes: is it the end, or a FIFO that nobody writes to yet (fifo(7))? */
static bool is_end(struct source_fd *from)
{
	struct pollfd state = { .fd = from->fd, .events = POLLIN };

	return from->begun || poll(&state, 1, 0) != 0;
}

/* The end of this connection is not that of the reader's. */
static int read_error(int error)
{
	switch (error) {
	case ECONNRESET:
	case EPIPE:
		return -EREMOTEIO;
	case EWOULDBLOCK:
		return -EAGAIN;
	default:
		return -error;
	}
}

/* Reads up to `size` bytes. Returns how many, 0 at the end, or -errno. */
static ssize_t read_bytes(struct source_fd *from, void *to, size_t size)
{
	ssize_t n;

	do
		n = read(from->fd, to, size);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return read_error(errno);
	if (n == 0 && !is_end(from))
		return -EAGAIN;
	from->begun = true;
	return n;
}

static void keep(struct source_fd *from, unsigned char *block, size_t length)
{
	unsigned char *smaller = realloc(block, length);

	from->kept = smaller ? smaller : block;
	from->start = 0;
	from->kept_length = length;
}

/* Returns 1: something is kept, or it is the end; 0: wait for more; -errno. */
static int fill(struct source_fd *from, size_t length)
{
	size_t size = size_min(length, from->chunk_size);
	unsigned char *block = malloc(size);
	ssize_t n;

	if (!block)
		return -ENOMEM;
	n = read_bytes(from, block, size);
	if (n > 0)
		keep(from, block, (size_t)n);
	else
		free(block);
	if (n == -EAGAIN)
		return 0;
	return n < 0 ? (int)n : 1;
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct source_fd *from = poll->data;
	struct source_chunk chunk;
	int r;

	(void)events; /* What is wrong shows when it is read. */
	r = fill(from, from->wanted);
	if (r == 0 && status < 0)
		r = status;
	if (r == 0)
		return;
	uv_poll_stop(poll);
	from->in_flight = false;
	lend(from, from->wanted, &chunk);
	from->source.done(
	    from->source.context, r < 0 ? r : 0, r < 0 ? NULL : &chunk);
}

static int start_poll(struct source_fd *from, size_t length)
{
	int r =
	    uv_poll_start(&from->poll, UV_READABLE | UV_DISCONNECT, on_poll);

	if (r < 0)
		return r;
	from->in_flight = true;
	from->fetched = true;
	from->wanted = length;
	return 0;
}

static int fd_read(struct source *source, uint64_t offset, size_t length,
    struct source_chunk *ret_chunk)
{
	struct source_fd *from = self(source);
	int r = 1;

	assert(!from->in_flight && offset >= from->offset);
	drop(from, (size_t)(offset - from->offset));
	if (!from->kept) {
		from->fetched = false;
		r = fill(from, length);
	}
	if (r == 0)
		return start_poll(from, length);
	if (r > 0)
		lend(from, length, ret_chunk);
	return r;
}

static void fd_cancel(struct source *source)
{
	struct source_fd *from = self(source);

	from->in_flight = false;
	uv_poll_stop(&from->poll);
}

static void fd_release(struct source *source, struct source_chunk *chunk)
{
	drop(self(source), chunk->taken);
}

/* --- beginning and end -------------------------------------------------- */

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static void fd_close(struct source *source)
{
	struct source_fd *from = self(source);

	assert(!from->in_flight);
	free(from->kept);
	uv_close((uv_handle_t *)&from->poll, on_closed);
	close(from->fd);
}

static const struct source_ops fd_ops = {
	.read = fd_read,
	.cancel = fd_cancel,
	.release = fd_release,
	.close = fd_close,
};

int source_fd_new(
    uv_loop_t *loop, int fd, size_t chunk_size, struct source **ret_source)
{
	struct source_fd *from;
	int r;

	if (chunk_size == 0 || chunk_size > SOURCE_FD_CHUNK_MAX)
		return -EINVAL;
	from = calloc(1, sizeof(*from));
	if (!from)
		return -ENOMEM;
	r = uv_poll_init(loop, &from->poll, fd);
	if (r < 0) {
		free(from);
		return r;
	}
	from->poll.data = from;
	from->source.ops = &fd_ops;
	from->source.size = SOURCE_SIZE_UNKNOWN;
	from->source.forgets = true;
	from->fd = fd;
	from->chunk_size = chunk_size;
	*ret_source = &from->source;
	return 0;
}
