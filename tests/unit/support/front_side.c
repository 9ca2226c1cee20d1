/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "tests/unit/support/front_side.h"

#include <errno.h>
#include <fastcgi.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "common/fcgi/fcgi_record.h"
#include "tests/unit/support/connection_fixture.h"
#include "tests/unit/support/unit.h"

void front_side_send(
    struct connection_fixture *f, const void *bytes, size_t length)
{
	assert_int_equal(
	    send(f->peer, bytes, length, MSG_NOSIGNAL), (ssize_t)length);
}

/* Returns its length. */
static size_t make_record(
    uint8_t *to, uint8_t type, uint16_t id, const void *content, size_t length)
{
	const struct fcgi_record record = {
		.type = type,
		.request_id = id,
		.content_length = (uint16_t)length,
	};

	fcgi_record_encode(to, &record);
	if (length > 0)
		memcpy(to + FCGI_RECORD_HEADER_SIZE, content, length);
	return FCGI_RECORD_HEADER_SIZE + length;
}

void front_side_send_record(struct connection_fixture *f, uint8_t type,
    uint16_t id, const void *content, size_t length)
{
	uint8_t record[FCGI_RECORD_HEADER_SIZE + RECORD_MAX];

	front_side_send(
	    f, record, make_record(record, type, id, content, length));
}

size_t front_side_make_request(
    uint8_t *to, uint8_t role, bool keep, const char *body, bool ends)
{
	static const char pairs[] = "\016\003REQUEST_METHODGET"
				    "\013\002STREAM_PATH/f";
	const uint8_t begin[8] = { 0, role, keep ? FCGI_KEEP_CONN : 0 };
	size_t n = make_record(to, FCGI_BEGIN_REQUEST, 1, begin, sizeof(begin));

	n += make_record(to + n, FCGI_PARAMS, 1, pairs, sizeof(pairs) - 1);
	n += make_record(to + n, FCGI_PARAMS, 1, NULL, 0);
	if (body)
		n += make_record(to + n, FCGI_STDIN, 1, body, strlen(body));
	if (ends)
		n += make_record(to + n, FCGI_STDIN, 1, NULL, 0);
	return n;
}

void front_side_send_request(struct connection_fixture *f, uint8_t role,
    bool keep, const char *body, bool ends)
{
	uint8_t bytes[512];

	front_side_send(
	    f, bytes, front_side_make_request(bytes, role, keep, body, ends));
}

/* What a record is to the front. */
static char letter_of(const struct fcgi_record *record, const uint8_t *content)
{
	bool is_empty = record->content_length == 0;

	if (record->version != FCGI_VERSION_1)
		return 'X';
	switch (record->type) {
	case FCGI_STDOUT:
		return is_empty ? 'O' : 'o';
	case FCGI_STDERR:
		return is_empty ? 'R' : 'r';
	case FCGI_UNKNOWN_TYPE:
		return 'm';
	case FCGI_END_REQUEST:
		return "EMVU"[content[4]]; /* protocol status, 5.5 */
	default:
		return '?';
	}
}

/* Reads until nothing more comes. Returns the length. */
static size_t read_all(
    struct connection_fixture *f, uint8_t *to, size_t size, bool *eof)
{
	size_t length = 0;
	ssize_t n;

	*eof = false;
	connection_fixture_run(f);
	do {
		assert_true(length < size);
		n = recv(f->peer, to + length, size - length, 0);
		*eof = n == 0 || (n < 0 && errno == ECONNRESET);
		length += n > 0 ? (size_t)n : 0;
		connection_fixture_run(f);
	} while (n > 0);
	return length;
}

#define SEEN_MAX 64

static void see(struct connection_fixture *f, char seen[SEEN_MAX])
{
	const size_t size = 2 * FULL_SIZE;
	uint8_t *bytes = malloc(size);
	size_t length, at = 0, n = 0;
	bool eof;

	assert_non_null(bytes);
	length = read_all(f, bytes, size, &eof);
	while (at < length && n < SEEN_MAX - 2) {
		struct fcgi_record record = { 0 };
		char letter = '~';

		if (length - at >= FCGI_RECORD_HEADER_SIZE)
			record = fcgi_record_decode(bytes + at);
		at += FCGI_RECORD_HEADER_SIZE;
		if (at <= length && length - at >= record.content_length)
			letter = letter_of(&record, bytes + at);
		at += record.content_length + record.padding_length;
		if (n == 0 || seen[n - 1] != letter)
			seen[n++] = letter;
	}
	free(bytes);
	if (eof)
		seen[n++] = '.';
	seen[n] = '\0';
}

void front_side_check(struct connection_fixture *f, const char *expected)
{
	char seen[SEEN_MAX];

	see(f, seen);
	assert_string_equal(seen, expected);
}

void front_side_check_cut(struct connection_fixture *f)
{
	char seen[SEEN_MAX];

	see(f, seen);
	assert_true(seen[0] == 'o' && seen[strlen(seen) - 1] == '.');
	assert_null(strpbrk(seen, "OE"));
}
