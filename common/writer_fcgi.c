/* SPDX-License-Identifier: MIT */
/*
 * How much may be offered to a socket that poll() calls writable? Linux says
 * so for AF_UNIX when at least three quarters of SO_SNDBUF are free
 * (unix_writable() in net/unix/af_unix.c), for TCP when at least a third is
 * (sk_stream_is_writeable() in include/net/sock.h). An offer of that size is
 * taken but for a small tail, so next to nothing is read in vain.
 */
#include "config.h"
#include "common/writer_fcgi.h"

#include <errno.h>
#include <sys/socket.h>

#include "common/container_of.h"
#include "common/fcgi_output.h"
#include "common/fcgi_record.h"

/* Never offer less: a tiny read costs as much as a large one. */
#define ROOM_MIN 16384

static struct writer_fcgi *self(struct writer *writer)
{
	return container_of(writer, struct writer_fcgi, writer);
}

/* The size that counts: the kernel doubles what was asked (socket(7)). */
static size_t send_buffer_size(int fd)
{
	int size = 0;
	socklen_t length = sizeof(size);

	if (getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, &length) < 0)
		return 0;
	return size > 0 ? (size_t)size : 0;
}

/* What a writable socket with this buffer takes, less the record headers. */
static size_t room_of(size_t buffer_size, bool tcp)
{
	size_t room = tcp ? buffer_size / 3 : buffer_size / 4 * 3;
	size_t records = room / FCGI_OUTPUT_CONTENT_MAX + 1;
	size_t headers = records * FCGI_RECORD_HEADER_SIZE;

	return room < ROOM_MIN + headers ? ROOM_MIN : room - headers;
}

static size_t fcgi_room(struct writer *writer)
{
	struct writer_fcgi *fcgi = self(writer);

	/* TCP's buffer grows with the connection. */
	if (fcgi->tcp)
		return room_of(send_buffer_size(fcgi->fd), true);
	return fcgi->room;
}

static int fcgi_put(struct writer *writer, const void *data, size_t length)
{
	return fcgi_output_put(self(writer)->output, data, length);
}

static int fcgi_offer(
    struct writer *writer, const void *data, size_t length, size_t *ret_taken)
{
	return fcgi_output_offer(self(writer)->output, data, length, ret_taken);
}

/* Sends what there is; -EAGAIN: that, or the end, has to wait. */
static int hold_end(struct writer_fcgi *fcgi)
{
	int r = fcgi_output_flush(fcgi->output);

	if (r < 0)
		return r;
	fcgi->held = true;
	fcgi->watch(fcgi->watch_context, false);
	return -EAGAIN;
}

static int fcgi_end(struct writer *writer)
{
	struct writer_fcgi *fcgi = self(writer);

	if (fcgi->body_pending)
		return hold_end(fcgi);
	if (fcgi->ended)
		return fcgi_output_flush(fcgi->output);
	fcgi->ended = true;
	return fcgi_output_end(fcgi->output, 0);
}

static void fcgi_want(struct writer *writer, bool on)
{
	struct writer_fcgi *fcgi = self(writer);

	fcgi->watch(fcgi->watch_context, on && !fcgi->held);
}

static const struct writer_ops fcgi_ops = {
	.room = fcgi_room,
	.put = fcgi_put,
	.offer = fcgi_offer,
	.end = fcgi_end,
	.want = fcgi_want,
};

/* Makes three quarters of the buffer hold a chunk. */
static void size_send_buffer(int fd, size_t chunk_size)
{
	size_t wanted = (chunk_size + chunk_size / 64) / 3 * 4 / 2;
	int half = wanted < 1 << 30 ? (int)wanted : 1 << 30;

	if (send_buffer_size(fd) / 2 < wanted)
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &half, sizeof(half));
}

void writer_fcgi_init(struct writer_fcgi *writer, struct fcgi_output *output,
    int fd, size_t chunk_size)
{
	struct sockaddr_storage address = { 0 };
	socklen_t length = sizeof(address);

	*writer = (struct writer_fcgi){
		.writer.ops = &fcgi_ops,
		.output = output,
		.fd = fd,
	};
	getsockname(fd, (struct sockaddr *)&address, &length);
	writer->tcp = address.ss_family != AF_UNIX;
	if (!writer->tcp)
		size_send_buffer(fd, chunk_size);
	writer->room = room_of(send_buffer_size(fd), writer->tcp);
}

void writer_fcgi_begin(struct writer_fcgi *writer, bool body_pending)
{
	writer->ended = false;
	writer->body_pending = body_pending;
	writer->held = false;
	writer->writer.ready = NULL;
}

void writer_fcgi_body_done(struct writer_fcgi *writer)
{
	writer->body_pending = false;
	if (!writer->held)
		return;
	writer->held = false;
	writer->watch(writer->watch_context, true);
	writer_fcgi_ready(writer);
}

void writer_fcgi_ready(struct writer_fcgi *writer)
{
	if (writer->writer.ready)
		writer->writer.ready(writer->writer.context);
	else
		writer->watch(writer->watch_context, false);
}
