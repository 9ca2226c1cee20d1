/* SPDX-License-Identifier: MIT */
/* Bytes that wait to be sent, in a heap block of their size. */
#ifndef COMMON_FCGI_BYTE_QUEUE_H
#define COMMON_FCGI_BYTE_QUEUE_H

#include <stddef.h>
#include <sys/types.h>

/* Embedded by value; all zero is an empty queue that owns no memory. */
struct byte_queue {
	unsigned char *data;
	size_t start;  /* the first byte that waits */
	size_t length; /* how many wait */
	size_t capacity;
};

/*
 * Copies `length` bytes to the end. Returns 0; or -ENOBUFS: it would hold more
 * than `limit` bytes, or -ENOMEM. The queue is unchanged then.
 */
int byte_queue_append(
    struct byte_queue *queue, const void *bytes, size_t length, size_t limit);

/*
 * Sends what waits to the socket `fd`, and `length` more bytes at `bytes`, in
 * one call that does not block (sendmsg(2), MSG_DONTWAIT, MSG_NOSIGNAL).
 * Returns how many of the latter left, 0 as long as some of the queue has not;
 * or -errno.
 */
ssize_t byte_queue_send(
    struct byte_queue *queue, int fd, void *bytes, size_t length);

/* Drops the first `length` bytes; an empty queue gives its memory back. */
void byte_queue_consume(struct byte_queue *queue, size_t length);

/* Drops all bytes and the memory. */
void byte_queue_clear(struct byte_queue *queue);

#endif
