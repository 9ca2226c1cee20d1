/* SPDX-License-Identifier: MIT */
/*
 * The one file that uses the stream half of libfcgi.
 *
 * libfcgi's streams are made to be subclassed: FCGX_PutStr() and its kin copy
 * into [wrNext, stop) and call emptyBuffProc() when that is full, flushed or
 * closed. Ours frames those bytes as a record (fcgi_batch.h), and sends the
 * records of a buffer together, without blocking. libfcgi's own writer
 * would turn EAGAIN into a lasting error and lose the data.
 *
 * FCGX_PutStr() loops until emptyBuffProc() has made room or has closed the
 * stream. So what the socket refuses must go somewhere at once:
 *
 *  - bytes that were *put* are copied to `queue`, a heap block of just their
 *    size, and leave before anything else;
 *  - bytes that were *offered* can be had again, so a large rest is dropped
 *    and the caller told. If the header of their record left already, the
 *    record is open: `owed` bytes of content (and `owed_padding`) have been
 *    promised, and the next offer goes out without a header until they are
 *    paid. A slow client thus costs no buffer.
 *
 * Answers to management records must not stand inside an open record; they
 * wait in `control` until it is complete.
 */
#include "config.h"
#include "common/fcgi/fcgi_output.h"

#include <assert.h>
#include <errno.h>
#include <fastcgi.h>
#include <fcgiapp.h>
#include <stdlib.h>
#include <string.h>

#include "common/escaped_text.h"
#include "common/fcgi/byte_queue.h"
#include "common/fcgi/fcgi_batch.h"
#include "common/fcgi/fcgi_record.h"
#include "common/min.h"

#define ERROR_LOG_MAX 1024

struct fcgi_output {
	FCGX_Stream stream;
	struct fcgi_batch batch;
	struct byte_queue queue;
	struct byte_queue control;
	size_t control_length; /* queued since nothing waited */
	int fd;
	int error;
	uint32_t app_status;
	uint64_t content;
	bool has_stderr;
	bool is_offering;
	bool is_dropping; /* socket full: the rest of the offer is lost */
	size_t dropped;
};

static int fail(struct fcgi_output *output, int error)
{
	if (output->error == 0)
		output->error = error;
	output->stream.isClosed = 1;
	if (output->stream.FCGI_errno == 0)
		output->stream.FCGI_errno = -error;
	/* Without room FCGX_PutStr() looks at isClosed, and ends. */
	output->stream.wrNext = output->stream.stop;
	return output->error;
}

static void begin_record(struct fcgi_output *output)
{
	size_t room;

	output->stream.wrNext = fcgi_batch_begin(&output->batch, &room);
	output->stream.stop = output->stream.wrNext + room;
}

static void return_buffer(struct fcgi_output *output)
{
	fcgi_batch_return(&output->batch);
	output->stream.wrNext = NULL;
	output->stream.stop = NULL;
}

/* Returns the content bytes of the record that is being filled. */
static size_t record_content(const struct fcgi_output *output)
{
	return fcgi_batch_content(&output->batch, output->stream.wrNext);
}

static int keep(struct fcgi_output *output, const void *bytes, size_t length)
{
	int r = byte_queue_append(
	    &output->queue, bytes, length, FCGI_OUTPUT_QUEUE_MAX);

	return r < 0 ? fail(output, r) : 0;
}

/* Sends the queue, then `length` bytes. Returns how many of these left. */
static ssize_t send_after_queue(
    struct fcgi_output *output, unsigned char *bytes, size_t length)
{
	ssize_t n = byte_queue_send(&output->queue, output->fd, bytes, length);

	return n < 0 ? fail(output, (int)n) : n;
}

/* Adds the record that is being filled to the batch. */
static void frame(struct fcgi_output *output)
{
	output->content += record_content(output);
	fcgi_batch_frame(&output->batch, output->stream.wrNext);
}

/* Moves `control` to the queue, unless a record is still open. */
static void release_control(struct fcgi_output *output)
{
	struct byte_queue *control = &output->control;

	if (output->batch.owed > 0 || control->length == 0)
		return;
	keep(output, control->data + control->start, control->length);
	byte_queue_clear(control);
}

/* Drops the part of the batch that did not leave. */
static void drop_unsent(struct fcgi_output *output, size_t sent)
{
	struct fcgi_batch_rest rest;

	fcgi_batch_drop(&output->batch, sent, &rest);
	output->is_dropping = true;
	output->dropped += rest.dropped;
	output->content -= rest.dropped;
	if (rest.kept_length > 0)
		keep(output, rest.kept, rest.kept_length);
}

