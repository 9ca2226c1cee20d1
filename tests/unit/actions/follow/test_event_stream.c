/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/actions/follow/event_stream, by WHATWG HTML, 9.2. */
#include "config.h"

#include "fcgi_app/actions/follow/event_stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/support/unit.h"

static const struct event_id place = { 0x1f, 42 };

/* --- ids ------------------------------------------------------------------ */

static void ids_are_read_as_they_are_written(void **state)
{
	static const struct event_id ids[] = {
		{ 0, 0 },
		{ 0x123456789abcdef0, 7 },
		{ UINT64_MAX, UINT64_MAX },
	};
	char text[EVENT_ID_MAX];
	struct event_id read;

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(ids); i++) {
		size_t length = event_id_format(&ids[i], text);

		assert_int_equal(length, strlen(text));
		assert_true(length < EVENT_ID_MAX);
		assert_int_equal(event_id_parse(text, &read), 0);
		assert_int_equal(read.file, ids[i].file);
		assert_int_equal(read.offset, ids[i].offset);
	}
	assert_int_equal(strlen(text), EVENT_ID_MAX - 1);
	event_id_format(&place, text);
	assert_string_equal(text, "000000000000001f-42");
	assert_int_equal(event_id_parse("000000000000001f-42\t", &read), 0);
}

static void other_ids_are_none(void **state)
{
	static const char *const texts[] = {
		"",
		"42",
		"000000000000001f",
		"000000000000001f-",
		"000000000000001F-42",
		"00000000000001f-42",
		"0000000000000001f-42",
		"000000000000001f-42x",
		"000000000000001f--42",
		"000000000000001f 42",
		"000000000000001f-18446744073709551616",
	};
	struct event_id read = { 1, 2 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(texts); i++)
		if (event_id_parse(texts[i], &read) != -EINVAL)
			fail_msg("row %zu: %s", i, texts[i]);
	assert_int_equal(read.file, 1);
	assert_int_equal(read.offset, 2);
}

/* --- lines ---------------------------------------------------------------- */

static void lines_end_at_their_newline(void **state)
{
	(void)state;
	assert_int_equal(event_stream_next("", 0, false), 0);
	assert_int_equal(event_stream_next("", 0, true), 0);
	assert_int_equal(event_stream_next("ab", 2, false), 0);
	assert_int_equal(event_stream_next("ab", 2, true), 2);
	assert_int_equal(event_stream_next("ab\n", 3, false), 3);
	assert_int_equal(event_stream_next("\nab", 3, false), 1);
	assert_int_equal(event_stream_next("a\rb", 3, false), 0);
	assert_int_equal(event_stream_next("a\0b\n", 4, false), 4);
}

/* A line of so many bytes, then `end`. */
static size_t next_of(size_t length, const char *end, bool last)
{
	char *line = malloc(length + strlen(end) + 1);
	size_t n;

	assert_non_null(line);
	memset(line, 'x', length);
	strcpy(line + length, end);
	n = event_stream_next(line, length + strlen(end), last);
	free(line);
	return n;
}

static void a_line_may_be_as_long_as_its_limit(void **state)
{
	const size_t most = EVENT_STREAM_LINE_MAX;

	(void)state;
	assert_int_equal(next_of(most, "\n", false), most + 1);
	assert_int_equal(next_of(most - 1, "\r\n", false), most + 1);
	assert_int_equal(next_of(most, "", false), 0);
	assert_int_equal(next_of(most, "", true), most);
	assert_int_equal(next_of(most + 1, "", false), most);
	assert_int_equal(next_of(most + 1, "\n", false), most);
}

static void a_line_is_not_cut_within_a_character(void **state)
{
	const size_t most = EVENT_STREAM_LINE_MAX;

	(void)state;
	assert_int_equal(next_of(most, "\xc3\xa4", false), most);
	assert_int_equal(next_of(most - 1, "\xc3\xa4", false), most - 1);
	assert_int_equal(
	    next_of(most - 3, "\xf0\x9f\x8e\xac.", false), most - 3);
	assert_int_equal(next_of(most - 4, "\xf0\x9f\x8e\xac.", false), most);
	/* It is none, wherever it is cut. */
	assert_int_equal(
	    next_of(most - 5, "\x80\x80\x80\x80\x80\x80", false), most);
}

/* --- events --------------------------------------------------------------- */

#define HEAD "id: 000000000000001f-42\n"
#define BAD "\xef\xbf\xbd"

