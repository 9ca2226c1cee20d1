/* SPDX-License-Identifier: MIT */
/*
 * The non-blocking stream, at one end of a socket pair; at the other a small
 * reader of records. This pins rule 5 of the design: libfcgi's own functions
 * work on a subclass, nothing blocks and nothing is lost.
 */
#include "config.h"
#include "common/fcgi/fcgi_output.h"

#include <errno.h>
#include <fastcgi.h>
#include <fcgiapp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/chunk_pool.h"
#include "common/fcgi/fcgi_batch.h"
#include "common/fcgi/fcgi_record.h"
#include "tests/unit/support/unit.h"

#define REQUEST_ID 7

struct fixture {
	int ours;
	int theirs;
	struct chunk_pool *records;
	struct fcgi_output *output;
	/* What the peer has read. */
	unsigned char *raw;
	size_t raw_length;
	size_t raw_capacity;
};

/* What the records said. */
struct parsed {
	unsigned char *content; /* of STDOUT */
	size_t length;
	size_t records;
	size_t errors_length;
	char errors[2048];
	bool stdout_closed;
	bool stderr_closed;
	bool ended;
	uint32_t app_status;
	size_t others;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	int fds[2];

	assert_non_null(f);
	assert_int_equal(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	f->ours = fds[0];
	f->theirs = fds[1];
	f->records =
	    chunk_pool_new(FCGI_BATCH_BUFFER_SIZE, FCGI_BATCH_BUFFER_SIZE);
	f->output = fcgi_output_new(f->ours, f->records);
	assert_non_null(f->output);
	fcgi_output_begin(f->output, REQUEST_ID);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(chunk_pool_borrowed(f->records), 0);
	fcgi_output_free(f->output);
	chunk_pool_free(f->records);
	close(f->ours);
	if (f->theirs >= 0)
		close(f->theirs);
	free(f->raw);
	free(f);
	return 0;
}

static void set_send_buffer(struct fixture *f, int size)
{
	assert_int_equal(
	    setsockopt(f->ours, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)), 0);
}

/* The peer takes up to `most` bytes; how many there were. */
static size_t take(struct fixture *f, size_t most)
{
	size_t taken = 0;
	ssize_t n;

	while (taken < most) {
		size_t want = most - taken < 65536 ? most - taken : 65536;

		if (f->raw_capacity - f->raw_length < want) {
			f->raw_capacity = 2 * f->raw_capacity + want;
			f->raw = realloc(f->raw, f->raw_capacity);
			assert_non_null(f->raw);
		}
		n = recv(f->theirs, f->raw + f->raw_length, want, 0);
		if (n <= 0)
			break;
		f->raw_length += (size_t)n;
		taken += (size_t)n;
	}
	return taken;
}

static size_t take_all(struct fixture *f)
{
	return take(f, SIZE_MAX);
}

static void parse_record(struct parsed *p, const struct fcgi_record *record,
    const unsigned char *content)
{
	size_t n = record->content_length;

	p->records++;
	if (record->type == FCGI_STDOUT && n > 0) {
		assert_false(p->stdout_closed);
		memcpy(p->content + p->length, content, n);
		p->length += n;
	} else if (record->type == FCGI_STDOUT) {
		p->stdout_closed = true;
	} else if (record->type == FCGI_STDERR && n > 0) {
		memcpy(p->errors + p->errors_length, content, n);
		p->errors_length += n;
	} else if (record->type == FCGI_STDERR) {
		p->stderr_closed = true;
	} else if (record->type == FCGI_END_REQUEST) {
		p->ended = true;
		assert_int_equal(n, 8);
		p->app_status = (uint32_t)content[0] << 24 | content[1] << 16 |
		    content[2] << 8 | content[3];
		assert_int_equal(content[4], FCGI_REQUEST_COMPLETE);
	} else {
		p->others++;
	}
}

/* All that the peer has read must be whole records of our request. */
static struct parsed parse(const struct fixture *f)
{
	struct parsed p = { .content = malloc(f->raw_length + 1) };
	size_t at = 0;

	assert_non_null(p.content);
	while (at < f->raw_length) {
		struct fcgi_record record;

		assert_true(f->raw_length - at >= FCGI_RECORD_HEADER_SIZE);
		record = fcgi_record_decode(f->raw + at);
		assert_int_equal(record.version, 1);
		assert_true(
		    record.request_id == REQUEST_ID || record.request_id == 0);
		assert_int_equal(
		    (record.content_length + record.padding_length) % 8, 0);
		at += FCGI_RECORD_HEADER_SIZE;
		assert_true(f->raw_length - at >=
		    (size_t)record.content_length + record.padding_length);
		parse_record(&p, &record, f->raw + at);
		at += record.content_length + record.padding_length;
	}
	return p;
}

