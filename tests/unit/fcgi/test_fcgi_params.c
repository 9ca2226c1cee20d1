/* SPDX-License-Identifier: MIT */
/*
 * Unit tests of common/fcgi/fcgi_params. They pin rule 3 of "libfcgi on an
 * event loop" in the design: libfcgi parses a head from a file that ends with
 * that head, keeps its descriptor for the next one whatever the head says about
 * keep_conn, never waits, and an error costs a new descriptor and nothing else.
 *
 * Heads are cut by fcgi_scan, so they are what a connection passes.
 */
#include "config.h"

#include "common/fcgi/fcgi_params.h"

#include <errno.h>
#include <fastcgi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/fcgi/fcgi_scan.h"
#include "tests/unit/support/descriptors.h"
#include "tests/unit/support/unit.h"

/* Nothing here may wait: a test that does is killed. */
#define PATIENCE_SECONDS 60

/* Name-value pairs as they stand in PARAMS records. */
struct pairs {
	uint8_t data[FCGI_SCAN_HEAD_MAX + 64];
	size_t length;
};

/* How the pairs are sent. */
struct framing {
	int role;
	int flags;
	size_t record;         /* most content of one record */
	uint8_t padding;       /* of each record but the first */
	uint8_t begin_padding; /* of BEGIN_REQUEST */
};

static const struct framing plain = { FCGI_RESPONDER, 0, 65535, 0, 0 };

struct wire {
	uint8_t data[4 * FCGI_SCAN_HEAD_MAX];
	size_t length;
};

struct head {
	uint8_t data[FCGI_SCAN_HEAD_MAX];
	size_t length;
};

/* --- building heads ------------------------------------------------------- */

static void put(struct pairs *pairs, const void *bytes, size_t length)
{
	assert_true(length <= sizeof(pairs->data) - pairs->length);
	memcpy(pairs->data + pairs->length, bytes, length);
	pairs->length += length;
}

static void put_length(struct pairs *pairs, size_t length)
{
	const uint8_t bytes[4] = { (uint8_t)(0x80 | length >> 24),
		(uint8_t)(length >> 16), (uint8_t)(length >> 8),
		(uint8_t)length };

	if (length < 128)
		put(pairs, bytes + 3, 1);
	else
		put(pairs, bytes, 4);
}

static void put_pair(struct pairs *pairs, const char *name, const char *value)
{
	put_length(pairs, strlen(name));
	put_length(pairs, strlen(value));
	put(pairs, name, strlen(name));
	put(pairs, value, strlen(value));
}

static void put_record(
    struct wire *wire, int type, const void *content, size_t length, int pad)
{
	uint8_t *to = wire->data + wire->length;

	assert_true(wire->length + 8 + length + 255 < sizeof(wire->data));
	memset(to, 0, 8);
	to[0] = 1;
	to[1] = (uint8_t)type;
	to[3] = 1;
	to[4] = (uint8_t)(length >> 8);
	to[5] = (uint8_t)length;
	to[6] = (uint8_t)pad;
	memcpy(to + 8, content, length);
	memset(to + 8 + length, 0xee, (size_t)pad);
	wire->length += 8 + length + (size_t)pad;
}

/* A request and its body, as a front sends them. */
static void put_request(
    struct wire *wire, const struct framing *framing, const struct pairs *pairs)
{
	const uint8_t begin[8] = { 0, FCGI_RESPONDER, (uint8_t)framing->flags };
	size_t at = 0;

	wire->length = 0;
	put_record(wire, FCGI_BEGIN_REQUEST, begin, 8, framing->begin_padding);
	while (at < pairs->length) {
		size_t n = pairs->length - at;

		if (n > framing->record)
			n = framing->record;
		put_record(
		    wire, FCGI_PARAMS, pairs->data + at, n, framing->padding);
		at += n;
	}
	put_record(wire, FCGI_PARAMS, "", 0, framing->padding);
	put_record(wire, FCGI_STDIN, "body", 4, framing->padding);
}

