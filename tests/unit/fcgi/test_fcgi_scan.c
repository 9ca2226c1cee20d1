/* SPDX-License-Identifier: MIT */
/*
 * Unit tests of common/fcgi/fcgi_scan.
 *
 * A conversation is written down as the letters of its events, with the bytes
 * of head and body joined, so that it reads the same however it was cut:
 *
 *	h  head bytes      H  head end    M  management (its end)
 *	b  body bytes      B  body end    S  second request
 *	A  abort           X  broken      R  unknown role
 */
#include "config.h"

#include "common/fcgi/fcgi_scan.h"

#include <fastcgi.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/support/unit.h"

#define WIRE_MAX (FCGI_SCAN_HEAD_MAX + 4096)
#define RECORDS_MAX 24

/* Bytes as a front sends them, and where each of the records begins. */
struct wire {
	uint8_t data[WIRE_MAX];
	size_t length;
	size_t starts[RECORDS_MAX];
	size_t records;
};

/* Everything that a scanner said. */
struct trace {
	char events[64];
	size_t count;
	uint8_t head[WIRE_MAX];
	size_t head_length;
	uint8_t body[4096];
	size_t body_length;
	uint8_t management[65536]; /* of the last one */
	size_t management_length;
	bool is_management_over;
	struct fcgi_record record; /* of the last M or S */
	uint16_t request_id;
	bool keep_conn;
	bool auto_done; /* answer each request at its body's end */
};

/* --- what is sent --------------------------------------------------------- */

static void put_bytes(struct wire *wire, int byte, size_t length)
{
	assert_true(length <= sizeof(wire->data) - wire->length);
	memset(wire->data + wire->length, byte, length);
	wire->length += length;
}

/* Returns the content, which is a pattern, to be overwritten. */
static uint8_t *put_record(
    struct wire *wire, int type, int id, size_t length, int padding)
{
	uint8_t *header = wire->data + wire->length;

	if (wire->records < RECORDS_MAX)
		wire->starts[wire->records++] = wire->length;
	put_bytes(wire, 0, 8);
	header[0] = 1;
	header[1] = (uint8_t)type;
	header[2] = (uint8_t)(id >> 8);
	header[3] = (uint8_t)id;
	header[4] = (uint8_t)(length >> 8);
	header[5] = (uint8_t)length;
	header[6] = (uint8_t)padding;
	for (size_t i = 0; i < length; i++)
		put_bytes(wire, 'a' + (int)(i % 26), 1);
	put_bytes(wire, 0xee, (size_t)padding);
	return header + 8;
}

static void put_padded_begin(
    struct wire *wire, int id, int role, int flags, int padding)
{
	uint8_t *body = put_record(wire, FCGI_BEGIN_REQUEST, id, 8, padding);

	memset(body, 0, 8);
	body[0] = (uint8_t)(role >> 8);
	body[1] = (uint8_t)role;
	body[2] = (uint8_t)flags;
}

static void put_begin(struct wire *wire, int id, int role, int flags)
{
	put_padded_begin(wire, id, role, flags, 0);
}

/* --- what is heard -------------------------------------------------------- */

static void note_event(struct trace *trace, char letter)
{
	bool joined = letter == 'h' || letter == 'b';

	if (joined && trace->count > 0 &&
	    trace->events[trace->count - 1] == letter)
		return;
	assert_true(trace->count + 1 < sizeof(trace->events));
	trace->events[trace->count++] = letter;
	trace->events[trace->count] = '\0';
}

static void note_bytes(
    uint8_t *to, size_t *at, size_t size, const struct fcgi_scan *scan)
{
	assert_true(scan->length > 0);
	assert_true(scan->length <= size - *at);
	memcpy(to + *at, scan->data, scan->length);
	*at += scan->length;
}

static void note_management(struct trace *trace, const struct fcgi_scan *scan)
{
	if (trace->is_management_over)
		trace->management_length = 0;
	trace->is_management_over = false;
	note_bytes(trace->management, &trace->management_length,
	    sizeof(trace->management), scan);
}

static void note(
    struct trace *trace, struct fcgi_scan *scan, enum fcgi_scan_event event)
{
	static const char letters[] = "-hHRbBAmMSX";

