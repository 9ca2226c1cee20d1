/* SPDX-License-Identifier: MIT */
/*
 * How much may be offered to a socket that poll() calls writable? Linux says
 * so for AF_UNIX when at least three quarters of SO_SNDBUF are free
 * (unix_writable() in net/unix/af_unix.c), for TCP when at least a third is
 * (sk_stream_is_writeable() in include/net/sock.h). An offer of that size is
 * taken but for a small tail, which is all that is read twice. Without
 * a poll, SIOCOUTQ tells what is still queued (unix(7), tcp(7)).
 *
 * The send buffer of an AF_UNIX socket is memory of the kernel that a slow
 * client fills and keeps. So it begins small; it is doubled, up to a chunk,
 * as long as the client empties it quickly, and halved when it takes long. A
 * stream that offers less than it holds, by its pace, needs no larger one.
 */
#include "config.h"
#include "common/fcgi/writer_fcgi.h"

#include <errno.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "common/container_of.h"
#include "common/fcgi/end_gate.h"
#include "common/fcgi/fcgi_output.h"
#include "common/min.h"

/* Never offer less: a tiny read costs as much as a large one. */
#define ROOM_MIN (16 << 10)
/* Offered to a client of which nothing is known yet, and to a slow one. */
#define ROOM_START (64 << 10)
#define ROOM_SLOW (32 << 10)
/* A fast client empties the buffer within FAST_MS, a slow one takes longer. */
#define FAST_MS 20
#define SLOW_MS 250

static struct writer_fcgi *self(struct writer *writer)
{
	return container_of(writer, struct writer_fcgi, writer);
}

/* Returns the size that counts, twice what was asked for (socket(7)). */
static size_t send_buffer_size(int fd)
{
	int size = 0;
	socklen_t length = sizeof(size);

	if (getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, &length) < 0)
		return 0;
	return size > 0 ? (size_t)size : 0;
}

/* Makes three quarters of the buffer hold what is offered. */
static void set_room(struct writer_fcgi *fcgi, size_t room)
{
	/* A part of it goes to record headers and the kernel's own. */
	size_t wanted = (room + room / 32) / 3 * 4;
	int half = (int)size_min(wanted / 2, 1 << 30);
	size_t granted;

	setsockopt(fcgi->fd, SOL_SOCKET, SO_SNDBUF, &half, sizeof(half));
	fcgi->buffer = send_buffer_size(fcgi->fd);
	/* Over net.core.wmem_max the kernel gives less. */
	granted = fcgi->buffer / 4 * 3;
	granted -= granted / 64;
	if (granted < room)
		fcgi->room_max = granted;
	fcgi->room = size_min(granted, room);
	if (fcgi->room < ROOM_MIN)
		fcgi->room = ROOM_MIN;
}

static void grow_room(struct writer_fcgi *fcgi)
{
	if (!fcgi->tcp && fcgi->room < fcgi->room_max)
		set_room(fcgi, size_min(2 * fcgi->room, fcgi->room_max));
}

/* poll() says that the client has emptied the buffer: how fast was it? */
static void judge_client(struct writer_fcgi *fcgi)
{
	uint64_t passed = uv_now(fcgi->loop) - fcgi->offered_ms;

	if (fcgi->offered_ms == 0)
		return; /* nothing was offered yet */
	if (passed <= FAST_MS)
		grow_room(fcgi);
	else if (passed > SLOW_MS && !fcgi->tcp && fcgi->room > ROOM_SLOW)
		set_room(fcgi, fcgi->room / 2);
}

static size_t fcgi_room(struct writer *writer)
{
	struct writer_fcgi *fcgi = self(writer);
	size_t room = fcgi->room;

	/* TCP's buffer grows with the connection. */
	if (fcgi->tcp)
		room = send_buffer_size(fcgi->fd) / 3;
	return room < ROOM_MIN ? ROOM_MIN : room;
}

static bool fcgi_has_room(struct writer *writer, size_t length)
{
	struct writer_fcgi *fcgi = self(writer);
	size_t buffer = fcgi->buffer;
	int queued;

	if (fcgi_output_pending(fcgi->output) > FCGI_OUTPUT_COMPANY_MAX ||
	    ioctl(fcgi->fd, SIOCOUTQ, &queued) < 0)
		return false;
	/* TCP counts the bytes alone. */
	if (fcgi->tcp)
		buffer = send_buffer_size(fcgi->fd) / 4 * 3;
	/* Record headers and the kernel's own take some of it. */
	if ((size_t)queued + length + length / 64 > buffer)
		return false;
	if (length >= fcgi->room)
		grow_room(fcgi);
	return true;
}

static int fcgi_put(struct writer *writer, const void *data, size_t length)
{
	return fcgi_output_put(self(writer)->output, data, length);
}

static int fcgi_offer(
    struct writer *writer, const void *data, size_t length, size_t *ret_taken)
{
	struct writer_fcgi *fcgi = self(writer);

	fcgi->offered_ms = uv_now(fcgi->loop);
	return fcgi_output_offer(fcgi->output, data, length, ret_taken);
}

static int fcgi_end(struct writer *writer)
{
	struct writer_fcgi *fcgi = self(writer);
	int r;

	if (!end_gate_is_open(fcgi->gate)) {
		/* All that comes before the end need not wait with it. */
		r = fcgi_output_flush(fcgi->output);
		if (r < 0)
			return r;
		end_gate_hold(fcgi->gate);
		return -EAGAIN;
	}
	if (fcgi->ended)
		return fcgi_output_flush(fcgi->output);
	fcgi->ended = true;
	return fcgi_output_end(fcgi->output, 0);
}

/* An error shows again in the next call. */
static void fcgi_flush(struct writer *writer)
{
	fcgi_output_flush(self(writer)->output);
}

static void fcgi_want(struct writer *writer, bool on)
{
	struct writer_fcgi *fcgi = self(writer);

	fcgi->watch(fcgi->watch_context, on);
}

static const struct writer_ops fcgi_ops = {
	.room = fcgi_room,
	.has_room = fcgi_has_room,
	.put = fcgi_put,
	.offer = fcgi_offer,
	.flush = fcgi_flush,
	.end = fcgi_end,
	.want = fcgi_want,
};

void writer_fcgi_init(struct writer_fcgi *writer, struct fcgi_output *output,
    int fd, size_t chunk_size)
{
	struct sockaddr_storage address = { 0 };
	socklen_t length = sizeof(address);

	*writer = (struct writer_fcgi){
		.writer.ops = &fcgi_ops,
		.output = output,
		.fd = fd,
		.room_max = chunk_size,
	};
	getsockname(fd, (struct sockaddr *)&address, &length);
	writer->tcp = address.ss_family != AF_UNIX;
	if (!writer->tcp)
		set_room(writer, size_min(chunk_size, ROOM_START));
}

void writer_fcgi_begin(struct writer_fcgi *writer)
{
	writer->ended = false;
	writer->writer.ready = NULL;
}

int writer_fcgi_abort(struct writer_fcgi *writer)
{
	if (writer->ended)
		return fcgi_output_flush(writer->output);
	writer->ended = true;
	return fcgi_output_abort(writer->output);
}

void writer_fcgi_ready(struct writer_fcgi *writer)
{
	judge_client(writer);
	if (writer->writer.ready)
		writer->writer.ready(writer->writer.context);
	else
		writer->watch(writer->watch_context, false);
}
