/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/actions/follow/event_lines, by WHATWG HTML, 9.2. */
#include "config.h"

#include "fcgi_app/actions/follow/event_lines.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/support/unit.h"

#define FILE_ID 0x1f
#define MOST 64
#define TEXT_MAX (64 << 10)
#define BAD "\xef\xbf\xbd"
#define ID(offset) "id: 000000000000001f-" offset "\n\n"
#define LINE(offset, data) "data: " data "\n" ID(offset)
#define PART(offset, data) "event: part\n" LINE(offset, data)
#define REST(offset, data) "event: part-end\n" LINE(offset, data)

/* How the bytes of a file come, and are written. */
struct way {
	size_t window;
	size_t room;
};

static const struct way ways[] = {
	{ 1 << 20, TEXT_MAX },
	{ 1 << 20, EVENT_LINES_ROOM },
	{ 5, TEXT_MAX },
	{ 7, EVENT_LINES_ROOM },
};

/* Takes all that is there. Returns the length of the text. */
static size_t take_all(struct event_lines *lines, const char *data,
    size_t length, const struct way *way, char *text)
{
	size_t n = 0;
	uint64_t next;

	while ((next = event_lines_next(lines)) < length) {
		size_t left = length - (size_t)next;

		assert_true(n + way->room <= 2 * TEXT_MAX);
		n += event_lines_take(lines, FILE_ID, data + next,
		    left < way->window ? left : way->window, text + n,
		    way->room);
	}
	return n;
}

/* Of a file that goes on, or is over. */
static void check_from(uint64_t offset, const char *data, size_t length,
    bool is_over, const char *expected)
{
	static char text[2 * TEXT_MAX];

	for (size_t i = 0; i < ARRAY_LENGTH(ways); i++) {
		struct event_lines lines = { .max = MOST };
		size_t n;

		event_lines_begin(&lines, offset);
		n = take_all(&lines, data, length, &ways[i], text);
		if (is_over && event_lines_finish(&lines))
			n += take_all(&lines, data, length, &ways[i], text + n);
		text[n] = '\0';
		if (strcmp(text, expected) != 0)
			fail_msg("way %zu of %s: %s, not %s", i, data, text,
			    expected);
		assert_false(is_over && event_lines_finish(&lines));
	}
}

#define CHECK(data, expected) \
	check_from(0, data, sizeof(data) - 1, false, expected)
#define CHECK_OVER(data, expected) \
	check_from(0, data, sizeof(data) - 1, true, expected)

static void a_line_is_an_event(void **state)
{
	(void)state;
	CHECK("", "");
	CHECK("a b\n", LINE("4", "a b"));
	CHECK("a\r\n", LINE("3", "a"));
	CHECK("\n", LINE("1", ""));
	CHECK("\r\n", LINE("2", ""));
	CHECK("data: x\n", LINE("8", "data: x"));
	CHECK("one\ntwo\nth", LINE("4", "one") LINE("8", "two"));
	CHECK("\n\n\n", LINE("1", "") LINE("2", "") LINE("3", ""));
}

static void the_last_line_may_lack_its_newline(void **state)
{
	(void)state;
	CHECK_OVER("", "");
	CHECK_OVER("one\n", LINE("4", "one"));
	CHECK_OVER("one\ntwo", LINE("4", "one") LINE("7", "two"));
	CHECK_OVER("a\r", LINE("2", "a\ndata: "));
}

static void a_carriage_return_begins_another_data_line(void **state)
{
	(void)state;
	CHECK("a\rb\n", LINE("4", "a\ndata: b"));
	CHECK("a\r\r\n", LINE("4", "a\ndata: "));
	CHECK("\rid: 1\r\rx\n", LINE("10", "\ndata: id: 1\ndata: \ndata: x"));
}

