/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/policy/http_date. */
#include "config.h"

#include "fcgi_app/policy/http_date.h"

#include <errno.h>
#include <stdlib.h>

#include "tests/unit/support/unit.h"

/* The date of all examples in RFC 9110, 5.6.7 */
#define EXAMPLE 784111777
#define EARLIEST INT64_C(-62167219200)
#define LATEST INT64_C(253402300799)
/* 2026-01-01 00:00:00 */
#define NOW 1767225600

/* 1600-01-01 00:00:00 */
#define YEAR_1600 INT64_C(-11676096000)

#define UNTOUCHED ((time_t)4711)

static void formats_dates(void **state)
{
	static const struct {
		int64_t when;
		const char *text;
	} cases[] = {
		{ EXAMPLE, "Sun, 06 Nov 1994 08:49:37 GMT" },
		{ 0, "Thu, 01 Jan 1970 00:00:00 GMT" },
		{ -1, "Wed, 31 Dec 1969 23:59:59 GMT" },
		{ 951782400, "Tue, 29 Feb 2000 00:00:00 GMT" },
		{ 951868800, "Wed, 01 Mar 2000 00:00:00 GMT" },
		{ 1077926400, "Sat, 28 Feb 2004 00:00:00 GMT" },
		{ -2203891200, "Thu, 01 Mar 1900 00:00:00 GMT" },
		{ -2203891201, "Wed, 28 Feb 1900 23:59:59 GMT" },
		{ INT64_C(4102444799), "Thu, 31 Dec 2099 23:59:59 GMT" },
		{ INT64_C(2147483648), "Tue, 19 Jan 2038 03:14:08 GMT" },
		{ LATEST, "Fri, 31 Dec 9999 23:59:59 GMT" },
		{ LATEST + 1, "Fri, 31 Dec 9999 23:59:59 GMT" },
		{ INT64_MAX, "Fri, 31 Dec 9999 23:59:59 GMT" },
		{ EARLIEST, "Sat, 01 Jan 0000 00:00:00 GMT" },
		{ EARLIEST - 1, "Sat, 01 Jan 0000 00:00:00 GMT" },
		{ INT64_MIN, "Sat, 01 Jan 0000 00:00:00 GMT" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		char text[HTTP_DATE_SIZE];

		http_date_format((time_t)cases[i].when, text);
		assert_string_equal(text, cases[i].text);
	}
}

/* Every day of two whole cycles of the calendar, 1600 to 2399. */
static void agrees_with_gmtime(void **state)
{
	(void)state;
	for (int day = 0; day < 2 * 146097; day++) {
		char expected[64];
		char text[HTTP_DATE_SIZE];
		time_t t = (time_t)(YEAR_1600 + day * INT64_C(86400));
		time_t back = UNTOUCHED;
		struct tm tm;

		gmtime_r(&t, &tm);
		strftime(expected, sizeof(expected),
		    "%a, %d %b %Y %H:%M:%S GMT", &tm);
		http_date_format(t, text);
		assert_string_equal(text, expected);
		assert_int_equal(http_date_parse(text, NOW, &back), 0);
		assert_int_equal(back, t);
	}
}

struct parse_case {
	const char *field;
	int64_t now;
	int result;
	int64_t when;
};

static void check_cases(const struct parse_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct parse_case *c = &cases[i];
		int64_t expected = c->result ? UNTOUCHED : c->when;
		time_t when = UNTOUCHED;
		int result = http_date_parse(c->field, (time_t)c->now, &when);

		if (result != c->result || when != expected)
			fail_msg("\"%s\": %d, %lld", c->field, result,
			    (long long)when);
	}
}

