/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/request/representation: preconditions and ranges. */
#include "config.h"
#include "fcgi_app/request/representation.h"

#include "tests/unit/support/answer_rows.h"
#include "tests/unit/support/unit.h"

/* --- preconditions ------------------------------------------------------ */

static void preconditions_decide_first(void **state)
{
	static const struct answer_row rows[] = {
		{ { NULL }, WHOLE, LETTERS },
		{ { "HTTP_IF_MATCH", "\"v1\"" }, WHOLE, LETTERS },
		{ { "HTTP_IF_MATCH", "*" }, WHOLE, LETTERS },
		{ { "HTTP_IF_MATCH", "\"v0\"" }, FAILED, FAILED_TEXT },
		/* A weak tag never matches strongly (8.8.3.2). */
		{ { "HTTP_IF_MATCH", "W/\"v1\"" }, FAILED, FAILED_TEXT },
		{ { "HTTP_IF_NONE_MATCH", "\"v1\"" }, NOT_MODIFIED, "" },
		{ { "HTTP_IF_NONE_MATCH", "W/\"v1\"" }, NOT_MODIFIED, "" },
		{ { "HTTP_IF_NONE_MATCH", "*" }, NOT_MODIFIED, "" },
		{ { "HTTP_IF_NONE_MATCH", "\"v0\"" }, WHOLE, LETTERS },
		{ { "HTTP_IF_MODIFIED_SINCE", AT_MODIFIED }, NOT_MODIFIED, "" },
		{ { "HTTP_IF_MODIFIED_SINCE", AFTER }, NOT_MODIFIED, "" },
		{ { "HTTP_IF_MODIFIED_SINCE", BEFORE }, WHOLE, LETTERS },
		{ { "HTTP_IF_MODIFIED_SINCE", "yesterday" }, WHOLE, LETTERS },
		{ { "HTTP_IF_UNMODIFIED_SINCE", BEFORE }, FAILED, FAILED_TEXT },
		{ { "HTTP_IF_UNMODIFIED_SINCE", AT_MODIFIED }, WHOLE, LETTERS },
		/* A tag outdoes a date (13.2.2, steps 2 and 4). */
		{ { "HTTP_IF_NONE_MATCH", "\"v0\"", "HTTP_IF_MODIFIED_SINCE",
		      AT_MODIFIED },
		    WHOLE, LETTERS },
		{ { "HTTP_IF_MATCH", "\"v1\"", "HTTP_IF_UNMODIFIED_SINCE",
		      BEFORE },
		    WHOLE, LETTERS },
		/* All come before the range, also one that can't be had. */
		{ { "HTTP_IF_MATCH", "\"v0\"", "HTTP_RANGE", "bytes=0-1" },
		    FAILED, FAILED_TEXT },
		{ { "HTTP_IF_NONE_MATCH", "\"v1\"", "HTTP_RANGE", "bytes=99-" },
		    NOT_MODIFIED, "" },
		{ { "HTTP_IF_MATCH", "\"v1\"", "HTTP_RANGE", "bytes=0-1" },
		    PART("0-1", "2"), "ab" },
	};

	(void)state;
	ANSWER_ROWS_CHECK(rows, &answer_rows_usual);
}

/* --- ranges ------------------------------------------------------------- */

static void one_range_is_a_206_or_a_416(void **state)
{
	static const struct answer_row rows[] = {
		{ { "HTTP_RANGE", "bytes=0-0" }, PART("0-0", "1"), "a" },
		{ { "HTTP_RANGE", "bytes=2-4" }, PART("2-4", "3"), "cde" },
		{ { "HTTP_RANGE", "bytes=23-" }, PART("23-25", "3"), "xyz" },
		{ { "HTTP_RANGE", "bytes=-2" }, PART("24-25", "2"), "yz" },
		{ { "HTTP_RANGE", "bytes=24-99" }, PART("24-25", "2"), "yz" },
		{ { "HTTP_RANGE", "bytes=0-" }, PART("0-25", "26"), LETTERS },
		{ { "HTTP_RANGE", "bytes=26-" }, UNSATISFIABLE,
		    UNSATISFIABLE_TEXT },
		{ { "HTTP_RANGE", "bytes=-0" }, UNSATISFIABLE,
		    UNSATISFIABLE_TEXT },
		/* What is no range of bytes is ignored (14.2). */
		{ { "HTTP_RANGE", "bytes=4-2" }, WHOLE, LETTERS },
		{ { "HTTP_RANGE", "lines=0-1" }, WHOLE, LETTERS },
		{ { "HTTP_RANGE", "nonsense" }, WHOLE, LETTERS },
	};

	(void)state;
	ANSWER_ROWS_CHECK(rows, &answer_rows_usual);
}

