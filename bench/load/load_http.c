/* SPDX-License-Identifier: MIT */
/* Responses of HTTP/1.1 (RFC 9112), one function for each phase. */
#include "config.h"
#include "bench/load/load_response.h"

#include <errno.h>
#include <string.h>

/* A chunk size of more digits is malformed. */
#define CHUNK_DIGITS_MAX 15

/* Returns the bytes used, or -EPROTO; *ret_over: the response has ended. */
typedef ptrdiff_t take_fn(struct load_response *response, const uint8_t *bytes,
    size_t length, bool *ret_over);

static void reset(struct load_response *response)
{
	load_response_reset(response, true);
	response->http.phase = LOAD_HTTP_HEAD;
	response->http.left = 0;
	response->http.line_length = 0;
}

/* How long the body is: RFC 9112, 6.3. */
static void begin_body(struct load_response *response, bool *ret_over)
{
	struct load_http *http = &response->http;
	struct load_head *head = &response->head;

	if (head->status < 200) {
		load_head_reset(head, true);
		return;
	}
	if (head->status == 204 || head->status == 304) {
		*ret_over = true;
	} else if (head->chunked) {
		head->has_length = false;
		http->phase = LOAD_HTTP_CHUNK_SIZE;
	} else if (head->has_length) {
		http->phase = LOAD_HTTP_BODY;
		http->left = head->length;
		*ret_over = http->left == 0;
	} else {
		http->phase = LOAD_HTTP_UNTIL_CLOSE;
		head->closes = true;
	}
}

static ptrdiff_t take_head(struct load_response *response, const uint8_t *bytes,
    size_t length, bool *ret_over)
{
	ptrdiff_t used;

	response->begun = true;
	used = load_head_take(&response->head, bytes, length);
	if (used >= 0 && response->head.ended)
		begin_body(response, ret_over);
	return used;
}

/* `length` bytes of the body or the chunk are done with. */
static void end_piece(struct load_http *http, size_t length, bool *ret_over)
{
	http->left -= length;
	if (http->left > 0)
		return;
	if (http->phase == LOAD_HTTP_BODY)
		*ret_over = true;
	else
		http->phase = LOAD_HTTP_CHUNK_END;
}

static ptrdiff_t take_body(struct load_response *response, const uint8_t *bytes,
    size_t length, bool *ret_over)
{
	struct load_http *http = &response->http;

	if (length > http->left)
		length = (size_t)http->left;
	load_response_body(response, bytes, length);
	end_piece(http, length, ret_over);
	return (ptrdiff_t)length;
}

static ptrdiff_t take_until_close(struct load_response *response,
    const uint8_t *bytes, size_t length, bool *ret_over)
{
	(void)ret_over;
	load_response_body(response, bytes, length);
	return (ptrdiff_t)length;
}

static int digit_of(uint8_t byte)
{
	static const char digits[] = "0123456789abcdefABCDEF";
	const char *found = byte ? strchr(digits, byte) : NULL;
	int value;

	if (!found)
		return -1;
	value = (int)(found - digits);
	return value < 16 ? value : value - 6;
}

/* One digit, or what ends the digits. */
static ptrdiff_t take_chunk_size(struct load_response *response,
    const uint8_t *bytes, size_t length, bool *ret_over)
{
	struct load_http *http = &response->http;
	int digit = digit_of(*bytes);

	(void)length;
	(void)ret_over;
	if (digit >= 0) {
		http->left = http->left << 4 | (uint64_t)digit;
		return ++http->line_length > CHUNK_DIGITS_MAX ? -EPROTO : 1;
	}
	if (http->line_length == 0)
		return -EPROTO;
	http->phase = LOAD_HTTP_CHUNK_REST;
	http->line_length = 0;
	return 0;
}

/* Skips a chunk's extensions; data follows or, after the last, the trailer. */
static ptrdiff_t take_chunk_rest(struct load_response *response,
    const uint8_t *bytes, size_t length, bool *ret_over)
{
	struct load_http *http = &response->http;

	(void)length;
	(void)ret_over;
	if (*bytes == '\n')
		http->phase =
		    http->left ? LOAD_HTTP_CHUNK_DATA : LOAD_HTTP_TRAILER;
	return 1;
}

static ptrdiff_t take_chunk_end(struct load_response *response,
    const uint8_t *bytes, size_t length, bool *ret_over)
{
	(void)length;
	(void)ret_over;
	if (*bytes == '\n')
		response->http.phase = LOAD_HTTP_CHUNK_SIZE;
	else if (*bytes != '\r')
		return -EPROTO;
	return 1;
}

static ptrdiff_t take_trailer(struct load_response *response,
    const uint8_t *bytes, size_t length, bool *ret_over)
{
	struct load_http *http = &response->http;

	(void)length;
	if (*bytes == '\n') {
		*ret_over = http->line_length == 0;
		http->line_length = 0;
	} else if (*bytes != '\r') {
		http->line_length++;
	}
	return 1;
}

static take_fn *const takers[] = {
	[LOAD_HTTP_HEAD] = take_head,
	[LOAD_HTTP_BODY] = take_body,
	[LOAD_HTTP_UNTIL_CLOSE] = take_until_close,
	[LOAD_HTTP_CHUNK_SIZE] = take_chunk_size,
	[LOAD_HTTP_CHUNK_REST] = take_chunk_rest,
	[LOAD_HTTP_CHUNK_DATA] = take_body,
	[LOAD_HTTP_CHUNK_END] = take_chunk_end,
	[LOAD_HTTP_TRAILER] = take_trailer,
};

static enum load_progress feed(
    struct load_response *response, const uint8_t *bytes, size_t length)
{
	bool over = false;
	ptrdiff_t used;

	for (; length > 0; bytes += used, length -= (size_t)used) {
		if (over)
			return LOAD_BROKEN;
		used = takers[response->http.phase](
		    response, bytes, length, &over);
		if (used < 0)
			return LOAD_BROKEN;
	}
	return over ? LOAD_DONE : LOAD_MORE;
}

static enum load_progress feed_end(struct load_response *response)
{
	return response->http.phase == LOAD_HTTP_UNTIL_CLOSE ? LOAD_DONE
							     : LOAD_MORE;
}

static uint64_t body_left(const struct load_response *response)
{
	const struct load_http *http = &response->http;

	return http->phase == LOAD_HTTP_BODY ||
		http->phase == LOAD_HTTP_CHUNK_DATA
	    ? http->left
	    : 0;
}

static enum load_progress skip_body(
    struct load_response *response, size_t length)
{
	bool over = false;

	response->body_length += length;
	end_piece(&response->http, length, &over);
	return over ? LOAD_DONE : LOAD_MORE;
}

const struct load_protocol load_protocol_http = {
	.reset = reset,
	.feed = feed,
	.feed_end = feed_end,
	.body_left = body_left,
	.skip_body = skip_body,
};