	if (event == FCGI_SCAN_MANAGEMENT_BYTES) {
		note_management(trace, scan);
		return;
	}
	note_event(trace, letters[event]);
	if (event == FCGI_SCAN_HEAD_BYTES)
		note_bytes(trace->head, &trace->head_length,
		    sizeof(trace->head), scan);
	if (event == FCGI_SCAN_BODY_BYTES)
		note_bytes(trace->body, &trace->body_length,
		    sizeof(trace->body), scan);
	if (event == FCGI_SCAN_HEAD_END) {
		trace->request_id = scan->request_id;
		trace->keep_conn = scan->keep_conn;
	}
	if (event == FCGI_SCAN_MANAGEMENT_END) {
		if (trace->is_management_over)
			trace->management_length = 0;
		trace->is_management_over = true;
	}
	if (event == FCGI_SCAN_MANAGEMENT_END ||
	    event == FCGI_SCAN_SECOND_REQUEST)
		trace->record = scan->record;
	if (event == FCGI_SCAN_BODY_END && trace->auto_done)
		fcgi_scan_request_done(scan);
}

static bool within(
    const uint8_t *data, size_t length, const void *whole, size_t whole_length)
{
	const uint8_t *from = whole;

	return data >= from && length <= whole_length &&
	    data + length <= from + whole_length;
}

/* One read: a block of its own, so that a look beyond it is noticed. */
static void feed(struct fcgi_scan *scan, struct trace *trace,
    const uint8_t *input, size_t length)
{
	uint8_t *copy = malloc(length);
	enum fcgi_scan_event event;
	size_t at = 0, used;

	assert_non_null(copy);
	memcpy(copy, input, length);
	do {
		event = fcgi_scan_next(scan, copy + at, length - at, &used);
		assert_true(used <= length - at);
		at += used;
		if (event == FCGI_SCAN_HEAD_BYTES ||
		    event == FCGI_SCAN_BODY_BYTES)
			assert_true(
			    within(scan->data, scan->length, copy, length) ||
			    within(
				scan->data, scan->length, scan, sizeof(*scan)));
		if (event != FCGI_SCAN_MORE)
			note(trace, scan, event);
	} while (event != FCGI_SCAN_MORE && event != FCGI_SCAN_BROKEN);
	if (event == FCGI_SCAN_MORE)
		assert_int_equal(at, length);
	free(copy);
}

static void trace_init(struct trace *trace)
{
	trace->events[0] = '\0';
	trace->count = 0;
	trace->head_length = 0;
	trace->body_length = 0;
	trace->management_length = 0;
	trace->is_management_over = true;
	trace->auto_done = false;
}

/* A new connection that reads the whole wire at once. */
static void feed_all(
    struct fcgi_scan *scan, struct trace *trace, const struct wire *wire)
{
	fcgi_scan_init(scan);
	trace_init(trace);
	feed(scan, trace, wire->data, wire->length);
}

/* --- a complete request, in pieces ---------------------------------------- */

#define ID 0x102
#define OTHER_ID 0x201

/*
 * All that may come between: records of management and of others in the head
 * and in the body, padding of every record, an empty record of others.
 */
static void put_request(struct wire *wire)
{
	uint8_t *begin = put_record(wire, FCGI_BEGIN_REQUEST, ID, 8, 4);

	memcpy(begin, "\0\1\1\0\0\0\0", 8); /* responder, keep_conn */
	put_record(wire, FCGI_PARAMS, ID, 11, 5);
	put_record(wire, FCGI_GET_VALUES, 0, 3, 5);
	put_record(wire, FCGI_PARAMS, OTHER_ID, 4, 4);
	put_record(wire, FCGI_PARAMS, ID, 2, 0);
	put_record(wire, FCGI_PARAMS, ID, 1, 7);
	put_record(wire, FCGI_PARAMS, OTHER_ID, 0, 0);
	put_record(wire, FCGI_PARAMS, ID, 0, 3);
	put_record(wire, FCGI_STDIN, ID, 5, 3);
	put_record(wire, 77, 0, 0, 0);
	put_record(wire, FCGI_STDIN, ID, 6, 0);
	put_record(wire, FCGI_STDIN, ID, 0, 2);
}

/*
 * The head is whole records: takes them apart again, to their types and the
 * contents of PARAMS. Whether those are padded does not matter, but that of the
 * first and of the last record makes libfcgi read on at a wrong place.
 */
static void split_head(
    const struct trace *trace, char *types, char *params, size_t size)
{
	size_t at = 0, length = 0;

	while (at < trace->head_length) {
		const uint8_t *header = trace->head + at;
		size_t content = (size_t)(header[4] << 8 | header[5]);

		at += 8 + content + header[6];
		assert_true(at <= trace->head_length);
		*types++ = (char)('0' + header[1]);
		if (header[1] == FCGI_BEGIN_REQUEST || content == 0)
			assert_int_equal(header[6], 0);
		if (header[1] != FCGI_PARAMS)
			continue;
		assert_true(length + content < size);
		memcpy(params + length, header + 8, content);
		length += content;
	}
	*types = '\0';
	params[length] = '\0';
}

