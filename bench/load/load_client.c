/* SPDX-License-Identifier: MIT */
/*
 * A client goes round: connect, send, read, and again, until all requests
 * have been started. Whatever fails goes through fail(), which waits a little
 * on the wheel, so that the round never calls itself.
 *
 * Without a pace the connection is watched all the time, and each event is
 * one recv(). With a pace the wheel says when to read; epoll, once, says when
 * there is something after all.
 */
#include "config.h"
#include "bench/load/load_client.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/load/load_clock.h"
#include "bench/load/load_pace.h"
#include "common/container_of.h"

/* Before the next request of a client that could not connect, or else. */
#define CONNECT_PAUSE_US 100000
#define PAUSE_US 1000
/* The listener's queue of a UNIX-domain socket is full. */
#define REFUSED_PAUSE_US 1000
/* What one turn of the wheel may read on one connection. */
#define READS_MAX 16
/* With less than this left to drop, a system call of its own is no gain. */
#define SKIP_MIN (16u << 10)
#define SKIP_MAX (1u << 20)
#define SKIP_FLAGS (MSG_DONTWAIT | MSG_TRUNC)

static void begin_request(struct load_client *client);

/* --- small parts ---------------------------------------------------------- */

static const struct load_options *options_of(const struct load_client *client)
{
	return client->shared->options;
}

static void watch(struct load_client *client, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = client };
	int op = client->watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;

	/* One shot has to be loaded again each time. */
	if (events == client->watched && !(events & EPOLLONESHOT))
		return;
	if (epoll_ctl(client->shared->epoll_fd, op, client->fd, &event) == 0)
		client->watched = events;
}

static void unwatch(struct load_client *client)
{
	if (client->watched)
		epoll_ctl(
		    client->shared->epoll_fd, EPOLL_CTL_DEL, client->fd, NULL);
	client->watched = 0;
}

static void wait_until(
    struct load_client *client, enum load_client_state state, uint64_t due_us)
{
	client->state = state;
	load_wheel_add(&client->shared->wheel, &client->timer, due_us);
}

static void hang_up(struct load_client *client)
{
	if (client->fd >= 0)
		close(client->fd);
	client->fd = -1;
	client->watched = 0;
}

static bool is_counted(const struct load_client *client)
{
	return client->start_us >= client->shared->measure_us;
}

static bool is_late(const struct load_client *client, uint64_t now_us)
{
	return now_us > client->heard_us + options_of(client)->timeout_us;
}

static void next_path(struct load_client *client)
{
	client->path = (client->path + 1) % options_of(client)->path_count;
}

static void fail(struct load_client *client, enum load_error error)
{
	uint64_t pause =
	    error == LOAD_ERROR_CONNECT ? CONNECT_PAUSE_US : PAUSE_US;

	hang_up(client);
	if (is_counted(client))
		client->shared->counts.errors[error]++;
	next_path(client);
	wait_until(client, LOAD_CLIENT_PAUSING, load_clock_us() + pause);
}

/* --- connect and send ----------------------------------------------------- */

static void wait_for_response(struct load_client *client)
{
	if (client->stalls) {
		client->state = LOAD_CLIENT_STALLED;
		unwatch(client);
		return;
	}
	client->state = LOAD_CLIENT_READING;
	watch(client,
	    options_of(client)->pace ? EPOLLIN | EPOLLONESHOT : EPOLLIN);
}

static void send_request(struct load_client *client)
{
	const struct load_request *request =
	    &client->shared->requests[client->path];
	size_t left = request->length - client->sent;
	ssize_t n = send(client->fd, request->bytes + client->sent, left,
	    MSG_NOSIGNAL | MSG_DONTWAIT);

	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		fail(client, LOAD_ERROR_CLOSED);
		return;
	}
	if (n > 0)
		client->sent += (size_t)n;
	if (client->sent == request->length) {
		wait_for_response(client);
		return;
	}
	client->state = LOAD_CLIENT_SENDING;
	watch(client, EPOLLOUT);
}

static void use_connection(struct load_client *client)
{
	client->shared->connected = true;
	send_request(client);
}