static unsigned char byte_at(size_t offset)
{
	return (unsigned char)(offset * 31 + (offset >> 8) * 7);
}

static unsigned char *make_bytes(size_t length)
{
	unsigned char *bytes = malloc(length + 1);

	assert_non_null(bytes);
	for (size_t i = 0; i < length; i++)
		bytes[i] = byte_at(i);
	return bytes;
}

static void check_content(const struct parsed *p, size_t length)
{
	assert_int_equal(p->length, length);
	for (size_t i = 0; i < length; i++)
		if (p->content[i] != byte_at(i))
			fail_msg("byte %zu is wrong", i);
}

/* A small response leaves in one send: head, body, closing records. */
static void test_small_response(void **state)
{
	struct fixture *f = *state;
	struct parsed p;
	size_t taken;

	assert_int_equal(
	    fcgi_output_put(f->output, "Status: 200\r\n\r\n", 15), 0);
	assert_int_equal(take_all(f), 0);
	assert_int_equal(fcgi_output_offer(f->output, "hello", 5, &taken), 0);
	assert_int_equal(taken, 5);
	assert_int_equal(take_all(f), 0);
	assert_int_equal(fcgi_output_end(f->output, 3), 0);
	assert_int_equal(fcgi_output_content(f->output), 20);
	assert_int_equal(fcgi_output_pending(f->output), 0);
	take_all(f);
	p = parse(f);
	assert_int_equal(p.length, 20);
	assert_memory_equal(p.content, "Status: 200\r\n\r\nhello", 20);
	assert_true(p.stdout_closed && p.ended);
	assert_false(p.stderr_closed);
	assert_int_equal(p.app_status, 3);
	free(p.content);
}

static void test_libfcgi_functions(void **state)
{
	struct fixture *f = *state;
	FCGX_Stream *stream = fcgi_output_stream(f->output);
	struct parsed p;

	assert_int_equal(FCGX_PutS("one ", stream), 4);
	assert_int_equal(FCGX_FPrintF(stream, "%d %s ", 2, "three"), 8);
	assert_int_equal(FCGX_PutChar('4', stream), '4');
	assert_int_equal(FCGX_FFlush(stream), 0);
	assert_true(take_all(f) > 0);
	assert_int_equal(FCGX_PutStr("five", 4, stream), 4);
	assert_int_equal(fcgi_output_settle(f->output), 0);
	assert_int_equal(chunk_pool_borrowed(f->records), 0);
	/* What is parked leaves with a flush of the stream, too. */
	assert_int_equal(take_all(f), 0);
	assert_int_equal(FCGX_FFlush(stream), 0);
	assert_int_equal(fcgi_output_settle(f->output), 0);
	assert_true(take_all(f) > 0);
	assert_int_equal(fcgi_output_end(f->output, 0), 0);
	take_all(f);
	p = parse(f);
	assert_int_equal(p.length, 17);
	assert_memory_equal(p.content, "one 2 three 4five", 17);
	free(p.content);
}

/* A copy to 1 … 15 bytes after the source's place in its page is slow. */
static void test_content_stands_apart_from_a_page_begin(void **state)
{
	struct fixture *f = *state;
	FCGX_Stream *stream = fcgi_output_stream(f->output);
	size_t place;

	assert_int_equal(FCGX_PutChar('x', stream), 'x');
	place = (uintptr_t)(stream->wrNext - 1) % CHUNK_POOL_ALIGNMENT;
	assert_in_range(place, 64, CHUNK_POOL_ALIGNMENT - 64);
	assert_int_equal(fcgi_output_settle(f->output), 0);
}