static void check_request(const struct trace *trace)
{
	char types[RECORDS_MAX], params[64];

	assert_string_equal(trace->events, "hMhHbMbB");
	split_head(trace, types, params, sizeof(params));
	assert_string_equal(types, "14444");
	assert_string_equal(params, "abcdefghijkaba");
	assert_int_equal(trace->body_length, 11);
	assert_memory_equal(trace->body, "abcdeabcdef", 11);
	assert_int_equal(trace->request_id, ID);
	assert_true(trace->keep_conn);
}

/* Feeds the bytes cut at `first` and at `second`. */
static void feed_cut(
    struct trace *trace, const struct wire *wire, size_t first, size_t second)
{
	struct fcgi_scan scan;

	fcgi_scan_init(&scan);
	trace_init(trace);
	feed(&scan, trace, wire->data, first);
	feed(&scan, trace, wire->data + first, second - first);
	feed(&scan, trace, wire->data + second, wire->length - second);
}

static void any_two_reads(void **state)
{
	static struct wire wire;
	static struct trace trace;

	(void)state;
	put_request(&wire);
	for (size_t i = 0; i <= wire.length; i++) {
		feed_cut(&trace, &wire, i, wire.length);
		check_request(&trace);
	}
}

static void any_three_reads(void **state)
{
	static struct wire wire;
	static struct trace trace;

	(void)state;
	put_request(&wire);
	for (size_t i = 0; i <= wire.length; i++) {
		for (size_t j = i; j <= wire.length; j++) {
			feed_cut(&trace, &wire, i, j);
			check_request(&trace);
		}
	}
}

static void byte_by_byte(void **state)
{
	static struct wire wire;
	static struct trace trace;
	struct fcgi_scan scan;

	(void)state;
	put_request(&wire);
	fcgi_scan_init(&scan);
	trace_init(&trace);
	for (size_t i = 0; i < wire.length; i++)
		feed(&scan, &trace, wire.data + i, 1);
	check_request(&trace);
}

/* The head is known to be whole as soon as its last byte is there. */
static void says_a_thing_as_soon_as_it_is_known(void **state)
{
	static const struct {
		size_t records;
		const char *events;
	} cases[] = { { 1, "h" }, { 2, "h" }, { 3, "hM" }, { 8, "hMhH" },
		{ 9, "hMhHb" }, { 12, "hMhHbMbB" } };
	static struct wire wire;
	static struct trace trace;

	(void)state;
	put_request(&wire);
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		size_t end = cases[i].records < wire.records
		    ? wire.starts[cases[i].records]
		    : wire.length;
		struct fcgi_scan scan;

		fcgi_scan_init(&scan);
		trace_init(&trace);
		feed(&scan, &trace, wire.data, end);
		assert_string_equal(trace.events, cases[i].events);
	}
}

/* --- the parts of a request ----------------------------------------------- */

static void put_words(struct wire *wire, const char *text);

static void decodes_begin_request(void **state)
{
	static const struct {
		int id, flags;
		bool keep_conn;
	} cases[] = {
		{ 1, 0, false },
		{ 1, FCGI_KEEP_CONN, true },
		{ 255, 0, false },
		{ 256, 0xff, true },
		{ 65535, 0xfe, false },
	};
	static struct trace trace;

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		static struct wire wire;
		struct fcgi_scan scan;

		wire.length = 0;
		put_begin(&wire, cases[i].id, FCGI_RESPONDER, cases[i].flags);
		put_record(&wire, FCGI_PARAMS, cases[i].id, 0, 0);
		feed_all(&scan, &trace, &wire);
		assert_string_equal(trace.events, "hH");
		assert_int_equal(trace.request_id, cases[i].id);
		assert_int_equal(trace.keep_conn, cases[i].keep_conn);
	}
}

/*
 * 5.5: it is known by BEGIN_REQUEST alone. The rest is no matter, but for the
 * end of the body, up to which it may have to be read.
 */
static void tells_an_unknown_role_at_once(void **state)
{
	static const int roles[] = { 0, FCGI_AUTHORIZER, FCGI_FILTER, 0x100,
		0x101, 0xffff };
	static struct wire wire;
	static struct trace trace;

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(roles); i++) {
		struct fcgi_scan scan;

		wire.length = 0;
		put_begin(&wire, 9, roles[i], FCGI_KEEP_CONN);
		feed_all(&scan, &trace, &wire);
		assert_string_equal(trace.events, "hR");
		assert_int_equal(scan.request_id, 9);
		assert_true(scan.keep_conn);
		assert_true(fcgi_scan_in_request(&scan));
		assert_false(fcgi_scan_in_head(&scan));
		wire.length = 0;
		put_words(&wire, "P9 P9 p9 I9 i9");
		feed(&scan, &trace, wire.data, wire.length);
		assert_string_equal(trace.events, "hRbB");
		assert_false(fcgi_scan_in_request(&scan));
	}
}

