/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "common/fcgi/byte_queue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "common/min.h"

static int make_room(struct byte_queue *queue, size_t length, size_t limit)
{
	size_t capacity = queue->length + length;
	unsigned char *data;

	if (queue->start + capacity <= queue->capacity)
		return 0;
	/* Only where it does not overlap, so each byte moves once at most. */
	if (capacity <= queue->capacity && queue->start >= queue->length) {
		memcpy(queue->data, queue->data + queue->start, queue->length);
		queue->start = 0;
		return 0;
	}
	/* The first block is of its size; a queue that grows, doubles. */
	if (capacity < 2 * queue->capacity)
		capacity = 2 * queue->capacity;
	capacity = size_min(capacity, limit);
	data = malloc(capacity);
	if (!data)
		return -ENOMEM;
	if (queue->length > 0)
		memcpy(data, queue->data + queue->start, queue->length);
	free(queue->data);
	queue->data = data;
	queue->start = 0;
	queue->capacity = capacity;
	return 0;
}

int byte_queue_append(
    struct byte_queue *queue, const void *bytes, size_t length, size_t limit)
{
	int r;

	if (length == 0)
		return 0;
	if (queue->length > limit || length > limit - queue->length)
		return -ENOBUFS;
	r = make_room(queue, length, limit);
	if (r < 0)
		return r;
	memcpy(queue->data + queue->start + queue->length, bytes, length);
	queue->length += length;
	return 0;
}

/* Returns how much left; the caller's own signals may interrupt it. */
static ssize_t send_parts(int fd, struct iovec *parts, size_t count)
{
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = count };
	ssize_t n;

	do
		n = sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	if (n >= 0)
		return n;
	return errno == EAGAIN ? 0 : -errno;
}

ssize_t byte_queue_send(
    struct byte_queue *queue, int fd, void *bytes, size_t length)
{
	size_t queued = queue->length;
	struct iovec parts[2] = {
		{ queued ? queue->data + queue->start : NULL, queued },
		{ bytes, length },
	};
	ssize_t n = send_parts(fd, parts, 2);
	size_t from_queue;

	if (n < 0)
		return n;
	from_queue = size_min((size_t)n, queued);
	if (from_queue > 0)
		byte_queue_consume(queue, from_queue);
	return n - (ssize_t)from_queue;
}

void byte_queue_consume(struct byte_queue *queue, size_t length)
{
	queue->start += length;
	queue->length -= length;
	if (queue->length == 0)
		byte_queue_clear(queue);
}

void byte_queue_clear(struct byte_queue *queue)
{
	free(queue->data);
	*queue = (struct byte_queue){ 0 };
}