/* What the scanner takes for the head. */
static void cut_head(const struct wire *wire, struct head *head)
{
	struct fcgi_scan scan;
	enum fcgi_scan_event event;
	size_t at = 0, used;

	head->length = 0;
	fcgi_scan_init(&scan);
	do {
		event = fcgi_scan_next(
		    &scan, wire->data + at, wire->length - at, &used);
		at += used;
		if (event == FCGI_SCAN_HEAD_END)
			return;
		assert_int_equal(event, FCGI_SCAN_HEAD_BYTES);
		assert_true(scan.length <= sizeof(head->data) - head->length);
		memcpy(head->data + head->length, scan.data, scan.length);
		head->length += scan.length;
	} while (at < wire->length);
	fail_msg("the head has no end");
}

static const struct head *make_head(
    const struct framing *framing, const struct pairs *pairs)
{
	static struct wire wire;
	static struct head head;

	put_request(&wire, framing, pairs);
	cut_head(&wire, &head);
	/* The scanner passes one role alone. */
	head.data[8] = (uint8_t)(framing->role >> 8);
	head.data[9] = (uint8_t)framing->role;
	return &head;
}

/* --- parsing them --------------------------------------------------------- */

static int parse(struct fcgi_params_parser *parser,
    const struct framing *framing, const struct pairs *pairs,
    struct fcgi_params **ret_params)
{
	const struct head *head = make_head(framing, pairs);
	uint8_t *copy = malloc(head->length);
	int r;

	/* Of the exact size, and gone before the values are looked at */
	assert_non_null(copy);
	memcpy(copy, head->data, head->length);
	r = fcgi_params_parse(parser, copy, head->length, ret_params);
	free(copy);
	return r;
}

static void check_parse_fails(struct fcgi_params_parser *parser,
    const struct framing *framing, const struct pairs *pairs)
{
	struct fcgi_params *params = (struct fcgi_params *)parser;

	assert_int_equal(parse(parser, framing, pairs, &params), -EPROTO);
	assert_ptr_equal(params, parser);
}

/* A parser is usable if it reads a head right. */
static void check_usable(struct fcgi_params_parser *parser, int number)
{
	struct framing framing = plain;
	struct pairs *pairs = calloc(1, sizeof(*pairs));
	struct fcgi_params *params = NULL;
	char text[32];

	assert_non_null(pairs);
	framing.flags = number % 2 ? FCGI_KEEP_CONN : 0;
	snprintf(text, sizeof(text), "/file-%d", number);
	put_pair(pairs, "DOCUMENT_ROOT", "/srv");
	put_pair(pairs, "DOCUMENT_URI", text);
	assert_int_equal(parse(parser, &framing, pairs, &params), 0);
	free(pairs);
	assert_string_equal(fcgi_params_get(params, "DOCUMENT_ROOT"), "/srv");
	assert_string_equal(fcgi_params_get(params, "DOCUMENT_URI"), text);
	fcgi_params_free(params);
}

static int make_parser(void **state)
{
	struct fcgi_params_parser *parser = NULL;

	alarm(PATIENCE_SECONDS);
	if (fcgi_params_parser_new(&parser) < 0)
		return -1;
	*state = parser;
	return 0;
}

static int free_parser(void **state)
{
	fcgi_params_parser_free(*state);
	alarm(0);
	return 0;
}

/* --- what is read --------------------------------------------------------- */

static void reads_what_nginx_sends(void **state)
{
	static const struct {
		const char *name, *value;
	} sent[] = {
		{ "QUERY_STRING", "" },
		{ "REQUEST_METHOD", "GET" },
		{ "CONTENT_TYPE", "" },
		{ "SCRIPT_NAME", "/a/film.mp4" },
		{ "DOCUMENT_URI", "/a/film.mp4" },
		{ "DOCUMENT_ROOT", "/srv/www" },
		{ "SERVER_SOFTWARE", "nginx/1.22.1" },
		{ "HTTP_RANGE", "bytes=0-" },
		{ "HTTP_X", "caf\xc3\xa9 \xff \t\"\\" },
	};
	static struct pairs pairs;
	struct fcgi_params *params = NULL;

	for (size_t i = 0; i < ARRAY_LENGTH(sent); i++)
		put_pair(&pairs, sent[i].name, sent[i].value);
	assert_int_equal(parse(*state, &plain, &pairs, &params), 0);
	for (size_t i = 0; i < ARRAY_LENGTH(sent); i++)
		assert_string_equal(
		    fcgi_params_get(params, sent[i].name), sent[i].value);
	fcgi_params_free(params);
}