/* libfcgi would take either for the header of the next record. */
static void drops_padding_of_the_first_and_last_record(void **state)
{
	static const int paddings[] = { 0, 1, 8, 255 };
	static struct wire wire;
	static struct trace trace;

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(paddings); i++) {
		for (size_t j = 0; j < ARRAY_LENGTH(paddings); j++) {
			struct fcgi_scan scan;
			char types[8], params[8];

			wire.length = 0;
			put_padded_begin(
			    &wire, 1, FCGI_RESPONDER, 0, paddings[i]);
			put_record(&wire, FCGI_PARAMS, 1, 0, paddings[j]);
			feed_all(&scan, &trace, &wire);
			assert_string_equal(trace.events, "hH");
			split_head(&trace, types, params, sizeof(params));
			assert_string_equal(types, "14");
			assert_int_equal(trace.head_length, 16 + 8);
		}
	}
}

static void knows_in_which_part_it_is(void **state)
{
	static struct wire wire;
	static struct trace trace;
	struct fcgi_scan scan;

	(void)state;
	put_begin(&wire, 1, FCGI_RESPONDER, 0);
	put_record(&wire, FCGI_PARAMS, 1, 0, 0);
	put_record(&wire, FCGI_STDIN, 1, 0, 0);
	fcgi_scan_init(&scan);
	trace_init(&trace);
	assert_false(fcgi_scan_in_head(&scan));
	/* One byte of a header may be all that a stalled peer sent. */
	for (size_t i = 0; i < 16 + 8 - 1; i++) {
		feed(&scan, &trace, wire.data + i, 1);
		assert_true(fcgi_scan_in_head(&scan));
		assert_int_equal(fcgi_scan_in_request(&scan), i >= 7);
	}
	feed(&scan, &trace, wire.data + 23, 1);
	assert_false(fcgi_scan_in_head(&scan));
	assert_true(fcgi_scan_in_request(&scan));
	feed(&scan, &trace, wire.data + 24, 8);
	assert_false(fcgi_scan_in_head(&scan));
	assert_false(fcgi_scan_in_request(&scan));
	assert_string_equal(trace.events, "hHB");
}

/* Wherever the peer stops, nothing more of a request is waited for. */
static void ends_with_its_input(void **state)
{
	static struct wire wire;
	static struct trace trace;

	(void)state;
	put_request(&wire);
	for (size_t i = 0; i <= wire.length; i++) {
		struct fcgi_scan scan;

		fcgi_scan_init(&scan);
		trace_init(&trace);
		feed(&scan, &trace, wire.data, i);
		fcgi_scan_end(&scan);
		assert_false(fcgi_scan_in_request(&scan));
		assert_false(scan.keep_conn);
	}
}

/* --- which records may stand where ---------------------------------------- */

/* A word of a conversation: such a letter and the digit of the request. */
static const struct {
	char letter;
	int type;
	size_t length;
	int padding;
} words[] = {
	{ 'B', FCGI_BEGIN_REQUEST, 8, 0 },
	{ 'P', FCGI_PARAMS, 5, 3 },
	{ 'p', FCGI_PARAMS, 0, 0 }, /* the end of PARAMS */
	{ 'I', FCGI_STDIN, 5, 3 },
	{ 'i', FCGI_STDIN, 0, 0 }, /* the end of STDIN */
	{ 'A', FCGI_ABORT_REQUEST, 0, 0 },
	{ 'a', FCGI_ABORT_REQUEST, 9, 9 }, /* with content it has not */
	{ 'D', FCGI_DATA, 9, 0 },
	{ 'd', FCGI_DATA, 0, 4 },
	{ 'O', FCGI_STDOUT, 5, 3 },
	{ 'U', 99, 5, 3 },
};

static void put_words(struct wire *wire, const char *text)
{
	for (; *text; text += strcspn(text, " "), text += *text == ' ') {
		size_t i = 0;

		while (i < ARRAY_LENGTH(words) && words[i].letter != text[0])
			i++;
		assert_true(i < ARRAY_LENGTH(words));
		if (words[i].type == FCGI_BEGIN_REQUEST)
			put_begin(wire, text[1] - '0', FCGI_RESPONDER, 0);
		else
			put_record(wire, words[i].type, text[1] - '0',
			    words[i].length, words[i].padding);
	}
}

