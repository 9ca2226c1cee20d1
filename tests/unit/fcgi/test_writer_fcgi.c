/* SPDX-License-Identifier: MIT */
/*
 * The writer at one end of a connection; how its records look inside is
 * test_fcgi_output's business.
 */
#include "config.h"
#include "common/fcgi/writer_fcgi.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fastcgi.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/chunk_pool.h"
#include "common/container_of.h"
#include "common/fcgi/end_gate.h"
#include "common/fcgi/fcgi_batch.h"
#include "common/fcgi/fcgi_output.h"
#include "common/fcgi/fcgi_record.h"
#include "tests/unit/support/unit.h"

#define REQUEST_ID 7
#define CHUNK (256 << 10)
#define ROOM_MIN (16 << 10)
#define ROOM_SLOW (32 << 10)
#define ROOM_START (64 << 10)
#define RECEIVED_MAX (1 << 20)

struct fixture {
	int ours;
	int theirs;
	struct chunk_pool *records;
	struct fcgi_output *output;
	struct writer_fcgi fcgi;
	struct end_gate gate;
	struct writer *writer;
	uv_loop_t loop; /* its time is set by hand */
	/* What the callbacks were told. */
	unsigned int ready;
	unsigned int watched;
	bool watch_on;
	unsigned int held;
	/* What the peer has read. */
	unsigned char raw[RECEIVED_MAX];
	size_t length;
	unsigned char data[CHUNK]; /* to send */
};

static void on_ready(void *context)
{
	struct fixture *f = context;

	f->ready++;
}

static void on_watch(void *context, bool on)
{
	struct fixture *f = context;

	f->watched++;
	f->watch_on = on;
}

static void on_held(struct end_gate *gate)
{
	container_of(gate, struct fixture, gate)->held++;
}

/* --- fixture -------------------------------------------------------------- */

static void connect_unix(struct fixture *f)
{
	int fds[2];

	assert_int_equal(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	f->ours = fds[0];
	f->theirs = fds[1];
}

static void connect_tcp(struct fixture *f)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t length = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(
	    bind(listener, (struct sockaddr *)&address, length), 0);
	assert_int_equal(listen(listener, 1), 0);
	getsockname(listener, (struct sockaddr *)&address, &length);
	f->theirs = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(
	    connect(f->theirs, (struct sockaddr *)&address, length), 0);
	f->ours = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
	assert_true(f->ours >= 0);
	close(listener);
}

static void make_output(struct fixture *f)
{
	f->records =
	    chunk_pool_new(FCGI_BATCH_BUFFER_SIZE, FCGI_BATCH_BUFFER_SIZE);
	f->output = fcgi_output_new(f->ours, f->records);
	assert_non_null(f->output);
	fcgi_output_begin(f->output, REQUEST_ID);
}

static struct fixture *new_fixture(void (*connect_pair)(struct fixture *))
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	for (size_t i = 0; i < sizeof(f->data); i++)
		f->data[i] = (unsigned char)(i * 31 + (i >> 8) * 7);
	connect_pair(f);
	make_output(f);
	assert_int_equal(uv_loop_init(&f->loop), 0);
	return f;
}

static void init_writer(struct fixture *f, size_t chunk_size)
{
	writer_fcgi_init(&f->fcgi, f->output, f->ours, chunk_size);
	end_gate_init(&f->gate, on_held);
	f->fcgi.loop = &f->loop;
	f->fcgi.gate = &f->gate;
	f->fcgi.watch = on_watch;
	f->fcgi.watch_context = f;
	f->writer = &f->fcgi.writer;
	writer_fcgi_begin(&f->fcgi);
	f->writer->context = f;
}

static int setup_unix(void **state)
{
	*state = new_fixture(connect_unix);
	return 0;
}

static int setup_tcp(void **state)
{
	*state = new_fixture(connect_tcp);
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(chunk_pool_borrowed(f->records), 0);
	uv_loop_close(&f->loop);
	fcgi_output_free(f->output);
	chunk_pool_free(f->records);
	close(f->ours);
	close(f->theirs);
	free(f);
	return 0;
}

static int send_buffer(const struct fixture *f)
{
	int size = 0;
	socklen_t length = sizeof(size);

	assert_int_equal(
	    getsockopt(f->ours, SOL_SOCKET, SO_SNDBUF, &size, &length), 0);
	return size;
}

static void set_send_buffer(struct fixture *f, int size)
{
	assert_int_equal(
	    setsockopt(f->ours, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)), 0);
}

/* The peer takes what is there. */
static void take_all(struct fixture *f)
{
	ssize_t n;

	do {
		n = recv(f->theirs, f->raw + f->length,
		    RECEIVED_MAX - f->length, MSG_DONTWAIT);
		f->length += n > 0 ? (size_t)n : 0;
	} while (n > 0);
	assert_true(f->length < RECEIVED_MAX);
}

