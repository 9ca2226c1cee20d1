/* SPDX-License-Identifier: MIT */
/*
 * The limit: a backend that touches no file. It answers every request with a
 * body of the same size, from memory, framed in advance as records of 64 KiB.
 *
 *   null_backend SOCKET SIZE
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "bench/peers/fcgi_loop.h"
#include "common/fcgi/fcgi_record.h"
#include "common/parse_number.h"

/* Whole records, header included, and how many of them lie in memory. */
#define RECORD_SIZE 65536
#define CONTENT_SIZE (RECORD_SIZE - FCGI_RECORD_HEADER_SIZE)
#define RECORDS 16
/* At most so much is sent in one turn. */
#define TURN_SIZE (512 * 1024)
#define HEAD_ROOM 256

/*
 * An answer is the head, `records_length` bytes out of `records`, over and
 * over again, and the tail: the last content and what ends the answer.
 */
static struct {
	uint8_t head[HEAD_ROOM];
	size_t head_length;
	uint8_t *records;
	uint64_t records_length;
	uint8_t tail[RECORD_SIZE + FCGI_LOOP_END_SIZE];
	size_t tail_length;
} body;

/* How much of an answer is sent. */
struct progress {
	uint64_t sent;
};

static int body_make(uint64_t size)
{
	uint16_t rest = (uint16_t)(size % CONTENT_SIZE);

	body.records = malloc((size_t)RECORDS * RECORD_SIZE);
	if (!body.records)
		return -ENOMEM;
	memset(body.records, 'x', (size_t)RECORDS * RECORD_SIZE);
	for (size_t i = 0; i < RECORDS; i++)
		fcgi_loop_put_stdout(
		    body.records + i * RECORD_SIZE, CONTENT_SIZE);
	body.records_length = size / CONTENT_SIZE * RECORD_SIZE;
	body.head_length =
	    fcgi_loop_put_head(body.head, sizeof(body.head), size);
	if (rest) {
		fcgi_loop_put_stdout(body.tail, rest);
		memset(body.tail + FCGI_RECORD_HEADER_SIZE, 'x', rest);
		body.tail_length = FCGI_RECORD_HEADER_SIZE + rest;
	}
	fcgi_loop_put_end(body.tail + body.tail_length);
	body.tail_length += FCGI_LOOP_END_SIZE;
	return 0;
}

static int null_begin(void *state, const char *path)
{
	struct progress *progress = state;

	(void)path;
	progress->sent = 0;
	return 0;
}

static struct iovec vector(uint8_t *bytes, uint64_t length)
{
	return (struct iovec){ bytes, length < TURN_SIZE ? length : TURN_SIZE };
}

/* Points the vectors at what comes after `sent` bytes; returns how many. */
static int null_vectors(uint64_t sent, struct iovec vectors[4])
{
	int count = 0;

	if (sent < body.head_length) {
		vectors[count++] =
		    vector(body.head + sent, body.head_length - sent);
		sent = body.head_length;
	}
	uint64_t at = sent - body.head_length;

	if (at < body.records_length) {
		size_t memory = (size_t)RECORDS * RECORD_SIZE;
		size_t from = at % memory;
		uint64_t left = body.records_length - at;

		vectors[count] = vector(body.records + from,
		    left < memory - from ? left : memory - from);
		at += vectors[count++].iov_len;
	}
	if (at >= body.records_length) {
		at -= body.records_length;
		vectors[count++] =
		    vector(body.tail + at, body.tail_length - at);
	}
	return count;
}

static enum fcgi_loop_turn null_send(void *state, int fd)
{
	struct progress *progress = state;
	struct iovec vectors[4];
	struct msghdr message = { .msg_iov = vectors };
	ssize_t sent;

	message.msg_iovlen = (size_t)null_vectors(progress->sent, vectors);
	sent = sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (sent < 0)
		return errno == EAGAIN ? FCGI_LOOP_MORE : FCGI_LOOP_LOST;
	progress->sent += (uint64_t)sent;
	return progress->sent ==
		body.head_length + body.records_length + body.tail_length
	    ? FCGI_LOOP_DONE
	    : FCGI_LOOP_MORE;
}

static const struct fcgi_loop_backend null_backend = {
	.state_size = sizeof(struct progress),
	.begin = null_begin,
	.send = null_send,
};

int main(int argc, char **argv)
{
	uint64_t size;
	int status;

	if (argc != 3 || parse_u64(argv[2], &size)) {
		fprintf(stderr, "usage: null_backend SOCKET SIZE\n");
		return 2;
	}
	status = body_make(size);
	if (!status)
		status = fcgi_loop_run(argv[1], &null_backend);
	fprintf(stderr, "null_backend: %s\n", strerror(-status));
	return 1;
}
