/* SPDX-License-Identifier: MIT */
/* A request over a mock writer, for tests of actions. */
#ifndef TESTS_UNIT_SUPPORT_MOCK_REQUEST_H
#define TESTS_UNIT_SUPPORT_MOCK_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

#include "fcgi_app/action_api/action.h"
#include "fcgi_app/request/param_check.h"
#include "fcgi_app/request/services.h"
#include "fcgi_app/setup/options.h"
#include "tests/unit/support/mock_writer.h"

struct chunk_pool;
struct fcgi_output;
struct request;

/* A worker as far as requests need one: it can't read files. */
struct mock_request {
	uv_loop_t loop;
	struct options options;
	struct services services;
	struct param_check param_check;
	struct mock_writer writer;
	struct chunk_pool *records;
	struct fcgi_output *output;
	int sockets[2];
	/* NULL: none was started, or it is over. */
	struct request *request;
	bool over; /* the request ended by itself, with `result` */
	int result;
	bool body_pending; /* before the start: its body is still to come */
	bool body_wanted;
};

void mock_request_init(struct mock_request *mock);

/*
 * Makes a request with these parameters: names and values in turn, with a NULL
 * after the last. STREAM_PATH and REQUEST_METHOD are among them if they matter.
 */
void mock_request_new(
    struct mock_request *mock, const char *const *names_and_values);

/* The same, and starts an action of the C interface for it. */
void mock_request_start(struct mock_request *mock, action_start_fn *start,
    const char *const *names_and_values);

/* Runs the loop and the pump until nothing more happens by itself. */
void mock_request_run(struct mock_request *mock);

/* Runs both until `length` bytes have arrived, or the request is over. */
void mock_request_run_until(struct mock_request *mock, size_t length);

/* The client leaves. */
void mock_request_leave(struct mock_request *mock);

/* What has arrived, head and all, as a string; the mock's. */
const char *mock_request_text(struct mock_request *mock);

/* The same from behind the head. */
const char *mock_request_body(struct mock_request *mock);

/* The client leaves, unless it is over; fails if anything is left behind. */
void mock_request_fini(struct mock_request *mock);

#endif