static void several_ranges_are_parts(void **state)
{
	static const struct answer_row rows[] = {
		{ { "HTTP_RANGE", "bytes=0-1,24-25" },
		    "Status: 206 Partial Content\n" TAG SNIFF
		    "Content-Type: multipart/byteranges; "
		    "boundary=BOUNDARY\n" LENGTH "236\n" DATE UNITS,
		    "\n--BOUNDARY\n" TYPE "Content-Range: bytes 0-1/26\n\nab\n"
		    "--BOUNDARY\n" TYPE "Content-Range: bytes 24-25/26\n\nyz\n"
		    "--BOUNDARY--\n" },
		/* One is left of two (15.3.7.2). */
		{ { "HTTP_RANGE", "bytes=0-1,99-" }, PART("0-1", "2"), "ab" },
		{ { "HTTP_RANGE", "bytes=0-1,2-3" }, PART("0-3", "4"), "abcd" },
		{ { "HTTP_RANGE", "bytes=26-,27-" }, UNSATISFIABLE,
		    UNSATISFIABLE_TEXT },
	};

	(void)state;
	ANSWER_ROWS_CHECK(rows, &answer_rows_usual);
}

#define WHOLE_WITHOUT                                        \
	"Status: 200 OK\n" TAG SNIFF TYPE LENGTH "26\n" DATE \
	"Accept-Ranges: none\n"

static void ranges_can_be_off(void **state)
{
	static const struct answer_row rows[] = {
		{ { "STREAM_RANGES", "off" }, WHOLE_WITHOUT, LETTERS },
		{ { "STREAM_RANGES", "off", "HTTP_RANGE", "bytes=0-1" },
		    WHOLE_WITHOUT, LETTERS },
		{ { "STREAM_RANGES", "off", "HTTP_RANGE", "bytes=0-1,5-6" },
		    WHOLE_WITHOUT, LETTERS },
		{ { "STREAM_RANGES", "off", "HTTP_RANGE", "bytes=99-" },
		    WHOLE_WITHOUT, LETTERS },
		{ { "STREAM_RANGES", "off", "HTTP_RANGE", "bytes=0-1",
		      "HTTP_IF_RANGE", "\"v1\"" },
		    WHOLE_WITHOUT, LETTERS },
		/* Preconditions are another matter (13.2.2). */
		{ { "STREAM_RANGES", "off", "HTTP_IF_NONE_MATCH", "\"v1\"" },
		    NOT_MODIFIED, "" },
		{ { "STREAM_RANGES", "on", "HTTP_RANGE", "bytes=0-1" },
		    PART("0-1", "2"), "ab" },
		{ { "STREAM_RANGES", "", "HTTP_RANGE", "bytes=0-1" },
		    PART("0-1", "2"), "ab" },
	};

	(void)state;
	ANSWER_ROWS_CHECK(rows, &answer_rows_usual);
}

static void if_range_must_hold_for_a_part(void **state)
{
	static const struct answer_row rows[] = {
		{ { "HTTP_RANGE", "bytes=0-1", "HTTP_IF_RANGE", "\"v1\"" },
		    PART("0-1", "2"), "ab" },
		{ { "HTTP_RANGE", "bytes=0-1", "HTTP_IF_RANGE", AT_MODIFIED },
		    PART("0-1", "2"), "ab" },
		{ { "HTTP_RANGE", "bytes=0-1", "HTTP_IF_RANGE", "\"v0\"" },
		    WHOLE, LETTERS },
		{ { "HTTP_RANGE", "bytes=0-1", "HTTP_IF_RANGE", "W/\"v1\"" },
		    WHOLE, LETTERS },
		{ { "HTTP_RANGE", "bytes=0-1", "HTTP_IF_RANGE", AFTER }, WHOLE,
		    LETTERS },
		/* No part was asked for, so there is nothing to refuse. */
		{ { "HTTP_RANGE", "bytes=99-", "HTTP_IF_RANGE", "\"v0\"" },
		    WHOLE, LETTERS },
	};

	(void)state;
	ANSWER_ROWS_CHECK(rows, &answer_rows_usual);
}