static void finds_whole_names_only(void **state)
{
	static const char *const absent[] = { "", "NAM", "NAMES", "name",
		"NAME=", "NAME=va", "value", "NAMESAKE=" };
	static struct pairs pairs;
	struct fcgi_params *params = NULL;

	put_pair(&pairs, "NAMESAKE", "other");
	put_pair(&pairs, "NAME", "value");
	assert_int_equal(parse(*state, &plain, &pairs, &params), 0);
	assert_string_equal(fcgi_params_get(params, "NAME"), "value");
	assert_string_equal(fcgi_params_get(params, "NAMESAKE"), "other");
	for (size_t i = 0; i < ARRAY_LENGTH(absent); i++)
		assert_null(fcgi_params_get(params, absent[i]));
	fcgi_params_free(params);
}

/* A line after an include in a front's configuration wins. */
static void takes_the_last_of_several(void **state)
{
	static struct pairs pairs;
	struct fcgi_params *params = NULL;

	put_pair(&pairs, "DOCUMENT_ROOT", "/first");
	put_pair(&pairs, "OTHER", "1");
	put_pair(&pairs, "DOCUMENT_ROOT", "/last");
	assert_int_equal(parse(*state, &plain, &pairs, &params), 0);
	assert_string_equal(fcgi_params_get(params, "DOCUMENT_ROOT"), "/last");
	fcgi_params_free(params);
}

/* In the order in which they came. */
static void finds_names_by_their_begin(void **state)
{
	static const char *const names[] = { "AB_1", "AB_", "AB_2" };
	static struct pairs pairs;
	struct fcgi_params *params = NULL;
	size_t at = 0, length;

	put_pair(&pairs, "AB_1", "AB_=x");
	put_pair(&pairs, "AB", "_");
	put_pair(&pairs, "XAB_", "1");
	put_pair(&pairs, "AB_", "");
	put_pair(&pairs, "AB_2", "2");
	assert_int_equal(parse(*state, &plain, &pairs, &params), 0);
	for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
		const char *name =
		    fcgi_params_next(params, "AB_", &at, &length);

		assert_int_equal(length, strlen(names[i]));
		assert_memory_equal(name, names[i], length);
		assert_int_equal(name[length], '=');
	}
	assert_null(fcgi_params_next(params, "AB_", &at, &length));
	assert_null(fcgi_params_next(params, "AB_", &at, &length));
	fcgi_params_free(params);
}

static void has_none(void **state)
{
	struct fcgi_params *params = fcgi_params_none();

	(void)state;
	assert_null(fcgi_params_get(params, "NAME"));
	assert_null(fcgi_params_get(params, ""));
	fcgi_params_free(params);
}

static void keeps_equal_signs_in_values(void **state)
{
	static const char *const values[] = { "=", "a=b", "a=b&c=d", "==", "" };

	for (size_t i = 0; i < ARRAY_LENGTH(values); i++) {
		static struct pairs pairs;
		struct fcgi_params *params = NULL;

		pairs.length = 0;
		put_pair(&pairs, "QUERY_STRING", values[i]);
		put_pair(&pairs, "LAST", "1");
		assert_int_equal(parse(*state, &plain, &pairs, &params), 0);
		assert_string_equal(
		    fcgi_params_get(params, "QUERY_STRING"), values[i]);
		assert_string_equal(fcgi_params_get(params, "LAST"), "1");
		fcgi_params_free(params);
	}
}

