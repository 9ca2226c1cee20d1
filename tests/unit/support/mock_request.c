/* SPDX-License-Identifier: MIT */
/* The writer is a mock; the rest is what a worker has. */
#include "config.h"
#include "tests/unit/support/mock_request.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/chunk_pool.h"
#include "common/fcgi/fcgi_batch.h"
#include "common/fcgi/fcgi_output.h"
#include "fcgi_app/action_api/action_internal.h"
#include "fcgi_app/policy/media_type.h"
#include "fcgi_app/request/request.h"
#include "tests/unit/support/make_params.h"
#include "tests/unit/support/unit.h"

void mock_request_init(struct mock_request *mock)
{
	memset(mock, 0, sizeof(*mock));
	assert_int_equal(uv_loop_init(&mock->loop), 0);
	mock->options.chunk_size = 256 << 10;
	stream_group_init(&mock->services.streams, mock->options.chunk_size);
	turn_ends_init(&mock->services.ends);
	mock->services.loop = &mock->loop;
	mock->services.options = &mock->options;
	mock->services.process = 1;
	mock->services.param_check = &mock->param_check;
	mock->records =
	    chunk_pool_new(FCGI_BATCH_BUFFER_SIZE, 2 * FCGI_BATCH_BUFFER_SIZE);
	assert_non_null(mock->records);
	/* It has the counts and the error log only. */
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, mock->sockets), 0);
	mock->output = fcgi_output_new(mock->sockets[0], mock->records);
	assert_non_null(mock->output);
	mock_writer_init(&mock->writer);
	mock->writer.tells_room = true;
}

static void on_over(void *context, int error)
{
	struct mock_request *mock = context;

	assert_false(mock->over);
	mock->over = true;
	mock->result = error;
	mock->request = NULL;
}

static void on_want_body(void *context)
{
	struct mock_request *mock = context;

	mock->body_wanted = true;
}

void mock_request_new(
    struct mock_request *mock, const char *const *names_and_values)
{
	const struct request_origin origin = {
		.services = &mock->services,
		.params = make_params(names_and_values),
		.writer = &mock->writer.writer,
		.output = mock->output,
		.over = on_over,
		.want_body = on_want_body,
		.context = mock,
		.body_pending = mock->body_pending,
		.sequence = 1,
	};

	fcgi_output_begin(mock->output, 1);
	mock->request = request_new(&origin);
	assert_non_null(mock->request);
}

void mock_request_start(struct mock_request *mock, action_start_fn *start,
    const char *const *names_and_values)
{
	mock_request_new(mock, names_and_values);
	action_start(mock->request, start);
}

void mock_request_run(struct mock_request *mock)
{
	bool more;

	do {
		uv_run(&mock->loop, UV_RUN_NOWAIT);
		more = stream_group_run(&mock->services.streams);
		/* What ends, or begins, may make a stream runnable. */
		more |= !TAILQ_EMPTY(&mock->services.ends.list);
		turn_ends_run(&mock->services.ends);
		more |= uv_loop_alive(&mock->loop) &&
		    uv_backend_timeout(&mock->loop) == 0;
	} while (more);
}

void mock_request_run_until(struct mock_request *mock, size_t length)
{
	mock_request_run(mock);
	while (!mock->over && mock->writer.length < length) {
		uv_run(&mock->loop, UV_RUN_ONCE);
		mock_request_run(mock);
	}
}

void mock_request_leave(struct mock_request *mock)
{
	struct request *request = mock->request;

	mock->request = NULL;
	if (request)
		request_abort(request, "client left");
}

const char *mock_request_text(struct mock_request *mock)
{
	struct mock_writer *writer = &mock->writer;

	/* The NUL is not counted: more may come. */
	writer->writer.ops->put(&writer->writer, "", 1);
	writer->length--;
	return (const char *)writer->bytes;
}

const char *mock_request_body(struct mock_request *mock)
{
	const char *head_end = strstr(mock_request_text(mock), "\r\n\r\n");

	assert_non_null(head_end);
	return head_end + 4;
}

void mock_request_fini(struct mock_request *mock)
{
	mock_request_leave(mock);
	turn_ends_run(&mock->services.ends);
	uv_run(&mock->loop, UV_RUN_DEFAULT);
	turn_ends_run(&mock->services.ends);
	assert_int_equal(uv_loop_close(&mock->loop), 0);
	fcgi_output_free(mock->output);
	chunk_pool_free(mock->records);
	close(mock->sockets[0]);
	close(mock->sockets[1]);
	mock_writer_fini(&mock->writer);
}