static void test_content_lengths(void **state)
{
	static const size_t lengths[] = { 1, 7, 8, 9,
		FCGI_BATCH_CONTENT_MAX - 1, FCGI_BATCH_CONTENT_MAX,
		FCGI_BATCH_CONTENT_MAX + 1, 65535, 65536,
		2 * FCGI_BATCH_CONTENT_MAX };
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LENGTH(lengths); i++) {
		unsigned char *bytes = make_bytes(lengths[i]);
		struct parsed p;
		size_t taken = 0;

		f->raw_length = 0;
		fcgi_output_begin(f->output, REQUEST_ID);
		assert_int_equal(
		    fcgi_output_offer(f->output, bytes, lengths[i], &taken), 0);
		assert_int_equal(taken, lengths[i]);
		assert_int_equal(fcgi_output_end(f->output, 0), 0);
		take_all(f);
		p = parse(f);
		check_content(&p, lengths[i]);
		assert_true(p.ended);
		free(p.content);
		free(bytes);
	}
}

/*
 * Offers a megabyte to a socket of each size whose peer takes a little at a
 * time: every byte arrives once, and little is kept meanwhile.
 */
static void offer_slowly(struct fixture *f, int send_buffer, size_t step)
{
	const size_t length = 1 << 20;
	unsigned char *bytes = make_bytes(length);
	size_t position = 0;
	struct parsed p;

	set_send_buffer(f, send_buffer);
	while (position < length) {
		size_t n =
		    length - position < 100000 ? length - position : 100000;
		size_t taken = 0;

		assert_int_equal(
		    fcgi_output_offer(f->output, bytes + position, n, &taken),
		    0);
		assert_true(taken <= n);
		position += taken;
		assert_int_equal(fcgi_output_content(f->output), position);
		assert_true(fcgi_output_pending(f->output) <=
		    FCGI_OUTPUT_KEEP_MAX + 4096 + 64);
		take(f, step);
	}
	while (fcgi_output_end(f->output, 0) == -EAGAIN ||
	    fcgi_output_pending(f->output) > 0)
		take(f, step);
	take_all(f);
	p = parse(f);
	check_content(&p, length);
	assert_true(p.ended);
	free(p.content);
	free(bytes);
}

static void test_slow_peer(void **state)
{
	static const int buffers[] = { 4608, 20000, 65536, 200000 };
	static const size_t steps[] = { 911, 4096, 50001 };
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_LENGTH(buffers); i++) {
		for (size_t j = 0; j < ARRAY_LENGTH(steps); j++) {
			f->raw_length = 0;
			fcgi_output_begin(f->output, REQUEST_ID);
			offer_slowly(f, buffers[i], steps[j]);
		}
	}
}

/* Makes an offer stick in the middle of a record. */
static size_t open_record(
    struct fixture *f, const unsigned char *bytes, size_t length)
{
	size_t taken = length;

	/* The kernel may take all of an offer or none: try sizes. */
	for (int size = 20000; size < 60000; size += 1000) {
		set_send_buffer(f, size);
		fcgi_output_offer(f->output, bytes, length, &taken);
		if (taken > 0 && taken < length)
			return taken;
		assert_int_equal(taken, 0);
	}
	fail_msg("no offer was taken in part");
	return 0;
}

/* Answers to management records never stand inside a record. */
static void test_control_waits_for_record_end(void **state)
{
	const size_t length = 500000;
	struct fixture *f = *state;
	unsigned char *bytes = make_bytes(length);
	unsigned char answer[16];
	struct fcgi_record record = { .type = FCGI_UNKNOWN_TYPE,
		.content_length = 8 };
	struct parsed p;
	size_t position;

	memset(answer, 0, sizeof(answer));
	fcgi_record_encode(answer, &record);
	position = open_record(f, bytes, length);
	assert_int_equal(fcgi_output_control(f->output, answer, 16), 0);
	set_send_buffer(f, 200000);
	while (position < length) {
		size_t taken = 0;

		take_all(f);
		assert_int_equal(fcgi_output_offer(f->output, bytes + position,
				     length - position, &taken),
		    0);
		position += taken;
	}
	take_all(f);
	fcgi_output_end(f->output, 0);
	take_all(f);
	p = parse(f);
	check_content(&p, length);
	assert_int_equal(p.others, 1);
	assert_true(p.ended);
	free(p.content);
	free(bytes);
}

static void test_control_is_bounded(void **state)
{
	const size_t length = 500000;
	struct fixture *f = *state;
	unsigned char *bytes = make_bytes(length);
	unsigned char answer[16] = { 1, FCGI_UNKNOWN_TYPE, 0, 0, 0, 8 };

	open_record(f, bytes, length);
	for (size_t n = 0; n < FCGI_OUTPUT_CONTROL_MAX; n += 16)
		assert_int_equal(fcgi_output_control(f->output, answer, 16), 0);
	assert_int_equal(fcgi_output_control(f->output, answer, 16), -ENOBUFS);
	assert_int_equal(fcgi_output_settle(f->output), -ENOBUFS);
	free(bytes);
}

