/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "tests/unit/support/connection_fixture.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/chunk_pool.h"
#include "common/fcgi/fcgi_batch.h"
#include "common/fcgi/fcgi_params.h"
#include "fcgi_app/policy/response_head.h"
#include "fcgi_app/request/request.h"
#include "tests/unit/support/unit.h"

static void on_changed(void *context)
{
	struct connection_fixture *f = context;

	f->changes++;
}

static struct connection_fixture *fixture_of(const struct request *request)
{
	struct connection *connection = request->origin.context;

	return connection->all->context;
}

static void on_ended(struct request *request, const char *reason)
{
	fixture_of(request)->request = NULL;
	fixture_of(request)->reason = reason;
}

static void on_body(struct request *request, const char *body, size_t length)
{
	struct connection_fixture *f = fixture_of(request);

	assert_true(length < sizeof(f->body));
	memcpy(f->body, body, length + 1);
	request_error(request, 404, NULL, NULL);
}

void connection_fixture_stream(
    struct connection_fixture *f, uint64_t size, bool late)
{
	struct response_head head;

	mock_source_init(&f->source, size);
	f->source.late = late;
	response_head_init(&head, 200);
	f->request->head_first = true;
	request_stream(f->request, &head, &f->source.source, 0, size);
}

static void on_request(struct request *request)
{
	struct connection_fixture *f = fixture_of(request);

	f->requests++;
	f->request = request;
	f->was_body_pending = request->origin.body_pending;
	request->ended = on_ended;
	switch (f->conduct) {
	case CONDUCT_WAITS:
		break;
	case CONDUCT_ANSWERS:
		request_error(request, 404, NULL, NULL);
		break;
	case CONDUCT_READS_BODY:
		request_read_body(request, sizeof(f->body) - 1, on_body);
		break;
	}
}

void connection_fixture_run(struct connection_fixture *f)
{
	int quiet = 0;

	while (quiet < 3) {
		bool more;

		uv_run(&f->loop, UV_RUN_NOWAIT);
		more = stream_group_run(&f->services.streams);
		turn_ends_run(&f->services.ends);
		more |= uv_loop_alive(&f->loop) &&
		    uv_backend_timeout(&f->loop) == 0;
		quiet = more ? 0 : quiet + 1;
	}
}

void connection_fixture_connect(struct connection_fixture *f)
{
	int fds[2];

	assert_int_equal(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	f->peer = fds[1];
	assert_int_equal(connection_new(&f->all, fds[0]), 0);
}

int connection_fixture_setup(void **state)
{
	struct connection_fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	assert_int_equal(uv_loop_init(&f->loop), 0);
	f->options.chunk_size = 256 << 10;
	f->options.head_timeout_ms = HOUR_MS;
	f->options.send_timeout_ms = HOUR_MS;
	stream_group_init(&f->services.streams, f->options.chunk_size);
	turn_ends_init(&f->services.ends);
	f->services.loop = &f->loop;
	f->services.options = &f->options;
	f->services.process = 7;
	connections_init(&f->all);
	f->all.services = &f->services;
	f->all.limit = 1;
	f->all.on_request = on_request;
	f->all.changed = on_changed;
	f->all.context = f;
	f->all.records =
	    chunk_pool_new(FCGI_BATCH_BUFFER_SIZE, 2 * FCGI_BATCH_BUFFER_SIZE);
	assert_non_null(f->all.records);
	assert_int_equal(fcgi_params_parser_new(&f->all.parser), 0);
	connection_fixture_connect(f);
	*state = f;
	return 0;
}

int connection_fixture_teardown(void **state)
{
	struct connection_fixture *f = *state;

	turn_ends_run(&f->services.ends);
	connections_abort(&f->all, "test is over");
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&f->loop), 0);
	assert_int_equal(chunk_pool_borrowed(f->all.records), 0);
	assert_int_equal(f->all.count, 0);
	fcgi_params_parser_free(f->all.parser);
	chunk_pool_free(f->all.records);
	close(f->peer);
	free(f);
	return 0;
}

struct connection *connection_fixture_first(struct connection_fixture *f)
{
	return TAILQ_FIRST(&f->all.list);
}

enum connection_state connection_fixture_state(struct connection_fixture *f)
{
	struct connection *connection = connection_fixture_first(f);

	return connection ? connection->state : CONNECTION_CLOSED;
}

enum peer_timer_use connection_fixture_timer(struct connection_fixture *f)
{
	struct connection *connection = connection_fixture_first(f);

	return connection ? connection->timer.use : PEER_TIMER_OFF;
}

void connection_fixture_expire(struct connection_fixture *f)
{
	struct connection *connection = connection_fixture_first(f);
	uv_timer_t *timer = &connection->timer.handle;
	uint64_t due, now;

	if (!uv_is_active((uv_handle_t *)timer))
		return;
	f->options.send_timeout_ms = 1;
	/* Once, a millisecond from now: it does not repeat after that. */
	uv_timer_set_repeat(timer, 1);
	uv_timer_again(timer);
	uv_timer_set_repeat(timer, 0);
	due = uv_now(&f->loop) + 1;
	/* Without waiting: an event may have stopped the timer meanwhile. */
	do {
		uv_update_time(&f->loop);
		now = uv_now(&f->loop);
		uv_run(&f->loop, UV_RUN_NOWAIT);
	} while (now < due);
	f->options.send_timeout_ms = HOUR_MS;
}