static void open_connection(struct load_client *client)
{
	const struct load_options *options = options_of(client);
	int r;

	client->fd = load_address_socket(
	    &options->address, options->pace || client->stalls);
	if (client->fd < 0) {
		client->fd = -1;
		fail(client, LOAD_ERROR_CONNECT);
		return;
	}
	r = load_address_connect(client->fd, &options->address);
	if (r == 0) {
		use_connection(client);
	} else if (r == -EINPROGRESS) {
		client->state = LOAD_CLIENT_CONNECTING;
		watch(client, EPOLLOUT);
	} else if (r == -EAGAIN) {
		hang_up(client);
		wait_until(client, LOAD_CLIENT_REFUSED,
		    load_clock_us() + REFUSED_PAUSE_US);
	} else {
		fail(client, LOAD_ERROR_CONNECT);
	}
}

static void end_connecting(struct load_client *client)
{
	int error = 0;
	socklen_t length = sizeof(error);

	getsockopt(client->fd, SOL_SOCKET, SO_ERROR, &error, &length);
	if (error)
		fail(client, LOAD_ERROR_CONNECT);
	else
		use_connection(client);
}

/* --- requests ------------------------------------------------------------- */

static bool has_more(const struct load_client *client)
{
	uint64_t most = options_of(client)->requests;

	return client->stalls || most == 0 || client->shared->started < most;
}

static void retire(struct load_client *client)
{
	hang_up(client);
	client->state = LOAD_CLIENT_RETIRED;
	client->shared->active--;
}

static void begin_request(struct load_client *client)
{
	struct load_shared *shared = client->shared;

	if (!has_more(client)) {
		retire(client);
		return;
	}
	if (!client->stalls)
		shared->started++;
	client->start_us = load_clock_us();
	client->heard_us = client->start_us;
	client->sent = 0;
	shared->protocol->reset(&client->response);
	if (client->fd < 0)
		open_connection(client);
	else
		send_request(client);
}

static void finish_request(struct load_client *client)
{
	struct load_counts *counts = &client->shared->counts;
	enum load_error error = load_response_judge(&client->response);

	if (is_counted(client) && error != LOAD_ERROR_NONE) {
		counts->errors[error]++;
	} else if (is_counted(client)) {
		counts->requests++;
		load_histogram_add(
		    &counts->total_us, client->heard_us - client->start_us);
	}
	if (!options_of(client)->keep || client->response.head.closes)
		hang_up(client);
	next_path(client);
	begin_request(client);
}

/* --- read ----------------------------------------------------------------- */

/* What has come in is of the response, and more may be missing. */
static enum load_progress feed(
    struct load_client *client, size_t length, bool skipped)
{
	struct load_shared *shared = client->shared;
	struct load_response *response = &client->response;
	uint64_t before = response->body_length;
	bool begun = response->begun;
	enum load_progress progress = skipped
	    ? shared->protocol->skip_body(response, length)
	    : shared->protocol->feed(response, shared->buffer, length);

	client->heard_us = load_clock_us();
	client->bytes += response->body_length - before;
	shared->counts.bytes += response->body_length - before;
	if (!begun && response->begun && is_counted(client))
		load_histogram_add(&shared->counts.first_byte_us,
		    client->heard_us - client->start_us);
	return progress;
}

static void advance(struct load_client *client, enum load_progress progress)
{
	switch (progress) {
	case LOAD_MORE:
		break;
	case LOAD_DONE:
		finish_request(client);
		break;
	case LOAD_BROKEN:
		fail(client, LOAD_ERROR_PROTOCOL);
		break;
	}
}

static void end_of_stream(struct load_client *client)
{
	enum load_progress progress =
	    client->shared->protocol->feed_end(&client->response);

	if (progress == LOAD_MORE)
		fail(client, LOAD_ERROR_CLOSED);
	else
		advance(client, progress);
}

/*
 * Of a file's bytes that nginx sends with sendfile(2), the copy into the
 * buffer is two thirds of what they cost, so the kernel drops them instead.
 */
static size_t body_to_skip(const struct load_client *client, size_t most)
{
	const struct load_shared *shared = client->shared;
	uint64_t body;

	if (!shared->may_skip)
		return 0;
	if (!options_of(client)->pace)
		most = SKIP_MAX;
	body = shared->protocol->body_left(&client->response);
	if (body < most && body < SKIP_MIN)
		return 0;
	return body < most ? (size_t)body : most;
}