/* The same bound where no record is open and the socket is full. */
static void test_control_is_bounded_between_records(void **state)
{
	struct fixture *f = *state;
	unsigned char *bytes = make_bytes(60000);
	unsigned char answer[16] = { 1, FCGI_UNKNOWN_TYPE, 0, 0, 0, 8 };

	set_send_buffer(f, 4608);
	assert_int_equal(fcgi_output_put(f->output, bytes, 60000), 0);
	assert_int_equal(fcgi_output_flush(f->output), -EAGAIN);
	for (size_t n = 0; n < FCGI_OUTPUT_CONTROL_MAX; n += 16)
		assert_int_equal(fcgi_output_control(f->output, answer, 16), 0);
	assert_int_equal(fcgi_output_control(f->output, answer, 16), -ENOBUFS);
	free(bytes);
}

/* Answers that are read count no more. */
static void test_control_that_is_read(void **state)
{
	struct fixture *f = *state;
	unsigned char answer[16] = { 1, FCGI_UNKNOWN_TYPE, 0, 0, 0, 8 };

	for (int i = 0; i < 1000; i++) {
		assert_int_equal(fcgi_output_control(f->output, answer, 16), 0);
		assert_int_equal(fcgi_output_flush(f->output), 0);
		assert_int_equal(take_all(f), 16);
	}
}

/* A response can't end in the middle of a record. */
static void test_end_inside_record(void **state)
{
	const size_t length = 500000;
	struct fixture *f = *state;
	unsigned char *bytes = make_bytes(length);

	open_record(f, bytes, length);
	assert_int_equal(fcgi_output_end(f->output, 0), -EPROTO);
	free(bytes);
}

/* What is put is kept up to a bound, and at the bound the stream closes. */
/* One that is aborted can: the promised bytes are zeros. */
static void test_abort_inside_record(void **state)
{
	const size_t length = 500000;
	struct fixture *f = *state;
	unsigned char *bytes = make_bytes(length);
	unsigned char answer[16] = { 1, FCGI_UNKNOWN_TYPE, 0, 0, 0, 8 };
	size_t position = open_record(f, bytes, length);
	struct parsed p;

	assert_int_equal(fcgi_output_control(f->output, answer, 16), 0);
	assert_int_equal(fcgi_output_abort(f->output), -EAGAIN);
	do
		take_all(f);
	while (fcgi_output_flush(f->output) == -EAGAIN);
	take_all(f);
	p = parse(f);
	assert_true(p.length > position);
	for (size_t i = 0; i < p.length; i++)
		assert_int_equal(p.content[i], i < position ? byte_at(i) : 0);
	assert_int_equal(p.others, 1);
	assert_true(p.ended && p.stdout_closed);
	assert_int_equal(p.app_status, 1);
	free(p.content);
	free(bytes);
	/* And the next response is one like any other. */
	f->raw_length = 0;
	fcgi_output_begin(f->output, REQUEST_ID);
	assert_int_equal(fcgi_output_put(f->output, "abc", 3), 0);
	assert_int_equal(fcgi_output_end(f->output, 0), 0);
	take_all(f);
	p = parse(f);
	assert_int_equal(p.length, 3);
	free(p.content);
}

static void test_abort_between_records(void **state)
{
	struct fixture *f = *state;
	unsigned char *bytes = make_bytes(1000);
	struct parsed p;

	assert_int_equal(fcgi_output_put(f->output, bytes, 1000), 0);
	assert_int_equal(fcgi_output_abort(f->output), 0);
	take_all(f);
	p = parse(f);
	check_content(&p, 1000);
	assert_true(p.ended);
	assert_int_equal(p.app_status, 1);
	free(p.content);
	free(bytes);
}

static void test_put_is_bounded(void **state)
{
	struct fixture *f = *state;
	unsigned char *bytes = make_bytes(1000);
	size_t put = 0;
	int r = 0;

	set_send_buffer(f, 4608);
	while (r == 0 && put < 100 << 20) {
		r = fcgi_output_put(f->output, bytes, 1000);
		put += 1000;
		assert_true(
		    fcgi_output_pending(f->output) <= FCGI_OUTPUT_QUEUE_MAX);
	}
	assert_int_equal(r, -ENOBUFS);
	assert_true(put >= FCGI_OUTPUT_QUEUE_MAX / 2);
	assert_int_equal(
	    FCGX_PutStr("x", 1, fcgi_output_stream(f->output)), -1);
	free(bytes);
}