/* Whole records came, with `content` of our data and so many END_REQUEST. */
static void check_received(struct fixture *f, size_t content, unsigned int ends)
{
	size_t at = 0, got = 0;

	take_all(f);
	while (at < f->length) {
		struct fcgi_record record = fcgi_record_decode(f->raw + at);
		size_t n = record.content_length;

		at += FCGI_RECORD_HEADER_SIZE;
		assert_int_equal(record.request_id, REQUEST_ID);
		assert_true(at + n + record.padding_length <= f->length);
		if (record.type == FCGI_END_REQUEST)
			ends--;
		if (record.type == FCGI_STDOUT) {
			assert_memory_equal(f->raw + at, f->data + got, n);
			got += n;
		}
		at += n + record.padding_length;
	}
	assert_int_equal(got, content);
	assert_int_equal(ends, 0);
}

/* --- tests ---------------------------------------------------------------- */

/* The socket takes what there is said to be room for, and has it then. */
static void fill_room(struct fixture *f)
{
	size_t room = f->writer->ops->room(f->writer);
	size_t taken = 0;

	assert_true(room <= (size_t)send_buffer(f) / 4 * 3);
	room = room < CHUNK ? room : CHUNK;
	assert_true(f->writer->ops->has_room(f->writer, room));
	room = f->writer->ops->room(f->writer);
	assert_int_equal(
	    f->writer->ops->offer(f->writer, f->data, room, &taken), 0);
	assert_int_equal(taken, room);
	assert_int_equal(fcgi_output_flush(f->output), 0);
	assert_false(f->writer->ops->has_room(f->writer, room));
	take_all(f);
	f->length = 0;
}

static void is_ready_after(struct fixture *f, uint64_t ms, size_t room)
{
	size_t taken;

	f->writer->ready = on_ready;
	assert_int_equal(f->writer->ops->offer(f->writer, "x", 1, &taken), 0);
	f->loop.time += ms;
	writer_fcgi_ready(&f->fcgi);
	assert_int_equal(f->writer->ops->room(f->writer), room);
}

static const size_t chunk_sizes[] = { 20 << 10, ROOM_START, 100 << 10, CHUNK };

/* Whatever the buffer was before. */
static void begins_with_little_room(void **state)
{
	static const int buffers[] = { 4096, 200000 };
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LENGTH(chunk_sizes); i++) {
		size_t size = chunk_sizes[i];

		set_send_buffer(f, buffers[i % 2]);
		init_writer(f, size);
		assert_int_equal(f->writer->ops->room(f->writer),
		    size < ROOM_START ? size : ROOM_START);
		fill_room(f);
	}
}

static void grows_for_a_fast_client(void **state)
{
	struct fixture *f = *state;

	init_writer(f, CHUNK);
	is_ready_after(f, 20, 2 * ROOM_START);
	fill_room(f);
	is_ready_after(f, 20, CHUNK);
	fill_room(f);
	is_ready_after(f, 0, CHUNK);
	/* Neither fast nor slow: no change. */
	is_ready_after(f, 21, CHUNK);
	is_ready_after(f, 229, CHUNK);
}

/* It is emptied before a poll is needed. */
static void grows_for_a_very_fast_client(void **state)
{
	struct fixture *f = *state;

	init_writer(f, CHUNK);
	for (size_t room = ROOM_START; room < CHUNK; room *= 2) {
		assert_true(f->writer->ops->has_room(f->writer, room));
		assert_int_equal(f->writer->ops->room(f->writer), 2 * room);
	}
}

/* As a stream does that has a pace. */
static void grows_for_offers_that_need_it(void **state)
{
	struct fixture *f = *state;

	init_writer(f, CHUNK);
	assert_true(f->writer->ops->has_room(f->writer, ROOM_START - 1));
	assert_int_equal(f->writer->ops->room(f->writer), ROOM_START);
	assert_true(f->writer->ops->has_room(f->writer, ROOM_START));
	assert_int_equal(f->writer->ops->room(f->writer), 2 * ROOM_START);
}

static void shrinks_for_a_slow_client(void **state)
{
	static const size_t rooms[] = { 128 << 10, 64 << 10, ROOM_SLOW,
		ROOM_SLOW };
	struct fixture *f = *state;

	init_writer(f, CHUNK);
	is_ready_after(f, 0, 2 * ROOM_START);
	is_ready_after(f, 0, CHUNK);
	for (size_t i = 0; i < ARRAY_LENGTH(rooms); i++)
		is_ready_after(f, 251, rooms[i]);
	assert_true(send_buffer(f) <= 2 * ROOM_SLOW);
}