/* One recv(). Returns false if nothing was there or the request is over. */
static bool read_some(struct load_client *client, size_t most)
{
	struct load_shared *shared = client->shared;
	size_t body = body_to_skip(client, most);
	ssize_t n = body ? recv(client->fd, NULL, body, SKIP_FLAGS)
			 : recv(client->fd, shared->buffer, most, MSG_DONTWAIT);
	enum load_progress progress;

	if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
		wait_for_response(client);
		return false;
	}
	if (n < 0) {
		fail(client, LOAD_ERROR_CLOSED);
		return false;
	}
	if (n == 0) {
		end_of_stream(client);
		return false;
	}
	progress = feed(client, (size_t)n, body > 0);
	if (options_of(client)->pace)
		client->due_us = load_pace_next(options_of(client)->pace,
		    client->due_us, client->heard_us, (size_t)n);
	advance(client, progress);
	return progress == LOAD_MORE;
}

/* Reads all that is due by now, and comes back when more is. */
static void read_at_pace(struct load_client *client, uint64_t now_us)
{
	size_t quantum = load_pace_quantum(options_of(client)->pace);

	for (int i = 0; i < READS_MAX && client->due_us <= now_us; i++)
		if (!read_some(client, quantum))
			return;
	wait_until(client, LOAD_CLIENT_PACING, client->due_us);
}

static void read_response(struct load_client *client)
{
	if (options_of(client)->pace)
		read_at_pace(client, load_clock_us());
	else
		read_some(client, client->shared->buffer_size);
}

/* --- from outside --------------------------------------------------------- */

void load_client_init(
    struct load_client *client, struct load_shared *shared, size_t index)
{
	*client = (struct load_client){
		.shared = shared,
		.state = LOAD_CLIENT_NEW,
		.fd = -1,
		.stalls = index < shared->options->stall,
		.path = index % shared->options->path_count,
		.response.expected = &shared->expected,
	};
}

void load_client_fini(struct load_client *client)
{
	hang_up(client);
}

void load_client_start(struct load_client *client)
{
	client->due_us = load_clock_us();
	if (!client->stalls)
		client->shared->active++;
	begin_request(client);
}

void load_client_event(struct load_client *client)
{
	switch (client->state) {
	case LOAD_CLIENT_CONNECTING:
		end_connecting(client);
		break;
	case LOAD_CLIENT_SENDING:
		send_request(client);
		break;
	case LOAD_CLIENT_READING:
		read_response(client);
		break;
	case LOAD_CLIENT_NEW:
	case LOAD_CLIENT_REFUSED:
	case LOAD_CLIENT_PACING:
	case LOAD_CLIENT_STALLED:
	case LOAD_CLIENT_PAUSING:
	case LOAD_CLIENT_RETIRED:
		break;
	}
}

void load_client_due(struct load_timer *timer, uint64_t now_us)
{
	struct load_client *client =
	    container_of(timer, struct load_client, timer);

	switch (client->state) {
	case LOAD_CLIENT_REFUSED:
		if (is_late(client, now_us))
			fail(client, LOAD_ERROR_CONNECT);
		else
			open_connection(client);
		break;
	case LOAD_CLIENT_PACING:
		client->state = LOAD_CLIENT_READING;
		read_at_pace(client, now_us);
		break;
	case LOAD_CLIENT_PAUSING:
		begin_request(client);
		break;
	case LOAD_CLIENT_NEW:
	case LOAD_CLIENT_CONNECTING:
	case LOAD_CLIENT_SENDING:
	case LOAD_CLIENT_READING:
	case LOAD_CLIENT_STALLED:
	case LOAD_CLIENT_RETIRED:
		break;
	}
}

void load_client_check_timeout(struct load_client *client, uint64_t now_us)
{
	if (!is_late(client, now_us))
		return;
	switch (client->state) {
	case LOAD_CLIENT_CONNECTING:
		fail(client, LOAD_ERROR_CONNECT);
		break;
	case LOAD_CLIENT_SENDING:
	case LOAD_CLIENT_READING:
		fail(client, LOAD_ERROR_TIMEOUT);
		break;
	case LOAD_CLIENT_REFUSED: /* its timer looks after that */
	case LOAD_CLIENT_NEW:
	case LOAD_CLIENT_PACING:
	case LOAD_CLIENT_STALLED:
	case LOAD_CLIENT_PAUSING:
	case LOAD_CLIENT_RETIRED:
		break;
	}
}
