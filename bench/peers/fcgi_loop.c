/* SPDX-License-Identifier: MIT */
/*
 * A connection reads until a request is whole, then sends, then reads again.
 * It asks epoll for one of both only, and asks anew only if an answer does
 * not fit into the socket at once: a small one costs no epoll_ctl.
 *
 * epoll(7) is level-triggered here and serves those that are ready in turn;
 * as each turn sends a bounded amount, many connections get equal shares.
 */
#include "config.h"

#include "bench/peers/fcgi_loop.h"

#include <errno.h>
#include <fcgiapp.h>
#include <fastcgi.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/fcgi/fcgi_pairs.h"
#include "common/fcgi/fcgi_record.h"

/* The most that a request may take, and its parameters. */
#define REQUEST_LIMIT 16384
#define PARAMS_LIMIT 8192
#define PATH_LIMIT 4096
#define EVENTS_PER_TURN 64
#define BACKLOG 4096
/*
 * What the socket should hold: as much as the daemon's for a client that is
 * fast. The daemon begins with less and lets the buffer grow to a chunk.
 */
#define SEND_BUFFER (512 * 1024)

struct loop {
	int epoll_fd;
	int listen_fd;
	const struct fcgi_loop_backend *backend;
};

/* A request, as far as it has been walked. */
struct request {
	bool begun;
	bool keep;
	bool complete;
	size_t params_length;
	uint8_t params[PARAMS_LIMIT];
};

struct connection {
	int fd;
	uint32_t events;
	bool answering;
	bool keep;
	size_t length;
	uint8_t in[REQUEST_LIMIT];
	max_align_t state[];
};

void fcgi_loop_put_stdout(uint8_t *ret_bytes, uint16_t length)
{
	struct fcgi_record record = {
		.type = FCGI_STDOUT,
		.request_id = FCGI_LOOP_REQUEST_ID,
		.content_length = length,
	};

	fcgi_record_encode(ret_bytes, &record);
}

void fcgi_loop_put_end(uint8_t *ret_bytes)
{
	fcgi_loop_put_stdout(ret_bytes, 0);
	fcgi_record_encode_end(ret_bytes + FCGI_RECORD_HEADER_SIZE,
	    FCGI_LOOP_REQUEST_ID, 0, FCGI_REQUEST_COMPLETE);
}

size_t fcgi_loop_put_head(uint8_t *ret_bytes, size_t room, uint64_t size)
{
	char *text = (char *)ret_bytes + FCGI_RECORD_HEADER_SIZE;
	int length = snprintf(text, room - FCGI_RECORD_HEADER_SIZE,
	    "Status: 200 OK\r\nContent-Type: application/octet-stream\r\n"
	    "Content-Length: %llu\r\n\r\n",
	    (unsigned long long)size);

	fcgi_loop_put_stdout(ret_bytes, (uint16_t)length);
	return FCGI_RECORD_HEADER_SIZE + (size_t)length;
}

/* --- requests ------------------------------------------------------------- */

static int request_add(struct request *request,
    const struct fcgi_record *record, const uint8_t *content)
{
	switch (record->type) {
	case FCGI_BEGIN_REQUEST:
		request->begun = true;
		request->keep = content[2] & FCGI_KEEP_CONN;
		break;
	case FCGI_PARAMS:
		if (request->params_length + record->content_length >
		    PARAMS_LIMIT)
			return -EMSGSIZE;
		memcpy(request->params + request->params_length, content,
		    record->content_length);
		request->params_length += record->content_length;
		break;
	case FCGI_STDIN:
		request->complete = request->begun && !record->content_length;
		break;
	default:
		return -EPROTO;
	}
	return 0;
}

/*
 * Walks the records of a request; returns how many bytes it has if it is
 * complete, 0 if more are needed, or -errno.
 */
static ssize_t request_read(
    struct request *request, const uint8_t *bytes, size_t length)
{
	size_t at = 0;
	int status = 0;

	while (!status && !request->complete) {
		if (length - at < FCGI_RECORD_HEADER_SIZE)
			return 0;
		struct fcgi_record record = fcgi_record_decode(bytes + at);
		size_t whole = FCGI_RECORD_HEADER_SIZE +
		    (size_t)record.content_length + record.padding_length;

		if (record.request_id != FCGI_LOOP_REQUEST_ID)
			return -EPROTO;
		if (length - at < whole)
			return whole > REQUEST_LIMIT ? -EMSGSIZE : 0;
		status = request_add(
		    request, &record, bytes + at + FCGI_RECORD_HEADER_SIZE);
		at += whole;
	}
	return status ? status : (ssize_t)at;
}

static bool named(const struct fcgi_pair *pair, const char *name)
{
	return pair->name_length == strlen(name) &&
	    !memcmp(pair->name, name, pair->name_length);
}