/* net.core.wmem_max bounds what can be asked for. */
static void takes_what_the_kernel_gives(void **state)
{
	struct fixture *f = *state;
	size_t room = 0, last;

	init_writer(f, 1 << 30);
	do {
		last = room;
		room = f->writer->ops->room(f->writer);
		assert_true(f->writer->ops->has_room(f->writer, room));
		room = f->writer->ops->room(f->writer);
		assert_true(room <= (size_t)send_buffer(f) / 4 * 3);
	} while (room > last);
	assert_int_equal(f->writer->ops->room(f->writer), last);
}

static void never_offers_next_to_nothing(void **state)
{
	struct fixture *f = *state;

	set_send_buffer(f, 4096);
	init_writer(f, 1);
	assert_int_equal(f->writer->ops->room(f->writer), ROOM_MIN);
}

/* TCP's buffer is left to the kernel and looked at each time. */
static void follows_the_buffer_of_tcp(void **state)
{
	static const int buffers[] = { 100000, 200000, 50000 };
	struct fixture *f = *state;
	int before;
	size_t room;

	set_send_buffer(f, 4096);
	before = send_buffer(f);
	init_writer(f, CHUNK);
	assert_int_equal(send_buffer(f), before);
	for (size_t i = 0; i < ARRAY_LENGTH(buffers); i++) {
		size_t third;

		set_send_buffer(f, buffers[i]);
		third = (size_t)send_buffer(f) / 3;
		room = f->writer->ops->room(f->writer);
		assert_true(room >= ROOM_MIN);
		assert_true(room == ROOM_MIN || room <= third);
		assert_true(room + 4096 >= third);
	}
}

/* Over loopback the bytes come at some time: wait for the end record. */
static void writes_to_tcp(void **state)
{
	struct fixture *f = *state;
	size_t taken = 0;

	init_writer(f, CHUNK);
	assert_int_equal(
	    f->writer->ops->offer(f->writer, f->data, 10000, &taken), 0);
	assert_int_equal(taken, 10000);
	assert_int_equal(f->writer->ops->end(f->writer), 0);
	shutdown(f->ours, SHUT_WR);
	for (ssize_t n = 1; n > 0; f->length += (size_t)n) {
		n = recv(f->theirs, f->raw + f->length, 10000, 0);
		assert_true(n >= 0);
	}
	check_received(f, 10000, 1);
}

/* Ended twice is ended once; the next response ends anew. */
static void ends_each_response_once(void **state)
{
	struct fixture *f = *state;
	const struct writer_ops *ops;
	size_t taken = 0;

	init_writer(f, CHUNK);
	ops = f->writer->ops;
	assert_int_equal(ops->put(f->writer, f->data, 1000), 0);
	assert_int_equal(
	    ops->offer(f->writer, f->data + 1000, 50000, &taken), 0);
	assert_int_equal(taken, 50000);
	for (int i = 0; i < 3; i++)
		assert_int_equal(ops->end(f->writer), 0);
	check_received(f, 51000, 1);
	f->length = 0;
	fcgi_output_begin(f->output, REQUEST_ID);
	writer_fcgi_begin(&f->fcgi);
	assert_int_equal(ops->put(f->writer, f->data, 10), 0);
	assert_int_equal(ops->end(f->writer), 0);
	check_received(f, 10, 1);
}

static void ends_when_the_socket_has_room(void **state)
{
	struct fixture *f = *state;
	int r = -EAGAIN;

	init_writer(f, 1);
	set_send_buffer(f, 4608);
	assert_int_equal(f->writer->ops->put(f->writer, f->data, 100000), 0);
	assert_int_equal(f->writer->ops->end(f->writer), -EAGAIN);
	assert_int_equal(f->writer->ops->end(f->writer), -EAGAIN);
	for (int i = 0; i < 1000 && r == -EAGAIN; i++) {
		take_all(f);
		r = f->writer->ops->end(f->writer);
	}
	assert_int_equal(r, 0);
	check_received(f, 100000, 1);
}

static void says_that_the_peer_is_gone(void **state)
{
	struct fixture *f = *state;
	size_t taken = 99;

	init_writer(f, CHUNK);
	shutdown(f->theirs, SHUT_RD);
	assert_int_equal(
	    f->writer->ops->offer(f->writer, f->data, 50000, &taken), -EPIPE);
	assert_int_equal(taken, 99);
	assert_int_equal(f->writer->ops->put(f->writer, "x", 1), -EPIPE);
	assert_int_equal(f->writer->ops->end(f->writer), -EPIPE);
}

static void asks_to_watch(void **state)
{
	struct fixture *f = *state;

	init_writer(f, CHUNK);
	for (unsigned int i = 1; i < 5; i++) {
		f->writer->ops->want(f->writer, i % 2);
		assert_int_equal(f->watched, i);
		assert_int_equal(f->watch_on, i % 2);
	}
}

