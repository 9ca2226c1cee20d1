/* SPDX-License-Identifier: MIT */
/* A writer on a FastCGI connection's output. */
#ifndef COMMON_FCGI_WRITER_FCGI_H
#define COMMON_FCGI_WRITER_FCGI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "common/stream/writer.h"

struct fcgi_output;

/* Asks the connection to watch its socket for room, or not to. */
typedef void writer_fcgi_watch_fn(void *context, bool on);

/* Embedded by value in a connection, which owns fd and output. */
struct writer_fcgi {
	struct writer writer;
	struct fcgi_output *output;
	int fd;
	bool tcp;
	bool ended;
	bool body_pending; /* the request's body is still coming */
	bool held;         /* all has left but the end, which waits for it */
	size_t room;       /* AF_UNIX: what an offer may bring */
	size_t buffer;     /* AF_UNIX: the kernel's SO_SNDBUF */
	size_t room_max;
	uint64_t offered_ms; /* uv_now() of the last offer */
	uv_loop_t *loop;
	writer_fcgi_watch_fn *watch;
	void *watch_context;
};

/*
 * `chunk_size` is how much one offer should be able to bring to a client that
 * is fast: as long as it is, the send buffer of an AF_UNIX socket is made to
 * hold that much (SO_SNDBUF, socket(7)); TCP grows its own (tcp(7), tcp_wmem).
 * Set `loop`, `watch` and `watch_context` then.
 */
void writer_fcgi_init(struct writer_fcgi *writer, struct fcgi_output *output,
    int fd, size_t chunk_size);

/*
 * Before each response. While `body_pending`, the end of the response is held
 * back: HAProxy (2.6) takes an END_REQUEST in the middle of the body it sends
 * badly, and lets the client's next request hang.
 */
void writer_fcgi_begin(struct writer_fcgi *writer, bool body_pending);

/* The body has come, or is not waited for any longer. */
void writer_fcgi_body_done(struct writer_fcgi *writer);

/* The socket has room, or an error: passed on to who waits. */
void writer_fcgi_ready(struct writer_fcgi *writer);

#endif