/* libfcgi adds the role; a head without params is no error. */
static void reads_a_head_without_pairs(void **state)
{
	static struct pairs pairs;
	struct fcgi_params *params = NULL;

	assert_int_equal(parse(*state, &plain, &pairs, &params), 0);
	assert_string_equal(fcgi_params_get(params, "FCGI_ROLE"), "RESPONDER");
	assert_null(fcgi_params_get(params, "DOCUMENT_ROOT"));
	fcgi_params_free(params);
}

static void reads_long_values(void **state)
{
	static const size_t lengths[] = { 127, 128, 4095, 8191, 8192, 8193,
		20 << 10, 60000 };
	static struct pairs pairs;

	for (size_t i = 0; i < ARRAY_LENGTH(lengths); i++) {
		struct fcgi_params *params = NULL;
		char *value = malloc(lengths[i] + 1);

		assert_non_null(value);
		for (size_t j = 0; j < lengths[i]; j++)
			value[j] = (char)('a' + j % 23);
		value[lengths[i]] = '\0';
		pairs.length = 0;
		put_pair(&pairs, "BEFORE", "1");
		put_pair(&pairs, "LONG", value);
		put_pair(&pairs, "AFTER", "2");
		assert_int_equal(parse(*state, &plain, &pairs, &params), 0);
		assert_string_equal(fcgi_params_get(params, "BEFORE"), "1");
		assert_string_equal(fcgi_params_get(params, "LONG"), value);
		assert_string_equal(fcgi_params_get(params, "AFTER"), "2");
		fcgi_params_free(params);
		free(value);
	}
}

/* A pair may be cut anywhere, also in its lengths. */
static void joins_many_records(void **state)
{
	static const uint8_t paddings[] = { 0, 7, 255 };
	struct framing framing = plain;
	static struct pairs pairs;
	char value[201] = "";

	memset(value, 'v', sizeof(value) - 1);
	put_pair(&pairs, "FIRST", "1");
	put_pair(&pairs, "LONG", value);
	put_pair(&pairs, "LAST", "2");
	for (size_t i = 0; i < ARRAY_LENGTH(paddings); i++) {
		framing.padding = paddings[i];
		for (size_t n = 1; n <= 20; n++) {
			struct fcgi_params *params = NULL;

			framing.record = n;
			if (n == 1 && framing.padding == 255)
				continue; /* over the limit of a head */
			assert_int_equal(
			    parse(*state, &framing, &pairs, &params), 0);
			assert_string_equal(
			    fcgi_params_get(params, "FIRST"), "1");
			assert_string_equal(
			    fcgi_params_get(params, "LONG"), value);
			assert_string_equal(
			    fcgi_params_get(params, "LAST"), "2");
			fcgi_params_free(params);
		}
	}
}

/*
 * libfcgi does not skip this padding: it takes it for the next header and ends
 * up without any parameters. So the scanner must not pass it on.
 */
static void reads_on_after_a_padded_begin_request(void **state)
{
	static struct pairs pairs;
	struct framing framing = plain;

	put_pair(&pairs, "NAME", "value");
	for (int padding = 0; padding <= 255; padding++) {
		struct fcgi_params *params = NULL;
		char value[16] = "";

		framing.begin_padding = (uint8_t)padding;
		assert_int_equal(parse(*state, &framing, &pairs, &params), 0);
		if (fcgi_params_get(params, "NAME"))
			snprintf(value, sizeof(value), "%s",
			    fcgi_params_get(params, "NAME"));
		fcgi_params_free(params);
		assert_string_equal(value, "value");
	}
}

/* As much as the scanner passes: it all fits the file. */
static void reads_the_longest_head(void **state)
{
	static struct pairs pairs;
	static char value[FCGI_SCAN_HEAD_MAX];
	struct framing framing = plain;
	struct fcgi_params *params = NULL;
	/* BEGIN_REQUEST, two records and the empty one, the pair's lengths */
	size_t length = FCGI_SCAN_HEAD_MAX - 16 - 2 * 8 - 8 - (1 + 4) - 4;

	memset(value, 'v', length);
	put_pair(&pairs, "LONG", value);
	framing.record = 40000;
	assert_int_equal(
	    make_head(&framing, &pairs)->length, FCGI_SCAN_HEAD_MAX);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(parse(*state, &framing, &pairs, &params), 0);
		assert_string_equal(fcgi_params_get(params, "LONG"), value);
		fcgi_params_free(params);
	}
	check_usable(*state, 1);
}