/* Readiness goes to who waits; with nobody there the watching ends. */
/* A small piece waits for company, but not while the source lets wait. */
static void sends_what_waits_when_the_source_does(void **state)
{
	struct fixture *f = *state;
	size_t taken = 0;

	init_writer(f, CHUNK);
	writer_fcgi_begin(&f->fcgi);
	assert_int_equal(f->writer->ops->offer(f->writer, "x", 1, &taken), 0);
	take_all(f);
	assert_int_equal(f->length, 0);
	f->writer->ops->want(f->writer, true);
	take_all(f);
	assert_int_equal(f->length, 0);
	f->writer->ops->flush(f->writer);
	take_all(f);
	assert_int_equal(f->length, 16);
}

static void passes_readiness_on(void **state)
{
	struct fixture *f = *state;

	init_writer(f, CHUNK);
	f->writer->ready = on_ready;
	writer_fcgi_ready(&f->fcgi);
	assert_int_equal(f->ready, 1);
	assert_int_equal(f->watched, 0);
	f->watch_on = true;
	/* A new response: who waited for the last one does no more. */
	writer_fcgi_begin(&f->fcgi);
	writer_fcgi_ready(&f->fcgi);
	assert_int_equal(f->ready, 1);
	assert_int_equal(f->watched, 1);
	assert_false(f->watch_on);
}

/* All leaves at once but END_REQUEST, which waits until the gate opens. */
static void holds_the_end_at_a_shut_gate(void **state)
{
	struct fixture *f = *state;
	const struct writer_ops *ops;

	init_writer(f, CHUNK);
	ops = f->writer->ops;
	end_gate_begin(&f->gate, true);
	assert_int_equal(ops->put(f->writer, f->data, 1000), 0);
	assert_int_equal(f->held, 0);
	assert_int_equal(ops->end(f->writer), -EAGAIN);
	check_received(f, 1000, 0);
	assert_int_equal(f->held, 1);
	end_gate_open(&f->gate);
	assert_int_equal(ops->end(f->writer), 0);
	f->length = 0;
	check_received(f, 0, 1);
}

/* Once, also if its end is on the way; a shut gate is no matter. */
static void ends_an_aborted_response_once(void **state)
{
	struct fixture *f = *state;

	init_writer(f, CHUNK);
	for (int ended = 0; ended < 2; ended++) {
		fcgi_output_begin(f->output, REQUEST_ID);
		writer_fcgi_begin(&f->fcgi);
		end_gate_begin(&f->gate, !ended);
		f->writer->ops->put(f->writer, f->data, 1000);
		if (ended)
			f->writer->ops->end(f->writer);
		assert_int_equal(writer_fcgi_abort(&f->fcgi), 0);
		f->length = 0;
		check_received(f, 1000, 1);
	}
}

/* What is not the end goes first: until it has left nothing is held. */
static void sends_all_before_it_holds_the_end(void **state)
{
	struct fixture *f = *state;
	const struct writer_ops *ops;

	init_writer(f, CHUNK);
	ops = f->writer->ops;
	set_send_buffer(f, 4096);
	end_gate_begin(&f->gate, true);
	assert_int_equal(ops->put(f->writer, f->data, 100000), 0);
	assert_int_equal(ops->end(f->writer), -EAGAIN);
	assert_int_equal(f->held, 0);
	while (f->held == 0) {
		take_all(f);
		assert_int_equal(ops->end(f->writer), -EAGAIN);
	}
	assert_int_equal(fcgi_output_pending(f->output), 0);
	check_received(f, 100000, 0);
}

int main(void)
{
#define TEST(name, setup) cmocka_unit_test_setup_teardown(name, setup, teardown)
	static const struct CMUnitTest tests[] = {
		TEST(begins_with_little_room, setup_unix),
		TEST(grows_for_a_fast_client, setup_unix),
		TEST(grows_for_a_very_fast_client, setup_unix),
		TEST(grows_for_offers_that_need_it, setup_unix),
		TEST(shrinks_for_a_slow_client, setup_unix),
		TEST(takes_what_the_kernel_gives, setup_unix),
		TEST(never_offers_next_to_nothing, setup_unix),
		TEST(follows_the_buffer_of_tcp, setup_tcp),
		TEST(writes_to_tcp, setup_tcp),
		TEST(ends_each_response_once, setup_unix),
		TEST(ends_when_the_socket_has_room, setup_unix),
		TEST(says_that_the_peer_is_gone, setup_unix),
		TEST(asks_to_watch, setup_unix),
		TEST(sends_what_waits_when_the_source_does, setup_unix),
		TEST(passes_readiness_on, setup_unix),
		TEST(holds_the_end_at_a_shut_gate, setup_unix),
		TEST(ends_an_aborted_response_once, setup_unix),
		TEST(sends_all_before_it_holds_the_end, setup_unix),
	};

	return cmocka_run_group_tests_name("writer_fcgi", tests, NULL, NULL);
}