static void parses_three_forms(void **state)
{
	static const struct parse_case cases[] = {
		{ "Sun, 06 Nov 1994 08:49:37 GMT", NOW, 0, EXAMPLE },
		{ "Sunday, 06-Nov-94 08:49:37 GMT", NOW, 0, EXAMPLE },
		{ "Sun Nov  6 08:49:37 1994", NOW, 0, EXAMPLE },
		{ "Sun Nov 06 08:49:37 1994", NOW, 0, EXAMPLE },
		{ "Wed Nov 16 08:49:37 1994", NOW, 0, EXAMPLE + 10 * 86400 },
		{ "Sun, 06 Nov 1994 08:49:37 GMT\t", NOW, 0, EXAMPLE },
		{ "Sunday, 06-Nov-94 08:49:37 GMT \t", NOW, 0, EXAMPLE },
		{ "Sun Nov  6 08:49:37 1994\t", NOW, 0, EXAMPLE },
		/* The name of the day is not held against the date. */
		{ "Mon, 06 Nov 1994 08:49:37 GMT", NOW, 0, EXAMPLE },
		{ "Sat, 01 Jan 0000 00:00:00 GMT", NOW, 0, EARLIEST },
		{ "Fri, 31 Dec 9999 23:59:59 GMT", NOW, 0, LATEST },
	};

	(void)state;
	check_cases(cases, ARRAY_LENGTH(cases));
}

static void checks_ranges(void **state)
{
	static const struct parse_case cases[] = {
		{ "Sat, 31 Dec 2016 23:59:60 GMT", NOW, 0, 1483228800 },
		{ "Sat, 31 Dec 2016 23:59:61 GMT", NOW, -EINVAL, 0 },
		{ "Sat, 31 Dec 2016 23:60:00 GMT", NOW, -EINVAL, 0 },
		{ "Sat, 31 Dec 2016 24:00:00 GMT", NOW, -EINVAL, 0 },
		{ "Sat, 32 Dec 2016 00:00:00 GMT", NOW, -EINVAL, 0 },
		{ "Sat, 00 Dec 2016 00:00:00 GMT", NOW, -EINVAL, 0 },
		{ "Sat, 31 Nov 2016 00:00:00 GMT", NOW, -EINVAL, 0 },
		{ "Mon, 29 Feb 2016 00:00:00 GMT", NOW, 0, 1456704000 },
		{ "Wed, 29 Feb 2017 00:00:00 GMT", NOW, -EINVAL, 0 },
		{ "Tue, 29 Feb 2000 00:00:00 GMT", NOW, 0, 951782400 },
		{ "Thu, 29 Feb 1900 00:00:00 GMT", NOW, -EINVAL, 0 },
	};

	(void)state;
	check_cases(cases, ARRAY_LENGTH(cases));
}

/* Fifty years ahead of NOW is 2076-01-01 00:00:00. */
static void finds_the_century(void **state)
{
	static const struct parse_case cases[] = {
		{ "Wednesday, 01-Jan-76 00:00:00 GMT", NOW, 0,
		    INT64_C(3345062400) },
		{ "Thursday, 01-Jan-76 00:00:01 GMT", NOW, 0, 189302401 },
		{ "Friday, 31-Dec-99 23:59:59 GMT", NOW, 0, 946684799 },
		{ "Saturday, 01-Jan-00 00:00:00 GMT", NOW, 0, 946684800 },
		{ "Thursday, 01-Jan-26 00:00:00 GMT", NOW, 0, NOW },
		/* On 2099-12-31, the next year is near and this one not far. */
		{ "Friday, 01-Jan-00 00:00:00 GMT", INT64_C(4102358400), 0,
		    INT64_C(4102444800) },
		{ "Thursday, 01-Jan-70 00:00:00 GMT", 0, 0, 0 },
		/* Clocks that are far off, and then no further than the form.
		 */
		{ "Saturday, 01-Jan-00 00:00:00 GMT", INT64_MIN, 0, EARLIEST },
		{ "Friday, 31-Dec-99 23:59:59 GMT", INT64_MAX, 0, LATEST },
	};

	(void)state;
	check_cases(cases, ARRAY_LENGTH(cases));
}