static void values_outlive_the_parser(void **state)
{
	static struct pairs pairs;
	struct fcgi_params_parser *parser = NULL;
	struct fcgi_params *params = NULL;

	(void)state;
	put_pair(&pairs, "NAME", "value");
	assert_int_equal(fcgi_params_parser_new(&parser), 0);
	assert_int_equal(parse(parser, &plain, &pairs, &params), 0);
	check_usable(parser, 1);
	fcgi_params_parser_free(parser);
	assert_string_equal(fcgi_params_get(params, "NAME"), "value");
	fcgi_params_free(params);
}

/* --- the file ------------------------------------------------------------- */

/* The last head's keep_conn stands in libfcgi's request (rule 3). */
static void parses_head_after_head(void **state)
{
	int before = count_descriptors();

	for (int i = 0; i < 1000; i++)
		check_usable(*state, i);
	assert_int_equal(count_descriptors(), before);
}

/*
 * The body is the scanner's. Were it read from the file, this would wait, or
 * find the next head.
 */
static void never_reads_the_body(void **state)
{
	static struct pairs pairs;

	put_pair(&pairs, "REQUEST_METHOD", "POST");
	put_pair(&pairs, "CONTENT_LENGTH", "1000000");
	for (int i = 0; i < 3; i++) {
		struct fcgi_params *params = NULL;

		assert_int_equal(parse(*state, &plain, &pairs, &params), 0);
		assert_string_equal(
		    fcgi_params_get(params, "CONTENT_LENGTH"), "1000000");
		fcgi_params_free(params);
		check_usable(*state, i);
	}
}

/* What a parser takes, it gives back. */
static void owns_two_descriptors(void **state)
{
	int before = count_descriptors();
	struct fcgi_params_parser *parser = NULL;

	(void)state;
	for (int i = 0; i < 10; i++) {
		assert_int_equal(fcgi_params_parser_new(&parser), 0);
		assert_int_equal(count_descriptors(), before + 2);
		check_usable(parser, i);
		fcgi_params_parser_free(parser);
		assert_int_equal(count_descriptors(), before);
	}
	fcgi_params_parser_free(NULL);
}

/* --- malformed heads ------------------------------------------------------ */

#define BYTES(text) (text), sizeof(text) - 1

static const struct {
	const char *bytes;
	size_t length;
} malformed[] = {
	{ BYTES("\1") },
	{ BYTES("\x80") },
	{ BYTES("\1\x80\0\0") },
	{ BYTES("\1\1a") },
	{ BYTES("\4\5NAMEvalu") },
	{ BYTES("\1\1ab\1") },
	/* 2 GiB claimed for a value, a name, both */
	{ BYTES("\4\xff\xff\xff\xffNAMEvalue") },
	{ BYTES("\xff\xff\xff\xff\4NAMEvalue") },
	{ BYTES("\xff\xff\xff\xff\xff\xff\xff\xffNAMEvalue") },
	{ BYTES("\xff\xff\xff\xff\xff\xff\xff\xff") },
	/* A NUL would cut what libfcgi takes for a string. */
	{ BYTES("\4\5NA\0Evalue") },
	{ BYTES("\4\5NAMEva\0ue") },
	{ BYTES("\4\5NAMEvalu\0") },
	{ BYTES("\1\1\0v") },
	{ BYTES("\1\1ab\1\1c\0") },
};

static void refuses_malformed_pairs(void **state)
{
	static struct pairs pairs;

	for (size_t i = 0; i < ARRAY_LENGTH(malformed); i++) {
		struct framing framing = plain;

		pairs.length = 0;
		put(&pairs, malformed[i].bytes, malformed[i].length);
		check_parse_fails(*state, &framing, &pairs);
		/* However it was cut */
		framing.record = 1;
		framing.padding = 3;
		check_parse_fails(*state, &framing, &pairs);
		check_usable(*state, (int)i);
	}
}