struct talk {
	const char *words;
	const char *events;
	const char *reason; /* part of it, for X */
};

static void check_talks(const struct talk *talks, size_t count)
{
	static struct wire wire;
	static struct trace trace;

	for (size_t i = 0; i < count; i++) {
		const struct talk *talk = &talks[i];
		struct fcgi_scan scan;

		wire.length = 0;
		put_words(&wire, talk->words);
		feed_all(&scan, &trace, &wire);
		if (strcmp(trace.events, talk->events) != 0)
			fail_msg("%s: %s", talk->words, trace.events);
		if (talk->reason && !strstr(scan.reason, talk->reason))
			fail_msg("%s: %s", talk->words, scan.reason);
	}
}

/* FastCGI specification, 3.3: such records are ignored. */
static void ignores_inactive_requests(void **state)
{
	static const struct talk talks[] = {
		/* Before its BEGIN_REQUEST */
		{ "P1 B1 p1", "hH", NULL },
		{ "p1 B1 p1", "hH", NULL },
		{ "I1 i1 B1 p1", "hH", NULL },
		{ "A1 B1 p1", "hH", NULL },
		{ "U1 B1", "h", NULL },
		/* Of another */
		{ "B1 P2 p2 p1", "hH", NULL },
		{ "B1 I2 p1 I2 i2 i1", "hHB", NULL },
		{ "B1 A2 p1 A2", "hH", NULL },
		{ "B1 U2", "h", NULL },
	};

	(void)state;
	check_talks(talks, ARRAY_LENGTH(talks));
}

/* A stream that has ended has ended. */
static void ignores_a_further_end(void **state)
{
	static const struct talk talks[] = {
		{ "B1 p1 p1 i1", "hHB", NULL },
		{ "B1 p1 I1 p1 i1 p1", "hHbB", NULL },
		{ "B1 p1 i1 i1 i1", "hHB", NULL },
		{ "B1 p1 i1 i1 A1", "hHBA", NULL },
	};

	(void)state;
	check_talks(talks, ARRAY_LENGTH(talks));
}

/* Only a filter reads it (6.4), and that is refused as a whole. */
static void ignores_data(void **state)
{
	static const struct talk talks[] = {
		{ "B1 D1 p1 d1 i1", "hHB", NULL },
	};

	(void)state;
	check_talks(talks, ARRAY_LENGTH(talks));
}

static void refuses_records_out_of_order(void **state)
{
	static const struct talk talks[] = {
		{ "B1 P1 I1", "hX", "STDIN before" },
		{ "B1 i1", "hX", "STDIN before" },
		{ "B1 p1 P1", "hHX", "PARAMS after" },
		{ "B1 p1 I1 P1", "hHbX", "PARAMS after" },
		{ "B1 p1 i1 P1", "hHBX", "PARAMS after" },
		{ "B1 p1 i1 I1", "hHBX", "STDIN after" },
		{ "B1 p1 i1 i1 I1", "hHBX", "STDIN after" },
		{ "B1 O1", "hX", "type" },
		{ "B1 p1 U1", "hHX", "type" },
		{ "B1 p1 i1 U1", "hHBX", "type" },
	};

	(void)state;
	check_talks(talks, ARRAY_LENGTH(talks));
}

static void allows_one_request_at_a_time(void **state)
{
	static const struct talk talks[] = {
		{ "B1 B1", "hX", "BEGIN_REQUEST with the id" },
		{ "B1 p1 B1", "hHX", "BEGIN_REQUEST with the id" },
		{ "B1 p1 i1 B1", "hHBX", "BEGIN_REQUEST with the id" },
		{ "B1 P1 B2 P2 p2 i2 p1", "hShH", NULL },
		{ "B1 p1 B2 p2 I1 I2 i1", "hHSbB", NULL },
		{ "B1 p1 i1 B2", "hHBS", NULL },
		{ "B1 B2 B3 p1", "hSShH", NULL },
	};

	(void)state;
	check_talks(talks, ARRAY_LENGTH(talks));
}

static void names_the_second_request(void **state)
{
	static struct wire wire;
	static struct trace trace;
	struct fcgi_scan scan;

	(void)state;
	put_begin(&wire, 1, FCGI_RESPONDER, FCGI_KEEP_CONN);
	put_begin(&wire, 0xfedc, FCGI_FILTER, 0);
	put_record(&wire, FCGI_PARAMS, 1, 0, 0);
	feed_all(&scan, &trace, &wire);
	assert_string_equal(trace.events, "hShH");
	assert_int_equal(trace.record.request_id, 0xfedc);
	/* The first one is as it was. */
	assert_int_equal(trace.request_id, 1);
	assert_true(trace.keep_conn);
}