static void test_put_to_full_socket(void **state)
{
	struct fixture *f = *state;
	unsigned char *bytes = make_bytes(100000);
	struct parsed p;
	int r;

	set_send_buffer(f, 4608);
	assert_int_equal(fcgi_output_put(f->output, bytes, 100000), 0);
	r = fcgi_output_end(f->output, 0);
	assert_int_equal(r, -EAGAIN);
	while (r == -EAGAIN) {
		take(f, 3000);
		r = fcgi_output_flush(f->output);
	}
	assert_int_equal(r, 0);
	take_all(f);
	p = parse(f);
	check_content(&p, 100000);
	assert_true(p.ended);
	free(p.content);
	free(bytes);
}

/* However many small offers come, they leave. */
static void test_small_offers_do_not_pile_up(void **state)
{
	const size_t most = FCGI_OUTPUT_COMPANY_MAX;
	const size_t lengths[] = { 1, 150, 2000, most - 1, most };
	struct fixture *f = *state;
	unsigned char *bytes = make_bytes(200 * most);
	size_t offset = 0, taken = 0;
	struct parsed p;

	for (size_t i = 0; i < 200; i++) {
		size_t length = lengths[i % ARRAY_LENGTH(lengths)];

		assert_int_equal(fcgi_output_offer(
				     f->output, bytes + offset, length, &taken),
		    0);
		assert_int_equal(taken, length);
		offset += length;
		assert_in_range(fcgi_output_pending(f->output), 0,
		    2 * (most + FCGI_RECORD_HEADER_SIZE));
		take_all(f);
	}
	assert_int_equal(fcgi_output_end(f->output, 0), 0);
	take_all(f);
	p = parse(f);
	check_content(&p, offset);
	free(p.content);
	free(bytes);
}

/* What is small leaves with the end of the response, what is larger, before. */
static void test_small_answer_leaves_in_one_go(void **state)
{
	static const size_t lengths[] = { 1, 4096, FCGI_OUTPUT_COMPANY_MAX,
		FCGI_OUTPUT_COMPANY_MAX + 1 };
	struct fixture *f = *state;
	unsigned char *bytes = make_bytes(FCGI_OUTPUT_COMPANY_MAX + 1);

	for (size_t i = 0; i < ARRAY_LENGTH(lengths); i++) {
		bool small = lengths[i] <= FCGI_OUTPUT_COMPANY_MAX;
		size_t taken = 0;

		fcgi_output_begin(f->output, 1);
		assert_int_equal(fcgi_output_put(f->output, "head", 4), 0);
		assert_int_equal(
		    fcgi_output_offer(f->output, bytes, lengths[i], &taken), 0);
		assert_int_equal(taken, lengths[i]);
		assert_int_equal(
		    take_all(f), small ? 0 : 4 + 4 + 8 + lengths[i] + 8 + 7);
		assert_int_equal(fcgi_output_end(f->output, 0), 0);
		assert_int_equal(fcgi_output_pending(f->output), 0);
		take_all(f);
	}
	free(bytes);
}

static void test_error_log(void **state)
{
	struct fixture *f = *state;
	struct parsed p;

	assert_int_equal(fcgi_output_error_log(f->output, ""), 0);
	assert_int_equal(fcgi_output_error_log(f->output, "what happened"), 0);
	assert_int_equal(fcgi_output_put(f->output, "body", 4), 0);
	assert_int_equal(fcgi_output_end(f->output, 0), 0);
	take_all(f);
	p = parse(f);
	assert_int_equal(p.errors_length, 13);
	assert_memory_equal(p.errors, "what happened", 13);
	assert_true(p.stderr_closed && p.ended);
	free(p.content);
}

/* The front writes it into its log as it is. */
static void test_error_log_is_one_line(void **state)
{
	static const char escaped[] = "a name: x\\x0aforged\\x7f";
	struct fixture *f = *state;
	struct parsed p;

	assert_int_equal(
	    fcgi_output_error_log(f->output, "a name: x\nforged\x7f"), 0);
	assert_int_equal(fcgi_output_end(f->output, 0), 0);
	take_all(f);
	p = parse(f);
	assert_int_equal(p.errors_length, strlen(escaped));
	assert_memory_equal(p.errors, escaped, strlen(escaped));
	free(p.content);
}