static void what_is_not_utf_8_is_replaced(void **state)
{
	(void)state;
	CHECK("\xc3\xa4\xe2\x82\xac\xf0\x9f\x8e\xac\n",
	    LINE("10", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x8e\xac"));
	CHECK("\xff.\x80\n", LINE("4", BAD "." BAD));
	/* A character that breaks off is one (Unicode, 3.9). */
	CHECK("\xf0\x9f\x8ex\n", LINE("5", BAD "x"));
	CHECK("\xe2\x82\n", LINE("3", BAD));
	CHECK_OVER("\xe2\x82", LINE("2", BAD));
	/* Overlong, a surrogate, beyond the last one. */
	CHECK("\xc0\xaf\n", LINE("3", BAD BAD));
	CHECK("\xed\xa0\x80\n", LINE("4", BAD BAD BAD));
	CHECK("\xf4\x90\x80\x80\n", LINE("5", BAD BAD BAD BAD));
	CHECK("\xe0\x80\x80\n", LINE("4", BAD BAD BAD));
	/* A carriage return within is one. */
	CHECK("\xe2\r\x82\n", LINE("4", BAD "\ndata: " BAD));
}

#define TEN "0123456789"
#define SIXTY TEN TEN TEN TEN TEN TEN

static void a_line_may_be_as_long_as_its_limit(void **state)
{
	(void)state;
	CHECK(SIXTY "abcd\n", LINE("65", SIXTY "abcd"));
	CHECK(SIXTY "abc\r\n", LINE("65", SIXTY "abc"));
	CHECK_OVER(SIXTY "abcd", LINE("64", SIXTY "abcd"));
	/* It may still end there. */
	CHECK(SIXTY "abcd", "");
}

static void a_longer_line_comes_in_parts(void **state)
{
	(void)state;
	CHECK(SIXTY "abcde\nnext\n",
	    PART("64", SIXTY "abcd") REST("66", "e") LINE("71", "next"));
	CHECK(SIXTY "abcde", PART("64", SIXTY "abcd"));
	CHECK_OVER(SIXTY "abcde", PART("64", SIXTY "abcd") REST("65", "e"));
	CHECK(SIXTY "abcd" SIXTY "efgh\n",
	    PART("64", SIXTY "abcd") REST("129", SIXTY "efgh"));
	CHECK(SIXTY "abcd" SIXTY "efghi\n",
	    PART("64", SIXTY "abcd") PART("128", SIXTY "efgh")
		REST("130", "i"));
	CHECK(SIXTY "abcd\r\n", PART("64", SIXTY "abcd") REST("66", ""));
}

static void a_part_does_not_end_within_a_character(void **state)
{
	(void)state;
	CHECK(SIXTY "abc\xc3\xa4\n",
	    PART("63", SIXTY "abc") REST("66", "\xc3\xa4"));
	CHECK(SIXTY "a\xf0\x9f\x8e\xac\n",
	    PART("61", SIXTY "a") REST("66", "\xf0\x9f\x8e\xac"));
	CHECK(SIXTY "\xf0\x9f\x8e\xac.\n",
	    PART("64", SIXTY "\xf0\x9f\x8e\xac") REST("66", "."));
	/* What is no character at all may be left for the next part. */
	CHECK(SIXTY "abc\xff.\n", PART("63", SIXTY "abc") REST("66", BAD "."));
}

/* Whoever comes back there has the part before. */
static void in_a_line_comes_its_rest(void **state)
{
	static const char text[] = "one\ntwo\nthree\n";

	(void)state;
	check_from(
	    4, text, strlen(text), false, LINE("8", "two") LINE("14", "three"));
	check_from(
	    5, text, strlen(text), false, REST("8", "wo") LINE("14", "three"));
	check_from(14, text, strlen(text), true, "");
	check_from(3, "one", 3, true, "");
}

/* Not even the worst line needs more room than a short one. */
static void a_line_takes_no_more_memory_than_another(void **state)
{
	const struct way way = { 16384, EVENT_LINES_ROOM };
	struct event_lines lines = { .max = 1 << 20 };
	size_t length = 1 << 20, sum = 0;
	char *line = malloc(length + 1);
	char text[EVENT_LINES_ROOM];
	uint64_t next;

	(void)state;
	assert_non_null(line);
	memset(line, '\r', length);
	line[length] = '\n';
	event_lines_begin(&lines, 0);
	while ((next = event_lines_next(&lines)) < length + 1) {
		size_t left = length + 1 - (size_t)next;

		sum += event_lines_take(&lines, FILE_ID, line + next,
		    left < way.window ? left : way.window, text, way.room);
	}
	/* The one before the newline is not sent. */
	assert_int_equal(sum,
	    strlen("data: ") * length + (length - 1) +
		strlen("\n" ID("1048577")));
	free(line);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_is_an_event),
		cmocka_unit_test(the_last_line_may_lack_its_newline),
		cmocka_unit_test(a_carriage_return_begins_another_data_line),
		cmocka_unit_test(what_is_not_utf_8_is_replaced),
		cmocka_unit_test(a_line_may_be_as_long_as_its_limit),
		cmocka_unit_test(a_longer_line_comes_in_parts),
		cmocka_unit_test(a_part_does_not_end_within_a_character),
		cmocka_unit_test(in_a_line_comes_its_rest),
		cmocka_unit_test(a_line_takes_no_more_memory_than_another),
	};

	return cmocka_run_group_tests_name("event_lines", tests, NULL, NULL);
}