static void takes_begin_request_of_eight_bytes_only(void **state)
{
	static const size_t lengths[] = { 0, 7, 9, 65535 };
	static struct wire wire;
	static struct trace trace;
	struct fcgi_scan scan;

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(lengths); i++) {
		wire.length = 0;
		put_record(&wire, FCGI_BEGIN_REQUEST, 1, lengths[i], 0);
		feed_all(&scan, &trace, &wire);
		assert_string_equal(trace.events, "X");
		assert_non_null(strstr(scan.reason, "8 bytes"));
		/* And so that of a second request */
		wire.length = 0;
		put_begin(&wire, 1, FCGI_RESPONDER, 0);
		put_record(&wire, FCGI_BEGIN_REQUEST, 2, lengths[i], 0);
		feed_all(&scan, &trace, &wire);
		assert_string_equal(trace.events, "hX");
	}
}

/* No more of the request has to come, wherever it was. */
static void hears_an_abort(void **state)
{
	static const struct talk talks[] = {
		{ "B1 P1 A1", "hA", NULL },
		{ "B1 p1 I1 A1", "hHbA", NULL },
		{ "B1 p1 i1 A1", "hHBA", NULL },
		{ "B1 a1", "hA", NULL },
	};

	(void)state;
	check_talks(talks, ARRAY_LENGTH(talks));
}

static void refuses_other_versions_anywhere(void **state)
{
	static const uint8_t versions[] = { 0, 2, 255 };
	static struct wire wire;
	static struct trace trace;

	(void)state;
	put_request(&wire);
	for (size_t i = 0; i < wire.records; i++) {
		for (size_t v = 0; v < ARRAY_LENGTH(versions); v++) {
			struct fcgi_scan scan;

			wire.data[wire.starts[i]] = versions[v];
			feed_all(&scan, &trace, &wire);
			wire.data[wire.starts[i]] = 1;
			assert_int_equal(trace.events[trace.count - 1], 'X');
			assert_true(trace.head_length <= wire.starts[i]);
			assert_non_null(strstr(scan.reason, "version 1"));
		}
	}
}

/* --- limits --------------------------------------------------------------- */

/* A head of `length` bytes; padding does not count: it is not passed on. */
static void put_head(struct wire *wire, size_t length)
{
	size_t left = length - 16 - 3 * 8;

	wire->length = 0;
	put_begin(wire, 1, FCGI_RESPONDER, 0);
	put_record(wire, FCGI_PARAMS, 1, left / 2, 255);
	put_record(wire, FCGI_PARAMS, 1, left - left / 2, 0);
	put_record(wire, FCGI_PARAMS, 1, 0, 255);
}

static void limits_the_head(void **state)
{
	static struct wire wire;
	static struct trace trace;
	struct fcgi_scan scan;

	(void)state;
	put_head(&wire, FCGI_SCAN_HEAD_MAX);
	feed_all(&scan, &trace, &wire);
	assert_string_equal(trace.events, "hH");
	assert_int_equal(trace.head_length, FCGI_SCAN_HEAD_MAX);
	put_head(&wire, FCGI_SCAN_HEAD_MAX + 1);
	feed_all(&scan, &trace, &wire);
	assert_string_equal(trace.events, "hX");
	assert_true(trace.head_length <= FCGI_SCAN_HEAD_MAX);
	assert_non_null(strstr(scan.reason, "64 KiB"));
}

/* What a record only promises is not waited for. */
static void refuses_an_over_long_head_by_its_header(void **state)
{
	static struct wire wire;
	static struct trace trace;
	struct fcgi_scan scan;

	(void)state;
	put_begin(&wire, 1, FCGI_RESPONDER, 0);
	put_record(&wire, FCGI_PARAMS, 1, 65535, 0);
	wire.length = 16 + 8;
	feed_all(&scan, &trace, &wire);
	assert_string_equal(trace.events, "hX");
	assert_int_equal(trace.head_length, 16);
}

/* Each head has the whole limit. */
static void limits_each_head_alone(void **state)
{
	static struct wire wire;
	static struct trace trace;
	struct fcgi_scan scan;

	(void)state;
	put_head(&wire, FCGI_SCAN_HEAD_MAX);
	fcgi_scan_init(&scan);
	for (int i = 0; i < 3; i++) {
		trace_init(&trace);
		feed(&scan, &trace, wire.data, wire.length);
		assert_string_equal(trace.events, "hH");
		fcgi_scan_request_done(&scan);
	}
}

