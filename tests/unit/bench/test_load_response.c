/* SPDX-License-Identifier: MIT */
/*
 * Unit tests of bench/load/load_response and of both its protocols. Each
 * response is fed whole, and again in pieces of every small size.
 */
#include "config.h"

#include "bench/load/load_response.h"

#include <string.h>

#include "tests/unit/support/unit.h"

#define STREAM(text) (text), sizeof(text) - 1
/* A record's header: type, length of content and padding, both < 256. */
#define RECORD(type, content, padding) "\1" type "\0\1\0" content padding "\0"
#define END RECORD("\3", "\10", "\0") "\0\0\0\0\0\0\0\0"

struct row {
	const struct load_protocol *protocol;
	const char *bytes;
	size_t length;
	enum load_progress progress;
	enum load_error error; /* if the response is complete */
	uint64_t body_length;
};

/* All expect the body "hello". */
static const struct load_expected expected = {
	.has_length = true,
	.length = 5,
	.bytes = (const uint8_t *)"hello",
};

static const struct row rows[] = {
	/* FastCGI: head, body, end */
	{ &load_protocol_fcgi,
	    STREAM(RECORD("\6", "\27", "\1") "Status: 206 P\r\n\r\nhello\n"
					     "x" END),
	    LOAD_DONE, LOAD_ERROR_LENGTH, 6 },
	{ &load_protocol_fcgi,
	    STREAM(RECORD("\6", "\10", "\0") "A: b\r\n\r\n" RECORD(
		"\6", "\2", "\3") "hexxx" RECORD("\6", "\3",
		"\0") "llo" RECORD("\6", "\0", "\0") END),
	    LOAD_DONE, LOAD_ERROR_NONE, 5 },
	/* no END_REQUEST */
	{ &load_protocol_fcgi, STREAM(RECORD("\6", "\11", "\0") "A: b\n\nhel"),
	    LOAD_MORE, LOAD_ERROR_NONE, 3 },
	{ &load_protocol_fcgi,
	    STREAM(RECORD("\6", "\13", "\0") "A: b\n\nhallo" END), LOAD_DONE,
	    LOAD_ERROR_CONTENT, 5 },
	{ &load_protocol_fcgi,
	    STREAM(RECORD("\6", "\21", "\0") "Status: 503 X\n\nno" RECORD(
		"\7", "\2", "\0") "ow" END),
	    LOAD_DONE, LOAD_ERROR_STATUS, 2 },
	/* no head; a wrong version, type, id; overload; bytes after the end */
	{ &load_protocol_fcgi, STREAM(END), LOAD_BROKEN, LOAD_ERROR_NONE, 0 },
	{ &load_protocol_fcgi, STREAM("\2\6\0\1\0\1\0\0"), LOAD_BROKEN,
	    LOAD_ERROR_NONE, 0 },
	{ &load_protocol_fcgi, STREAM("\1\5\0\1\0\1\0\0"), LOAD_BROKEN,
	    LOAD_ERROR_NONE, 0 },
	{ &load_protocol_fcgi, STREAM("\1\6\0\2\0\1\0\0"), LOAD_BROKEN,
	    LOAD_ERROR_NONE, 0 },
	{ &load_protocol_fcgi,
	    STREAM(RECORD("\6", "\6", "\0") "A: b\n\n" RECORD(
		"\3", "\10", "\0") "\0\0\0\0\2\0\0\0"),
	    LOAD_BROKEN, LOAD_ERROR_NONE, 0 },
	{ &load_protocol_fcgi,
	    STREAM(RECORD("\6", "\6", "\0") "A: b\n\n" END END), LOAD_BROKEN,
	    LOAD_ERROR_NONE, 0 },
	/* HTTP: a length */
	{ &load_protocol_http,
	    STREAM("HTTP/1.1 200 OK\r\nContent-length:5\r\n\r\nhello"),
	    LOAD_DONE, LOAD_ERROR_NONE, 5 },
	{ &load_protocol_http,
	    STREAM("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhell"),
	    LOAD_DONE, LOAD_ERROR_LENGTH, 4 },
	{ &load_protocol_http,
	    STREAM("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"),
	    LOAD_DONE, LOAD_ERROR_STATUS, 0 },
	{ &load_protocol_http,
	    STREAM("HTTP/1.1 103 X\r\n\r\nHTTP/1.1 200 OK\r\n"
		   "Content-Length: 5\r\n\r\nhe"),
	    LOAD_MORE, LOAD_ERROR_NONE, 2 },
	{ &load_protocol_http,
	    STREAM("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello!"),
	    LOAD_BROKEN, LOAD_ERROR_NONE, 5 },
	/* chunks */
	{ &load_protocol_http,
	    STREAM("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		   "2;a=b\r\nhe\r\n03\r\nllo\r\n0\r\n\r\n"),
	    LOAD_DONE, LOAD_ERROR_NONE, 5 },
	{ &load_protocol_http,
	    STREAM("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		   "10\r\n0123456789abcdef\r\n0\r\nA: b\r\n\r\n"),
	    LOAD_DONE, LOAD_ERROR_CONTENT, 16 },
	{ &load_protocol_http,
	    STREAM("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		   "2\r\nhello"),
	    LOAD_BROKEN, LOAD_ERROR_NONE, 2 },
	{ &load_protocol_http,
	    STREAM("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx"),
	    LOAD_BROKEN, LOAD_ERROR_NONE, 0 },
	/* up to the end of the stream; no head at all */
	{ &load_protocol_http, STREAM("HTTP/1.0 200 OK\r\n\r\nhello"),
	    LOAD_MORE, LOAD_ERROR_NONE, 5 },
	{ &load_protocol_http, STREAM("SSH-2.0-OpenSSH\r\n"), LOAD_BROKEN,
	    LOAD_ERROR_NONE, 0 },
	{ &load_protocol_http, STREAM("HTTP/1.1 abc\r\n"), LOAD_BROKEN,
	    LOAD_ERROR_NONE, 0 },
};

static enum load_progress feed(
    struct load_response *response, const struct row *row, size_t piece)
{
	enum load_progress progress = LOAD_MORE;

	row->protocol->reset(response);
	for (size_t at = 0; at < row->length && progress == LOAD_MORE;
	     at += piece) {
		size_t left = row->length - at;

		progress = row->protocol->feed(response,
		    (const uint8_t *)row->bytes + at,
		    left < piece ? left : piece);
	}
	return progress;
}

static void check(const struct row *row, size_t piece)
{
	struct load_response response = { .expected = &expected };
	enum load_progress progress = feed(&response, row, piece);

	if (progress != row->progress ||
	    response.body_length != row->body_length)
		fail_msg("row %zu, pieces of %zu: progress %d, body %d",
		    (size_t)(row - rows), piece, (int)progress,
		    (int)response.body_length);
	if (progress == LOAD_DONE)
		assert_int_equal(load_response_judge(&response), row->error);
}

static void test_whole(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
		check(&rows[i], rows[i].length);
}

/*
 * Bytes after the end are seen only with the end itself, as else nobody
 * feeds them.
 */
static void test_pieces(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
		for (size_t piece = 1; piece < 9; piece++)
			if (rows[i].progress != LOAD_BROKEN)
				check(&rows[i], piece);
}

static void test_end_of_stream(void **state)
{
	struct load_response response = { .expected = &expected };

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		const struct row *row = &rows[i];
		bool until_close = strncmp(row->bytes, "HTTP/1.0", 8) == 0;

		if (row->progress != LOAD_MORE)
			continue;
		feed(&response, row, row->length);
		assert_int_equal(row->protocol->feed_end(&response),
		    until_close ? LOAD_DONE : LOAD_MORE);
	}
}

/* What is skipped counts like what is read. */
static void test_skip(void **state)
{
	struct load_response response = { .expected = &expected };

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		const struct row *row = &rows[i];
		const uint8_t *bytes = (const uint8_t *)row->bytes;
		enum load_progress progress = LOAD_MORE;
		size_t step;

		if (row->progress == LOAD_BROKEN || !row->protocol->skip_body)
			continue;
		row->protocol->reset(&response);
		for (size_t at = 0; at < row->length; at += step) {
			uint64_t body = row->protocol->body_left(&response);

			assert_int_equal(progress, LOAD_MORE);
			step = row->length - at;
			step = !body ? 1 : body < step ? (size_t)body : step;
			progress = body
			    ? row->protocol->skip_body(&response, step)
			    : row->protocol->feed(&response, bytes + at, step);
		}
		assert_int_equal(progress, row->progress);
		assert_int_equal(response.body_length, row->body_length);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_end_of_stream),
		cmocka_unit_test(test_skip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
