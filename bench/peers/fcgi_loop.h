/* SPDX-License-Identifier: MIT */
/*
 * One epoll loop that accepts FastCGI connections and reads just enough of
 * a request: what the backends of the benchmark share that show how fast a
 * single process can be. It knows one request at a time, with id 1, and no
 * request body: that is what the load generator and nginx send.
 */
#ifndef BENCH_PEERS_FCGI_LOOP_H
#define BENCH_PEERS_FCGI_LOOP_H

#include <stddef.h>
#include <stdint.h>

/* The id of every request (FastCGI specification, 3.3). */
#define FCGI_LOOP_REQUEST_ID 1
/* Bytes of the records that end an answer: empty STDOUT, END_REQUEST. */
#define FCGI_LOOP_END_SIZE 24

/* What a turn of an answer has come to. */
enum fcgi_loop_turn {
	FCGI_LOOP_DONE, /* all is sent, the end too */
	FCGI_LOOP_MORE, /* the socket is full, or others should have a turn */
	FCGI_LOOP_LOST  /* nothing can be sent any more */
};

/*
 * A backend. `state` is the memory of one connection's answer, of
 * `state_size` bytes, zero when the first one begins.
 */
struct fcgi_loop_backend {
	size_t state_size;
	/* Begins the answer on the file at `path`: 0 or -errno. */
	int (*begin)(void *state, const char *path);
	/* Sends what one turn may, a bounded amount, and never waits. */
	enum fcgi_loop_turn (*send)(void *state, int fd);
	/* Ends an answer that began: all sent or not. May be NULL. */
	void (*end)(void *state);
};

/*
 * Listens on the AF_UNIX socket `path` and serves until a signal ends the
 * process. Returns -errno if it cannot listen.
 */
int fcgi_loop_run(const char *path, const struct fcgi_loop_backend *backend);

/* Writes the header of an STDOUT record of `length` bytes, unpadded. */
void fcgi_loop_put_stdout(uint8_t *ret_bytes, uint16_t length);

/* Writes the records that end an answer: FCGI_LOOP_END_SIZE bytes. */
void fcgi_loop_put_end(uint8_t *ret_bytes);

/*
 * Writes the record with the head of a 200 answer to `room` bytes (at least
 * 256) for a body of `size` bytes; returns its length.
 */
size_t fcgi_loop_put_head(uint8_t *ret_bytes, size_t room, uint64_t size);

#endif
