/* SPDX-License-Identifier: MIT */
/*
 * The limit of zero-copy: a backend that sends each record's header from
 * memory and its content by sendfile(2). It waits for the disk, as a cold
 * file in sendfile does.
 *
 *   sendfile_backend SOCKET
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/peers/fcgi_loop.h"
#include "common/fcgi/fcgi_record.h"

/*
 * Fifteen pages are the most that a record can hold and be aligned: what
 * sendfile takes from the page cache are whole pages.
 */
#define CONTENT_SIZE (15 * 4096)
/* At most so many records are sent in one turn. */
#define TURN_RECORDS 8
#define HEAD_ROOM 256

/* An answer: bytes that frame, then the rest of a record's content. */
struct answer {
	int file;
	off_t at;
	uint64_t left;
	size_t content_left;
	bool ended;
	size_t frame_sent;
	size_t frame_length;
	uint8_t frame[HEAD_ROOM + FCGI_RECORD_HEADER_SIZE];
};

/* Adds to the frame what comes after the record that is sent. */
static void answer_frame(struct answer *answer)
{
	uint8_t *next = answer->frame + answer->frame_length;

	if (answer->left) {
		answer->content_left = answer->left < CONTENT_SIZE
		    ? (size_t)answer->left
		    : CONTENT_SIZE;
		answer->left -= answer->content_left;
		fcgi_loop_put_stdout(next, (uint16_t)answer->content_left);
		answer->frame_length += FCGI_RECORD_HEADER_SIZE;
	} else {
		fcgi_loop_put_end(next);
		answer->frame_length += FCGI_LOOP_END_SIZE;
		answer->ended = true;
	}
}

static int sendfile_begin(void *state, const char *path)
{
	struct answer *answer = state;
	struct stat stat;

	answer->file = open(path, O_RDONLY | O_CLOEXEC);
	if (answer->file < 0)
		return -errno;
	if (fstat(answer->file, &stat) < 0) {
		close(answer->file);
		return -EIO;
	}
	answer->at = 0;
	answer->left = (uint64_t)stat.st_size;
	answer->content_left = 0;
	answer->ended = false;
	answer->frame_sent = 0;
	answer->frame_length =
	    fcgi_loop_put_head(answer->frame, HEAD_ROOM, answer->left);
	answer_frame(answer);
	return 0;
}

static void sendfile_end(void *state)
{
	struct answer *answer = state;

	close(answer->file);
}

/* Sends of the frame or of the content what the socket takes. */
static ssize_t answer_send(struct answer *answer, int fd)
{
	ssize_t sent;

	if (answer->frame_sent < answer->frame_length) {
		sent = send(fd, answer->frame + answer->frame_sent,
		    answer->frame_length - answer->frame_sent,
		    MSG_NOSIGNAL | MSG_DONTWAIT |
			(answer->ended ? 0 : MSG_MORE));
		if (sent > 0)
			answer->frame_sent += (size_t)sent;
		return sent;
	}
	sent = sendfile(fd, answer->file, &answer->at, answer->content_left);
	if (sent > 0)
		answer->content_left -= (size_t)sent;
	return sent;
}

static enum fcgi_loop_turn sendfile_send(void *state, int fd)
{
	struct answer *answer = state;
	int records = 0;

	while (records < TURN_RECORDS) {
		ssize_t sent = answer_send(answer, fd);

		if (sent < 0 && errno == EAGAIN)
			return FCGI_LOOP_MORE;
		/* 0: the file has become shorter. */
		if (sent <= 0)
			return FCGI_LOOP_LOST;
		if (answer->frame_sent < answer->frame_length ||
		    answer->content_left)
			continue;
		if (answer->ended)
			return FCGI_LOOP_DONE;
		answer->frame_sent = answer->frame_length = 0;
		answer_frame(answer);
		records++;
	}
	return FCGI_LOOP_MORE;
}

static const struct fcgi_loop_backend sendfile_backend = {
	.state_size = sizeof(struct answer),
	.begin = sendfile_begin,
	.send = sendfile_send,
	.end = sendfile_end,
};

int main(int argc, char **argv)
{
	int status;

	if (argc != 2) {
		fprintf(stderr, "usage: sendfile_backend SOCKET\n");
		return 2;
	}
	status = fcgi_loop_run(argv[1], &sendfile_backend);
	fprintf(stderr, "sendfile_backend: %s\n", strerror(-status));
	return 1;
}
