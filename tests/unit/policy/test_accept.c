/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/policy/accept, by RFC 9110, 12.5.1. */
#include "config.h"

#include "fcgi_app/policy/accept.h"

#include "tests/unit/support/unit.h"

#define HTML "text/html"
#define JSON "application/json"

struct row {
	const char *accept;
	int html;
	int json;
};

static void check(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		enum accept_fit fit;
		int html = accept_weight(rows[i].accept, HTML, &fit);
		int json = accept_weight(rows[i].accept, JSON, &fit);

		if (html != rows[i].html || json != rows[i].json)
			fail_msg(
			    "%s: html %d, json %d", rows[i].accept, html, json);
	}
}

#define CHECK(rows) check(rows, ARRAY_LENGTH(rows))

static void weights(void **state)
{
	static const struct row rows[] = {
		{ NULL, 1000, 1000 },
		{ "", 1000, 1000 },
		{ " , ", 1000, 1000 },
		{ "*/*", 1000, 1000 },
		{ "text/html", 1000, 0 },
		{ "Application/JSON", 0, 1000 },
		{ "text/html;q=0.5, application/json;q=0.75", 500, 750 },
		{ "application/json;q=0", 0, 0 },
		{ "text/html,application/xhtml+xml,application/xml;q=0.9,"
		  "image/avif,*/*;q=0.8",
		    1000, 800 },
		{ "application/json , text/plain\t;\tq=0.001,*/*", 1000, 1000 },
		{ "image/png", 0, 0 },
		{ "text/htm, text/html5, ext/html", 0, 0 },
	};

	(void)state;
	CHECK(rows);
}

static void the_most_specific_counts(void **state)
{
	static const struct row rows[] = {
		{ "*/*;q=0.1, text/*;q=0.2, text/html;q=0.3", 300, 100 },
		{ "text/html;q=0.3, text/*;q=0.2, */*;q=0.1", 300, 100 },
		{ "application/*;q=0.2, */*", 1000, 200 },
		{ "text/html;q=0, */*", 0, 1000 },
		/* Of equals the first. */
		{ "text/html;q=0.3, text/html", 300, 0 },
		/* RFC 9110's own example, with our types. */
		{ "text/*;q=0.3, text/html;q=0.7, text/html;level=1, "
		  "text/html;level=2;q=0.4, */*;q=0.5",
		    700, 500 },
		{ "application/json;charset=utf-8", 0, 1000 },
		{ "application/json;v=1;q=0.2, */*;q=0.9", 900, 200 },
		/* An asterisk is no other part of a type. */
		{ "text/h*, */html, *", 0, 0 },
	};

	(void)state;
	CHECK(rows);
}

static void malformed_elements(void **state)
{
	static const struct row rows[] = {
		{ "text/html;q=2, application/json", 0, 1000 },
		{ "text/html;q=, application/json", 0, 1000 },
		{ "text/html q=1, application/json", 0, 1000 },
		{ "text/html;a=, application/json", 0, 1000 },
		{ "text/html;=a, application/json", 0, 1000 },
		{ "text/, /html, application/json", 0, 1000 },
		{ "text /html, application/json", 0, 1000 },
		/* An empty parameter is none. */
		{ "text/html;, application/json; ;q=0.5", 1000, 500 },
		/* If all are, it is as if there were no field. */
		{ "text/html;q=x", 1000, 1000 },
	};

	(void)state;
	CHECK(rows);
}

static void quoted_strings(void **state)
{
	static const struct row rows[] = {
		{ "text/html;a=\"b, c;q=0\";q=0.5, application/json;q=0.2", 500,
		    200 },
		{ "a/b;c=\"text/html, \\\"application/json\\\\\"", 0, 0 },
		{ "text/html, a/b;c=\"application/json", 1000, 0 },
		{ "a/b;c=\"d\\", 1000, 1000 },
	};

	(void)state;
	CHECK(rows);
}

static void names_types(void **state)
{
	static const struct {
		const char *accept;
		bool named;
	} rows[] = {
		{ NULL, false },
		{ "*/*, text/*", false },
		{ "text/html", true },
		{ "*/*;q=0, Text/HTML;level=1;q=0.1", true },
		{ "text/html;q=0, */*", false },
		{ "text/html;q=2", false },
		{ "text/htmls", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
		if (accept_names(rows[i].accept, "text/html") != rows[i].named)
			fail_msg("row %zu", i);
}

static void how_it_is_named(void **state)
{
	static const struct {
		const char *accept;
		enum accept_fit fit;
	} rows[] = {
		{ NULL, ACCEPT_ANY },
		{ "text/html;q=x", ACCEPT_ANY },
		{ "image/png", ACCEPT_NOT },
		{ "image/png, */*;q=0.1", ACCEPT_ANY },
		{ "*/*, text/*;q=0", ACCEPT_TYPE },
		{ "text/*, text/html;level=1, */*", ACCEPT_EXACT },
		{ "text/html", ACCEPT_EXACT },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		enum accept_fit fit;

		accept_weight(rows[i].accept, HTML, &fit);
		if (fit != rows[i].fit)
			fail_msg("%s: fit %d", rows[i].accept, (int)fit);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(weights),
		cmocka_unit_test(the_most_specific_counts),
		cmocka_unit_test(malformed_elements),
		cmocka_unit_test(quoted_strings),
		cmocka_unit_test(names_types),
		cmocka_unit_test(how_it_is_named),
	};

	return cmocka_run_group_tests_name("accept", tests, NULL, NULL);
}