static void refuses_what_is_no_date(void **state)
{
	static const char *const fields[] = { "", " ", "0", "784111777", "Sun",
		"Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49 GMT",
		" Sun, 06 Nov 1994 08:49:37 GMT",
		"Sun, 06 Nov 1994 08:49:37 GMTx",
		"Sun, 06 Nov 1994 08:49:37 UTC",
		"Sun, 06 Nov 1994 08:49:37 gmt",
		"sun, 06 Nov 1994 08:49:37 GMT",
		"Sun, 06 nov 1994 08:49:37 GMT",
		"Son, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 94 08:49:37 GMT",
		"Sun,  6 Nov 1994 08:49:37 GMT", "Sun, 6 Nov 1994 08:49:37 GMT",
		"Sun 06 Nov 1994 08:49:37 GMT", "Sun,06 Nov 1994 08:49:37 GMT",
		"Sun, 06 Nov 1994  08:49:37 GMT",
		"Sun, 06 Nov 1994 8:49:37 GMT",
		"Sun, 06 Nov 1994 08:49:37 +0000",
		"Sun, 06-Nov-1994 08:49:37 GMT",
		"Sun, 06 Nov 1994 08.49.37 GMT",
		"Sun, 06 Nov -994 08:49:37 GMT",
		"Sun, 06 Nov 19940 08:49:37 GMT", "06 Nov 1994 08:49:37 GMT",
		"Sunday, 06-Nov-1994 08:49:37 GMT",
		"Sunday, 06 Nov 94 08:49:37 GMT", "Sun, 06-Nov-94 08:49:37 GMT",
		"Sunday, 31-Nov-94 08:49:37 GMT", "Sun Nov 6 08:49:37 1994",
		"Sun Nov   6 08:49:37 1994", "Sun Nov  6 08:49:37 94",
		"Sun Nov  6 08:49:37 1994 GMT", "Sunday Nov  6 08:49:37 1994",
		"Sun Nov 31 08:49:37 1994", "1994-11-06T08:49:37Z" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(fields); i++) {
		struct parse_case c = { fields[i], NOW, -EINVAL, 0 };

		check_cases(&c, 1);
	}
}

static void ignores_the_time_zone(void **state)
{
	char text[HTTP_DATE_SIZE];
	time_t when = UNTOUCHED;

	(void)state;
	setenv("TZ", "NZST-12NZDT", 1);
	tzset();
	http_date_format(EXAMPLE, text);
	assert_string_equal(text, "Sun, 06 Nov 1994 08:49:37 GMT");
	assert_int_equal(http_date_parse(text, NOW, &when), 0);
	assert_int_equal(when, EXAMPLE);
	unsetenv("TZ");
	tzset();
}

static void formats_iso_dates(void **state)
{
	static const struct {
		time_t when;
		const char *text;
	} rows[] = {
		{ 0, "1970-01-01T00:00:00Z" },
		{ 784111777, "1994-11-06T08:49:37Z" },
		{ 1582979696, "2020-02-29T12:34:56Z" },
		{ -1, "1969-12-31T23:59:59Z" },
		{ INT64_MAX, "9999-12-31T23:59:59Z" },
		{ INT64_MIN, "0000-01-01T00:00:00Z" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		char text[HTTP_DATE_ISO_SIZE];

		http_date_format_iso(rows[i].when, text);
		assert_string_equal(text, rows[i].text);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(formats_dates),
		cmocka_unit_test(agrees_with_gmtime),
		cmocka_unit_test(parses_three_forms),
		cmocka_unit_test(checks_ranges),
		cmocka_unit_test(finds_the_century),
		cmocka_unit_test(refuses_what_is_no_date),
		cmocka_unit_test(ignores_the_time_zone),
		cmocka_unit_test(formats_iso_dates),
	};

	return cmocka_run_group_tests_name("http_date", tests, NULL, NULL);
}