/* As long as a record can be. */
static void passes_management_records_of_any_length(void **state)
{
	static const size_t lengths[] = { 1, 512, 513, 65535 };
	static struct wire wire;
	static struct trace trace;

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(lengths); i++) {
		struct fcgi_scan scan;

		wire.length = 0;
		put_record(&wire, 200, 0, lengths[i], 255);
		feed_all(&scan, &trace, &wire);
		assert_string_equal(trace.events, "M");
		assert_int_equal(trace.record.type, 200);
		assert_int_equal(trace.management_length, lengths[i]);
		assert_memory_equal(
		    trace.management, wire.data + 8, lengths[i]);
	}
}

/* Also between requests; what one says is not mixed up with the last one. */
static void passes_management_records_whole(void **state)
{
	static struct wire wire;
	static struct trace trace;
	struct fcgi_scan scan;

	(void)state;
	put_record(&wire, FCGI_GET_VALUES, 0, 20, 4);
	put_record(&wire, FCGI_GET_VALUES, 0, 3, 0);
	fcgi_scan_init(&scan);
	trace_init(&trace);
	for (size_t i = 0; i < wire.length; i++)
		feed(&scan, &trace, wire.data + i, 1);
	assert_string_equal(trace.events, "MM");
	assert_int_equal(trace.record.type, FCGI_GET_VALUES);
	assert_int_equal(trace.management_length, 3);
	assert_memory_equal(trace.management, "abc", 3);
	wire.length = 0;
	put_record(&wire, FCGI_GET_VALUES, 0, 0, 0);
	feed(&scan, &trace, wire.data, wire.length);
	assert_string_equal(trace.events, "MMM");
	assert_int_equal(trace.management_length, 0);
}

/* What was collected of the one must not be taken for the other. */
static void reads_begin_request_after_a_management_record(void **state)
{
	static const size_t lengths[] = { 0, 3, 8, 20, 512 };
	static struct wire wire;
	static struct trace trace;

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(lengths); i++) {
		struct fcgi_scan scan;

		wire.length = 0;
		put_record(&wire, FCGI_GET_VALUES, 0, lengths[i], 0);
		put_begin(&wire, 1, FCGI_RESPONDER, FCGI_KEEP_CONN);
		put_record(&wire, FCGI_PARAMS, 1, 0, 0);
		feed_all(&scan, &trace, &wire);
		assert_string_equal(trace.events, "MhH");
		assert_true(trace.keep_conn);
	}
}

/* --- several requests ----------------------------------------------------- */

static void one_after_the_other(void **state)
{
	static struct wire wire;
	static struct trace trace;
	struct fcgi_scan scan;

	(void)state;
	for (int i = 0; i < 3; i++) {
		put_begin(&wire, 1 + i % 2, FCGI_RESPONDER, FCGI_KEEP_CONN);
		put_record(&wire, FCGI_PARAMS, 1 + i % 2, 8, 0);
		put_record(&wire, FCGI_PARAMS, 1 + i % 2, 0, 0);
		put_record(&wire, FCGI_STDIN, 1 + i % 2, 0, 0);
	}
	fcgi_scan_init(&scan);
	trace_init(&trace);
	trace.auto_done = true;
	feed(&scan, &trace, wire.data, wire.length);
	assert_string_equal(trace.events, "hHBhHBhHB");
	assert_int_equal(trace.head_length, 3 * (16 + 16 + 8));
	trace_init(&trace);
	trace.auto_done = true;
	fcgi_scan_init(&scan);
	for (size_t i = 0; i < wire.length; i++)
		feed(&scan, &trace, wire.data + i, 1);
	assert_string_equal(trace.events, "hHBhHBhHB");
}

/*
 * The answer may be done wherever the front is with its body: the rest of it
 * is skipped, and the next request is not touched by it.
 */
static void skips_the_body_of_an_answered_request(void **state)
{
	static struct wire wire;
	static struct trace trace;
	size_t body, next;

	(void)state;
	put_begin(&wire, 1, FCGI_RESPONDER, FCGI_KEEP_CONN);
	put_record(&wire, FCGI_PARAMS, 1, 0, 0);
	body = wire.length;
	put_record(&wire, FCGI_STDIN, 1, 5, 3);
	put_record(&wire, FCGI_STDIN, 1, 0, 6);
	next = wire.length;
	put_begin(&wire, 1, FCGI_RESPONDER, 0);
	put_record(&wire, FCGI_PARAMS, 1, 0, 0);
	put_record(&wire, FCGI_STDIN, 1, 0, 0);
	for (size_t i = body; i < next; i++) {
		const char *before = i < body + 8 + 1 ? "hH" : "hHb";
		struct fcgi_scan scan;

		fcgi_scan_init(&scan);
		trace_init(&trace);
		feed(&scan, &trace, wire.data, i);
		assert_string_equal(trace.events, before);
		fcgi_scan_request_done(&scan);
		assert_false(fcgi_scan_in_request(&scan));
		trace_init(&trace);
		feed(&scan, &trace, wire.data + i, wire.length - i);
		assert_string_equal(trace.events, "hHB");
	}
}