static void check(const char *data, size_t length, const char *expected)
{
	char text[512];
	size_t n;

	assert_true(EVENT_STREAM_ROOM(length) < sizeof(text));
	n = event_stream_event(data, length, &place, text);
	assert_true(n <= EVENT_STREAM_ROOM(length));
	text[n] = '\0';
	assert_string_equal(text, expected);
}

static void a_line_is_an_event(void **state)
{
	(void)state;
	check("a b\n", 4, HEAD "data: a b\n\n");
	check("a\r\n", 3, HEAD "data: a\n\n");
	check(" a", 2, HEAD "data:  a\n\n");
	check("\n", 1, HEAD "data: \n\n");
	check("\r\n", 2, HEAD "data: \n\n");
	check("", 0, HEAD "data: \n\n");
	check("data: x\n", 8, HEAD "data: data: x\n\n");
}

static void a_carriage_return_begins_another_data_line(void **state)
{
	(void)state;
	check("a\rb\n", 4, HEAD "data: a\ndata: b\n\n");
	check("a\r\r\n", 4, HEAD "data: a\ndata: \n\n");
	check(
	    "\rid: 1\r\rx", 9, HEAD "data: \ndata: id: 1\ndata: \ndata: x\n\n");
}

static void what_is_not_utf_8_is_replaced(void **state)
{
	(void)state;
	check("\xc3\xa4\xe2\x82\xac\xf0\x9f\x8e\xac\n", 10,
	    HEAD "data: \xc3\xa4\xe2\x82\xac\xf0\x9f\x8e\xac\n\n");
	check("\xff.\x80\n", 4, HEAD "data: " BAD "." BAD "\n\n");
	/* A character that breaks off is one (Unicode, 3.9). */
	check("\xf0\x9f\x8e"
	      "x",
	    4, HEAD "data: " BAD "x\n\n");
	check("\xe2\x82", 2, HEAD "data: " BAD "\n\n");
	/* Overlong, a surrogate, beyond the last one. */
	check("\xc0\xaf", 2, HEAD "data: " BAD BAD "\n\n");
	check("\xed\xa0\x80", 3, HEAD "data: " BAD BAD BAD "\n\n");
	check("\xf4\x90\x80\x80", 4, HEAD "data: " BAD BAD BAD BAD "\n\n");
	check("\xe0\x80\x80", 3, HEAD "data: " BAD BAD BAD "\n\n");
	/* A newline within is one. */
	check("\xe2\r\x82", 3, HEAD "data: " BAD "\ndata: " BAD "\n\n");
}

static void the_worst_line_fits_into_its_room(void **state)
{
	char *line = malloc(EVENT_STREAM_LINE_MAX);
	size_t room = EVENT_STREAM_ROOM(EVENT_STREAM_LINE_MAX);
	char *text = malloc(room);
	const struct event_id last = { UINT64_MAX, UINT64_MAX };

	(void)state;
	assert_non_null(line);
	assert_non_null(text);
	memset(line, '\r', EVENT_STREAM_LINE_MAX);
	assert_true(event_stream_event(
			line, EVENT_STREAM_LINE_MAX, &last, text) <= room);
	free(line);
	free(text);
}

static void notes(void **state)
{
	const struct event_id last = { UINT64_MAX, UINT64_MAX };
	char text[EVENT_STREAM_NOTE_MAX];

	(void)state;
	text[event_stream_begin(&place, text)] = '\0';
	assert_string_equal(text, "retry: 2000\n" HEAD "\n");
	text[event_stream_move(&place, text)] = '\0';
	assert_string_equal(text, HEAD "\n");
	text[event_stream_beat(text)] = '\0';
	assert_string_equal(text, ":\n\n");
	text[event_stream_end(text)] = '\0';
	assert_string_equal(text, "event: end\ndata: finished\n\n");
	assert_true(event_stream_begin(&last, text) < sizeof(text));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(ids_are_read_as_they_are_written),
		cmocka_unit_test(other_ids_are_none),
		cmocka_unit_test(lines_end_at_their_newline),
		cmocka_unit_test(a_line_may_be_as_long_as_its_limit),
		cmocka_unit_test(a_line_is_not_cut_within_a_character),
		cmocka_unit_test(a_line_is_an_event),
		cmocka_unit_test(a_carriage_return_begins_another_data_line),
		cmocka_unit_test(what_is_not_utf_8_is_replaced),
		cmocka_unit_test(the_worst_line_fits_into_its_room),
		cmocka_unit_test(notes),
	};

	return cmocka_run_group_tests_name("event_stream", tests, NULL, NULL);
}