/* Sends the batch: a send wakes up the peer, so the fewer the better. */
static void send_batch(struct fcgi_output *output)
{
	struct fcgi_batch *batch = &output->batch;
	unsigned char *bytes = batch->framed[0].bytes;
	size_t length = fcgi_batch_length(batch);
	ssize_t sent;
	size_t rest;

	if (length == 0)
		return;
	sent = send_after_queue(output, bytes, length);
	if (sent < 0)
		return;
	rest = length - (size_t)sent;
	if (rest > 0 && output->is_offering && rest > FCGI_OUTPUT_KEEP_MAX) {
		drop_unsent(output, (size_t)sent);
	} else if (rest > 0) {
		keep(output, bytes + sent, rest);
		/* The socket is full: more of the offer would have to wait. */
		output->is_dropping = output->is_offering;
	}
	batch->count = 0;
	release_control(output);
}

/* Sends all records in the buffer, also one that is not full. */
static void emit(struct fcgi_output *output)
{
	if (record_content(output) > 0)
		frame(output);
	send_batch(output);
}

/*
 * Like emit(), except that a lone, partly filled record is not sent: it moves
 * to the queue and leaves with what follows.
 */
static void park(struct fcgi_output *output)
{
	struct fcgi_batch *batch = &output->batch;
	size_t content = record_content(output);

	if (batch->count > 0 || content == 0) {
		emit(output);
		return;
	}
	frame(output);
	keep(output, batch->framed[0].bytes, batch->framed[0].length);
	batch->count = 0;
	release_control(output);
}

static int append_end_of_stream(struct fcgi_output *output, uint8_t type)
{
	uint8_t header[FCGI_RECORD_HEADER_SIZE];
	const struct fcgi_record record = {
		.type = type,
		.request_id = output->batch.request_id,
	};

	fcgi_record_encode(header, &record);
	return keep(output, header, sizeof(header));
}

/* Empty STDOUT, empty STDERR if it was used, END_REQUEST (5.3, 5.5). */
static void append_closing_records(struct fcgi_output *output)
{
	uint8_t end[FCGI_RECORD_END_SIZE];

	if (output->batch.owed > 0) {
		fail(output, -EPROTO);
		return;
	}
	append_end_of_stream(output, FCGI_STDOUT);
	if (output->has_stderr)
		append_end_of_stream(output, FCGI_STDERR);
	fcgi_record_encode_end(end, output->batch.request_id,
	    output->app_status, FCGI_REQUEST_COMPLETE);
	keep(output, end, sizeof(end));
}

/* The record is full, or the stream is flushed. */
static void empty_record(struct fcgi_output *output)
{
	const unsigned char *end = output->stream.wrNext;

	if (output->is_dropping)
		output->dropped += record_content(output);
	/* Full, and one more fits after it: they leave together. */
	else if (end == output->stream.stop &&
	    fcgi_batch_has_room(&output->batch, end))
		frame(output);
	else
		emit(output);
	if (!output->error)
		begin_record(output);
}

/* libfcgi's emptyBuffProc: the buffer is full, flushed or closed. */
static void empty_buffer(FCGX_Stream *stream, int closing)
{
	struct fcgi_output *output = stream->data;

	if (output->error) {
		stream->isClosed = 1;
		return;
	}
	if (closing) {
		if (output->batch.buffer)
			park(output);
		append_closing_records(output);
		return_buffer(output);
		fcgi_output_flush(output);
		return;
	}
	if (output->batch.buffer) {
		empty_record(output);
		return;
	}
	/* FCGX_FFlush() with nothing in the buffer means the queue. */
	if (!output->is_offering)
		fcgi_output_flush(output);
	if (output->error)
		return;
	if (fcgi_batch_borrow(&output->batch))
		begin_record(output);
	else
		fail(output, -ENOBUFS);
}

static void reset_stream(struct fcgi_output *output)
{
	output->stream = (FCGX_Stream){
		.emptyBuffProc = empty_buffer,
		.data = output,
	};
}

struct fcgi_output *fcgi_output_new(int fd, struct chunk_pool *buffers)
{
	struct fcgi_output *output = calloc(1, sizeof(*output));

	if (!output)
		return NULL;
	output->fd = fd;
	output->batch.buffers = buffers;
	reset_stream(output);
	return output;
}

void fcgi_output_free(struct fcgi_output *output)
{
	if (!output)
		return;
	return_buffer(output);
	byte_queue_clear(&output->queue);
	byte_queue_clear(&output->control);
	free(output);
}

void fcgi_output_begin(struct fcgi_output *output, uint16_t request_id)
{
	assert(output->batch.owed == 0 && !output->batch.buffer);
	output->batch.request_id = request_id;
	output->has_stderr = false;
	output->content = 0;
	if (output->error == 0)
		reset_stream(output);
}

struct FCGX_Stream *fcgi_output_stream(struct fcgi_output *output)
{
	return &output->stream;
}

int fcgi_output_settle(struct fcgi_output *output)
{
	if (!output->error && output->batch.buffer)
		park(output);
	return_buffer(output);
	return output->error;
}