/* --- kinds of representations ------------------------------------------- */

#define EMPTY "Status: 200 OK\n" TAG SNIFF TYPE LENGTH "0\n" DATE UNITS

static void an_empty_one_is_whole_or_a_416(void **state)
{
	struct representation empty = answer_rows_usual;
	static const struct answer_row rows[] = {
		{ { NULL }, EMPTY, "" },
		/* All of nothing (14.1.2) */
		{ { "HTTP_RANGE", "bytes=0-" }, EMPTY, "" },
		{ { "HTTP_RANGE", "bytes=-1" }, EMPTY, "" },
		{ { "HTTP_RANGE", "bytes=1-" },
		    "Status: 416 Range Not Satisfiable\n" ERROR_TYPE LENGTH
		    "26\n"
		    "Content-Range: bytes */0\n" SNIFF,
		    UNSATISFIABLE_TEXT },
	};

	(void)state;
	empty.size = 0;
	ANSWER_ROWS_CHECK(rows, &empty);
}

static void without_a_date_dates_are_ignored(void **state)
{
	struct representation undated = answer_rows_usual;
	static const struct answer_row rows[] = {
		{ { "HTTP_IF_MODIFIED_SINCE", "Thu, 01 Jan 2099 00:00:00 GMT" },
		    "Status: 200 OK\n" TAG SNIFF TYPE LENGTH "26\n" UNITS,
		    LETTERS },
		{ { "HTTP_IF_UNMODIFIED_SINCE", BEFORE },
		    "Status: 200 OK\n" TAG SNIFF TYPE LENGTH "26\n" UNITS,
		    LETTERS },
		{ { "HTTP_RANGE", "bytes=0-1", "HTTP_IF_RANGE", AT_MODIFIED },
		    "Status: 200 OK\n" TAG SNIFF TYPE LENGTH "26\n" UNITS,
		    LETTERS },
		{ { "HTTP_IF_NONE_MATCH", "\"v1\"" }, NOT_MODIFIED, "" },
	};

	(void)state;
	undated.undated = true;
	ANSWER_ROWS_CHECK(rows, &undated);
}

/* The answer to a POST: neither preconditions nor ranges mean it. */
static void a_whole_one_is_always_sent_whole(void **state)
{
	struct representation whole = answer_rows_usual;
	static const char head[] =
	    "Status: 200 OK\n" TAG SNIFF TYPE LENGTH "26\n" DATE;
	static const struct answer_row rows[] = {
		{ { "HTTP_IF_NONE_MATCH", "\"v1\"" }, head, LETTERS },
		{ { "HTTP_IF_MATCH", "\"v0\"" }, head, LETTERS },
		{ { "HTTP_RANGE", "bytes=0-1" }, head, LETTERS },
		{ { "HTTP_RANGE", "bytes=99-" }, head, LETTERS },
	};

	(void)state;
	whole.whole = true;
	ANSWER_ROWS_CHECK(rows, &whole);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(preconditions_decide_first),
		cmocka_unit_test(one_range_is_a_206_or_a_416),
		cmocka_unit_test(several_ranges_are_parts),
		cmocka_unit_test(ranges_can_be_off),
		cmocka_unit_test(if_range_must_hold_for_a_part),
		cmocka_unit_test(an_empty_one_is_whole_or_a_416),
		cmocka_unit_test(without_a_date_dates_are_ignored),
		cmocka_unit_test(a_whole_one_is_always_sent_whole),
	};

	return cmocka_run_group_tests_name("representation", tests, NULL, NULL);
}