/* The path of the file: DOCUMENT_ROOT, then DOCUMENT_URI or SCRIPT_NAME. */
static int request_path(const struct request *request, char *ret_path)
{
	struct fcgi_pair_reader reader = {
		.next = request->params,
		.left = request->params_length,
	};
	struct fcgi_pair pair, root = { 0 }, uri = { 0 };
	bool by_uri = false;

	while (fcgi_pair_next(&reader, &pair) > 0) {
		if (named(&pair, "DOCUMENT_ROOT"))
			root = pair;
		else if (named(&pair, "DOCUMENT_URI") ||
		    (named(&pair, "SCRIPT_NAME") && !by_uri))
			uri = pair;
		by_uri |= named(&pair, "DOCUMENT_URI");
	}
	if (!root.value || !uri.value)
		return -EPROTO;
	int length = snprintf(ret_path, PATH_LIMIT, "%.*s%.*s",
	    (int)root.value_length, (const char *)root.value,
	    (int)uri.value_length, (const char *)uri.value);
	return length < PATH_LIMIT ? 0 : -ENAMETOOLONG;
}

/* --- connections ---------------------------------------------------------- */

static void connection_close(struct loop *loop, struct connection *connection)
{
	if (connection->answering && loop->backend->end)
		loop->backend->end(connection->state);
	close(connection->fd);
	free(connection);
}

static int connection_await(
    struct loop *loop, struct connection *connection, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = connection };

	if (connection->events == events)
		return 0;
	if (epoll_ctl(loop->epoll_fd,
		connection->events ? EPOLL_CTL_MOD : EPOLL_CTL_ADD,
		connection->fd, &event) < 0)
		return -errno;
	connection->events = events;
	return 0;
}

/* Sends what a turn may. Negative: the connection is over. */
static int connection_send(struct loop *loop, struct connection *connection)
{
	switch (loop->backend->send(connection->state, connection->fd)) {
	case FCGI_LOOP_MORE:
		return connection_await(loop, connection, EPOLLOUT);
	case FCGI_LOOP_LOST:
		return -EPIPE;
	case FCGI_LOOP_DONE:
		break;
	}
	if (loop->backend->end)
		loop->backend->end(connection->state);
	connection->answering = false;
	if (!connection->keep)
		return -ECANCELED;
	return connection_await(loop, connection, EPOLLIN);
}

/* Begins the answer if a request is complete. */
static int connection_answer(struct loop *loop, struct connection *connection)
{
	/* One at a time, and too large for the stack of a small function. */
	static struct request request;
	char path[PATH_LIMIT];
	ssize_t used;
	int status;

	request.begun = request.complete = false;
	request.params_length = 0;
	used = request_read(&request, connection->in, connection->length);
	if (used <= 0)
		return (int)used;
	connection->length -= (size_t)used;
	memmove(connection->in, connection->in + used, connection->length);
	status = request_path(&request, path);
	if (!status)
		status = loop->backend->begin(connection->state, path);
	if (status)
		return status;
	connection->answering = true;
	connection->keep = request.keep;
	return connection_send(loop, connection);
}

static int connection_receive(struct loop *loop, struct connection *connection)
{
	ssize_t got = recv(connection->fd, connection->in + connection->length,
	    sizeof(connection->in) - connection->length, MSG_DONTWAIT);

	if (got < 0)
		return errno == EAGAIN ? 0 : -errno;
	if (!got)
		return -ECONNRESET;
	connection->length += (size_t)got;
	return connection_answer(loop, connection);
}

/* --- the loop ------------------------------------------------------------- */

static void loop_accept(struct loop *loop)
{
	int size = SEND_BUFFER;
	int fd =
	    accept4(loop->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return;
	struct connection *connection =
	    calloc(1, sizeof(*connection) + loop->backend->state_size);

	if (!connection) {
		close(fd);
		return;
	}
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	connection->fd = fd;
	if (connection_await(loop, connection, EPOLLIN))
		connection_close(loop, connection);
}

static int loop_listen(struct loop *loop, const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = NULL };

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	loop->listen_fd =
	    socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (loop->epoll_fd < 0 || loop->listen_fd < 0 ||
	    bind(loop->listen_fd, (struct sockaddr *)&address,
		sizeof(address)) < 0 ||
	    listen(loop->listen_fd, BACKLOG) < 0 ||
	    epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, loop->listen_fd, &event) <
		0)
		return -errno;
	return 0;
}

static void loop_turn(struct loop *loop, const struct epoll_event *event)
{
	struct connection *connection = event->data.ptr;
	int status;

	if (!connection) {
		loop_accept(loop);
		return;
	}
	if (connection->answering)
		status = connection_send(loop, connection);
	else
		status = connection_receive(loop, connection);
	if (status)
		connection_close(loop, connection);
}

int fcgi_loop_run(const char *path, const struct fcgi_loop_backend *backend)
{
	struct loop loop = { .backend = backend };
	struct epoll_event events[EVENTS_PER_TURN];
	int status;

	/* sendfile(2) has no MSG_NOSIGNAL. */
	signal(SIGPIPE, SIG_IGN);
	status = loop_listen(&loop, path);
	while (!status) {
		int count =
		    epoll_wait(loop.epoll_fd, events, EVENTS_PER_TURN, -1);

		if (count < 0 && errno != EINTR)
			status = -errno;
		for (int i = 0; i < count; i++)
			loop_turn(&loop, &events[i]);
	}
	return status;
}