/* FCGX_PutStr() counts in int. */
static void put_all(struct fcgi_output *output, const char *data, size_t length)
{
	const size_t most = 1 << 30;

	while (length > 0) {
		size_t n = size_min(length, most);

		if (FCGX_PutStr(data, (int)n, &output->stream) < 0)
			return;
		data += n;
		length -= n;
	}
}

int fcgi_output_put(struct fcgi_output *output, const void *data, size_t length)
{
	if (output->error)
		return output->error;
	assert(output->batch.owed == 0);
	put_all(output, data, length);
	return fcgi_output_settle(output);
}

/* Drops, parks or sends what is still in the buffer. */
static void end_offer(struct fcgi_output *output)
{
	size_t rest = record_content(output);

	if (output->is_dropping)
		output->dropped += rest;
	/* Small offers in a row must not pile up in the queue. */
	else if (rest <= FCGI_OUTPUT_COMPANY_MAX && output->batch.owed == 0 &&
	    output->queue.length <= FCGI_OUTPUT_COMPANY_MAX)
		park(output);
	else
		emit(output);
}

int fcgi_output_offer(struct fcgi_output *output, const void *data,
    size_t length, size_t *ret_taken)
{
	if (output->error)
		return output->error;
	output->is_offering = true;
	output->is_dropping = false;
	output->dropped = 0;
	put_all(output, data, length);
	if (!output->error)
		end_offer(output);
	return_buffer(output);
	output->is_offering = false;
	output->is_dropping = false;
	if (output->error)
		return output->error;
	*ret_taken = length - output->dropped;
	return 0;
}

int fcgi_output_error_log(struct fcgi_output *output, const char *message)
{
	uint8_t bytes[FCGI_RECORD_HEADER_SIZE + ERROR_LOG_MAX];
	char *text = (char *)bytes + FCGI_RECORD_HEADER_SIZE;
	size_t length;
	struct fcgi_record record = {
		.type = FCGI_STDERR,
		.request_id = output->batch.request_id,
	};

	memset(bytes, 0, sizeof(bytes));
	length = escaped_text_copy(text, ERROR_LOG_MAX, message, false);
	if (length == 0)
		return output->error;
	record.content_length = (uint16_t)length;
	record.padding_length = fcgi_record_padding(length);
	fcgi_record_encode(bytes, &record);
	output->has_stderr = true;
	return fcgi_output_control(output, bytes,
	    FCGI_RECORD_HEADER_SIZE + length + record.padding_length);
}

int fcgi_output_control(
    struct fcgi_output *output, const void *records, size_t length)
{
	int r;

	if (output->error)
		return output->error;
	if (fcgi_output_pending(output) == 0)
		output->control_length = 0;
	output->control_length += length;
	if (output->control_length > FCGI_OUTPUT_CONTROL_MAX)
		return fail(output, -ENOBUFS);
	if (output->batch.owed == 0)
		return keep(output, records, length);
	r = byte_queue_append(
	    &output->control, records, length, FCGI_OUTPUT_CONTROL_MAX);
	return r < 0 ? fail(output, r) : 0;
}

int fcgi_output_end(struct fcgi_output *output, uint32_t app_status)
{
	if (output->error)
		return output->error;
	output->app_status = app_status;
	FCGX_FClose(&output->stream);
	return output->error ? output->error : fcgi_output_flush(output);
}

/* Completes an open record: its length has been promised. */
static void pay_with_zeros(struct fcgi_output *output)
{
	static const unsigned char zeros[4096];
	struct fcgi_batch *batch = &output->batch;
	size_t rest = batch->owed > 0 ? batch->owed + batch->owed_padding : 0;

	while (rest > 0 && !output->error) {
		size_t n = size_min(rest, sizeof(zeros));

		keep(output, zeros, n);
		rest -= n;
	}
	batch->owed = 0;
	release_control(output);
}

int fcgi_output_abort(struct fcgi_output *output)
{
	pay_with_zeros(output);
	return fcgi_output_end(output, 1);
}

void fcgi_output_break(struct fcgi_output *output)
{
	static const uint8_t no_header[FCGI_RECORD_HEADER_SIZE];

	if (output->error || output->batch.owed > 0 || output->content == 0)
		return;
	if (keep(output, no_header, sizeof(no_header)) == 0)
		fcgi_output_flush(output);
	fail(output, -ECANCELED);
}

int fcgi_output_flush(struct fcgi_output *output)
{
	if (output->error)
		return output->error;
	if (output->queue.length == 0)
		return 0;
	if (send_after_queue(output, NULL, 0) < 0)
		return output->error;
	return output->queue.length > 0 ? -EAGAIN : 0;
}

uint64_t fcgi_output_content(const struct fcgi_output *output)
{
	return output->content;
}

size_t fcgi_output_pending(const struct fcgi_output *output)
{
	return output->queue.length + output->control.length;
}