static void test_error_log_is_cut(void **state)
{
	static const size_t most = 1024;
	struct fixture *f = *state;
	char message[2000];
	struct parsed p;

	memset(message, 'x', sizeof(message));
	message[most + 1] = '\0';
	assert_int_equal(fcgi_output_error_log(f->output, message), 0);
	message[most] = '\0';
	assert_int_equal(fcgi_output_error_log(f->output, message), 0);
	assert_int_equal(fcgi_output_end(f->output, 0), 0);
	take_all(f);
	p = parse(f);
	assert_int_equal(p.errors_length, 2 * most);
	free(p.content);
}

static void test_peer_gone(void **state)
{
	struct fixture *f = *state;
	unsigned char *bytes = make_bytes(100000);
	size_t taken = 99;

	close(f->theirs);
	f->theirs = -1;
	assert_int_equal(
	    fcgi_output_offer(f->output, bytes, 100000, &taken), -EPIPE);
	assert_int_equal(taken, 99);
	assert_int_equal(fcgi_output_settle(f->output), -EPIPE);
	assert_int_equal(fcgi_output_put(f->output, "x", 1), -EPIPE);
	assert_int_equal(fcgi_output_flush(f->output), -EPIPE);
	assert_int_equal(fcgi_output_end(f->output, 0), -EPIPE);
	free(bytes);
}

/* What is no record follows the last whole one, and nothing after it. */
static void test_break(void **state)
{
	static const unsigned char no_header[8];
	struct fixture *f = *state;
	size_t length;

	fcgi_output_break(f->output);
	assert_int_equal(take_all(f), 0);
	assert_int_equal(fcgi_output_settle(f->output), 0);
	assert_int_equal(fcgi_output_put(f->output, "12345678", 8), 0);
	fcgi_output_break(f->output);
	assert_int_equal(fcgi_output_settle(f->output), -ECANCELED);
	length = take_all(f);
	assert_int_equal(length, 8 + 8 + 8);
	assert_memory_equal(f->raw + 16, no_header, 8);
	assert_int_equal(fcgi_output_put(f->output, "x", 1), -ECANCELED);
}

static void test_no_break_inside_a_record(void **state)
{
	const size_t length = 500000;
	struct fixture *f = *state;
	unsigned char *bytes = make_bytes(length);
	size_t before;

	open_record(f, bytes, length);
	before = take_all(f);
	fcgi_output_break(f->output);
	assert_true(before > 0);
	assert_int_equal(take_all(f), 0);
	free(bytes);
}

/* No buffer to be had is an error of this stream, not a wait. */
static void test_no_record(void **state)
{
	struct fixture *f = *state;
	void *record = chunk_pool_get(f->records);

	assert_int_equal(fcgi_output_put(f->output, "x", 1), -ENOBUFS);
	chunk_pool_put(f->records, record);
}

static void test_many_responses(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 1000; i++) {
		struct parsed p;

		f->raw_length = 0;
		fcgi_output_begin(f->output, REQUEST_ID);
		assert_int_equal(fcgi_output_put(f->output, "abc", 3), 0);
		assert_int_equal(fcgi_output_end(f->output, 0), 0);
		take_all(f);
		p = parse(f);
		assert_int_equal(p.length, 3);
		assert_true(p.ended);
		free(p.content);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_small_response),
		TEST(test_libfcgi_functions),
		TEST(test_content_stands_apart_from_a_page_begin),
		TEST(test_content_lengths),
		TEST(test_slow_peer),
		TEST(test_control_waits_for_record_end),
		TEST(test_control_is_bounded),
		TEST(test_control_is_bounded_between_records),
		TEST(test_control_that_is_read),
		TEST(test_end_inside_record),
		TEST(test_abort_inside_record),
		TEST(test_abort_between_records),
		TEST(test_put_is_bounded),
		TEST(test_put_to_full_socket),
		TEST(test_small_offers_do_not_pile_up),
		TEST(test_small_answer_leaves_in_one_go),
		TEST(test_error_log),
		TEST(test_error_log_is_one_line),
		TEST(test_error_log_is_cut),
		TEST(test_peer_gone),
		TEST(test_break),
		TEST(test_no_break_inside_a_record),
		TEST(test_no_record),
		TEST(test_many_responses),
	};

	return cmocka_run_group_tests_name("fcgi_output", tests, NULL, NULL);
}
