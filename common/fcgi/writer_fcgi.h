/* SPDX-License-Identifier: MIT */
/* A writer on a FastCGI connection's output. */
#ifndef COMMON_FCGI_WRITER_FCGI_H
#define COMMON_FCGI_WRITER_FCGI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "common/stream/writer.h"

struct end_gate;
struct fcgi_output;

/* Asks the connection to watch its socket for room, or not to. */
typedef void writer_fcgi_watch_fn(void *context, bool on);

/* Embedded by value in a connection, which owns fd, output and gate. */
struct writer_fcgi {
	struct writer writer;
	struct fcgi_output *output;
	int fd;
	bool tcp;
	bool ended;
	size_t room;   /* AF_UNIX: what an offer may bring */
	size_t buffer; /* AF_UNIX: the kernel's SO_SNDBUF */
	size_t room_max;
	uint64_t offered_ms; /* uv_now() of the last offer */
	uv_loop_t *loop;
	struct end_gate *gate; /* holds the end back while it is shut */
	writer_fcgi_watch_fn *watch;
	void *watch_context;
};

/*
 * `chunk_size` is how much one offer should be able to bring to a client that
 * is fast: as long as it is, the send buffer of an AF_UNIX socket is made to
 * hold that much (SO_SNDBUF, socket(7)); TCP grows its own (tcp(7), tcp_wmem).
 * Set `loop`, `gate`, `watch` and `watch_context` then.
 */
void writer_fcgi_init(struct writer_fcgi *writer, struct fcgi_output *output,
    int fd, size_t chunk_size);

/* Prepares for the next response. */
void writer_fcgi_begin(struct writer_fcgi *writer);

/*
 * Ends a response that the front has aborted; one whose end is on its way
 * already is let go on. Returns what fcgi_output_flush() does.
 */
int writer_fcgi_abort(struct writer_fcgi *writer);

/* The socket has room, or an error: tells the one who waits for it. */
void writer_fcgi_ready(struct writer_fcgi *writer);

#endif