/* It is inactive (3.3), though its id is that of the last one. */
static void ignores_an_answered_request(void **state)
{
	static struct wire wire;
	static struct trace trace;
	struct fcgi_scan scan;

	(void)state;
	put_words(&wire, "B1 p1 i1");
	feed_all(&scan, &trace, &wire);
	assert_string_equal(trace.events, "hHB");
	fcgi_scan_request_done(&scan);
	wire.length = 0;
	put_words(&wire, "P1 p1 I1 i1 A1 D1 U1 B1 p1 i1");
	trace_init(&trace);
	feed(&scan, &trace, wire.data, wire.length);
	assert_string_equal(trace.events, "hHB");
}

/* A request that is over can't be aborted: it would hit the next one. */
static void skips_an_abort_of_an_answered_request(void **state)
{
	static struct wire wire;
	static struct trace trace;
	size_t start;

	(void)state;
	put_begin(&wire, 1, FCGI_RESPONDER, FCGI_KEEP_CONN);
	put_record(&wire, FCGI_PARAMS, 1, 0, 0);
	start = wire.length;
	put_record(&wire, FCGI_ABORT_REQUEST, 1, 0, 8);
	for (size_t i = start; i < wire.length; i++) {
		struct fcgi_scan scan;

		fcgi_scan_init(&scan);
		trace_init(&trace);
		feed(&scan, &trace, wire.data, i);
		fcgi_scan_request_done(&scan);
		feed(&scan, &trace, wire.data + i, wire.length - i);
		assert_string_equal(trace.events, "hH");
	}
}

static void stays_broken(void **state)
{
	static struct wire wire;
	static struct trace trace;
	struct fcgi_scan scan;
	size_t used = 47;

	(void)state;
	put_record(&wire, FCGI_BEGIN_REQUEST, 1, 9, 0);
	feed_all(&scan, &trace, &wire);
	assert_string_equal(trace.events, "X");
	wire.length = 0;
	put_request(&wire);
	fcgi_scan_request_done(&scan);
	assert_int_equal(fcgi_scan_next(&scan, wire.data, wire.length, &used),
	    FCGI_SCAN_BROKEN);
	assert_int_equal(used, 0);
	assert_non_null(scan.reason);
	assert_false(fcgi_scan_in_head(&scan));
	assert_false(fcgi_scan_in_request(&scan));
	fcgi_scan_end(&scan);
	assert_int_equal(fcgi_scan_next(&scan, wire.data, wire.length, &used),
	    FCGI_SCAN_BROKEN);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_two_reads),
		cmocka_unit_test(any_three_reads),
		cmocka_unit_test(byte_by_byte),
		cmocka_unit_test(says_a_thing_as_soon_as_it_is_known),
		cmocka_unit_test(decodes_begin_request),
		cmocka_unit_test(tells_an_unknown_role_at_once),
		cmocka_unit_test(drops_padding_of_the_first_and_last_record),
		cmocka_unit_test(knows_in_which_part_it_is),
		cmocka_unit_test(ends_with_its_input),
		cmocka_unit_test(ignores_inactive_requests),
		cmocka_unit_test(ignores_a_further_end),
		cmocka_unit_test(ignores_data),
		cmocka_unit_test(refuses_records_out_of_order),
		cmocka_unit_test(allows_one_request_at_a_time),
		cmocka_unit_test(names_the_second_request),
		cmocka_unit_test(takes_begin_request_of_eight_bytes_only),
		cmocka_unit_test(hears_an_abort),
		cmocka_unit_test(refuses_other_versions_anywhere),
		cmocka_unit_test(limits_the_head),
		cmocka_unit_test(refuses_an_over_long_head_by_its_header),
		cmocka_unit_test(limits_each_head_alone),
		cmocka_unit_test(passes_management_records_of_any_length),
		cmocka_unit_test(passes_management_records_whole),
		cmocka_unit_test(reads_begin_request_after_a_management_record),
		cmocka_unit_test(one_after_the_other),
		cmocka_unit_test(skips_the_body_of_an_answered_request),
		cmocka_unit_test(ignores_an_answered_request),
		cmocka_unit_test(skips_an_abort_of_an_answered_request),
		cmocka_unit_test(stays_broken),
	};

	return cmocka_run_group_tests_name("fcgi_scan", tests, NULL, NULL);
}