/* The most address space this process ever had, in KiB. */
static long peak_address_space(void)
{
	FILE *file = fopen("/proc/self/status", "re");
	char line[256];
	long peak = 0;

	assert_non_null(file);
	while (fgets(line, sizeof(line), file))
		if (sscanf(line, "VmPeak: %ld kB", &peak) == 1)
			break;
	fclose(file);
	assert_true(peak > 0);
	return peak;
}

/* libfcgi believes a length: it must not get to see this one. */
static void allocates_nothing_for_a_claim(void **state)
{
	static struct pairs pairs;
	long before;

	check_usable(*state, 1);
	before = peak_address_space();
	put(&pairs, BYTES("\4\xff\xff\xff\xffNAMEvalue"));
	for (int i = 0; i < 3; i++)
		check_parse_fails(*state, &plain, &pairs);
	assert_true(peak_address_space() - before < 512L << 10);
}

/*
 * A role that libfcgi does not know: the one error that the pairs' check does
 * not see, so that libfcgi closes its descriptor (rule 3).
 */
static void survives_an_error_of_libfcgi(void **state)
{
	static struct pairs pairs;
	struct framing framing = plain;

	framing.role = 47;
	put_pair(&pairs, "NAME", "value");
	for (int i = 0; i < 3; i++) {
		check_parse_fails(*state, &framing, &pairs);
		check_usable(*state, i);
	}
	/* One after the other, too */
	check_parse_fails(*state, &framing, &pairs);
	check_parse_fails(*state, &framing, &pairs);
	check_usable(*state, 1);
}

/*
 * Not what the scanner passes; it must not wait for the rest all the same.
 * libfcgi takes a cut between two pairs for their end.
 */
static void does_not_wait_for_a_whole_head(void **state)
{
	static struct pairs pairs;
	const struct head *head;
	struct head *whole = malloc(sizeof(*whole));

	assert_non_null(whole);
	put_pair(&pairs, "NAME", "value");
	head = make_head(&plain, &pairs);
	memcpy(whole, head, sizeof(*whole));
	for (size_t cut = 0; cut < whole->length; cut++) {
		struct fcgi_params *params = NULL;
		int r = fcgi_params_parse(*state, whole->data, cut, &params);

		fcgi_params_free(params);
		assert_true(r == 0 || r == -EPROTO);
		check_usable(*state, (int)cut);
	}
	free(whole);
}

static void leaks_no_descriptor(void **state)
{
	static struct pairs good, bad;
	struct framing unknown_role = plain;
	int before = count_descriptors();

	unknown_role.role = 0;
	put_pair(&good, "NAME", "value");
	put(&bad, BYTES("\4\5NAME"));
	for (int i = 0; i < 100; i++) {
		check_parse_fails(*state, &plain, &bad);
		check_parse_fails(*state, &unknown_role, &good);
	}
	check_usable(*state, 1);
	assert_int_equal(count_descriptors(), before);
}

#define TEST(name) \
	cmocka_unit_test_setup_teardown(name, make_parser, free_parser)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(reads_what_nginx_sends),
		TEST(finds_whole_names_only),
		TEST(takes_the_last_of_several),
		TEST(finds_names_by_their_begin),
		TEST(has_none),
		TEST(keeps_equal_signs_in_values),
		TEST(reads_a_head_without_pairs),
		TEST(reads_long_values),
		TEST(joins_many_records),
		TEST(reads_on_after_a_padded_begin_request),
		TEST(reads_the_longest_head),
		TEST(values_outlive_the_parser),
		TEST(parses_head_after_head),
		TEST(never_reads_the_body),
		TEST(owns_two_descriptors),
		TEST(refuses_malformed_pairs),
		TEST(allocates_nothing_for_a_claim),
		TEST(survives_an_error_of_libfcgi),
		TEST(does_not_wait_for_a_whole_head),
		TEST(leaks_no_descriptor),
	};

	return cmocka_run_group_tests_name("fcgi_params", tests, NULL, NULL);
}
