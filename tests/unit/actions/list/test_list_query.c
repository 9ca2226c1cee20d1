/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/actions/list/list_query. */
#include "config.h"

#include "fcgi_app/actions/list/list_query.h"

#include <errno.h>

#include "tests/unit/support/unit.h"

static void understands_queries(void **state)
{
	static const struct {
		const char *text;
		struct list_query query;
	} rows[] = {
		{ NULL, { 0 } },
		{ "", { 0 } },
		{ "&&", { 0 } },
		{ "x", { 0 } },
		{ "format2=json&xsort=size&or=desc", { 0 } },
		{ "format=html", { .format = LIST_FORMAT_HTML } },
		{ "format=json", { .format = LIST_FORMAT_JSON } },
		{ "sort=name&order=asc", { 0 } },
		{ "sort=size", { .sort = LIST_SORT_SIZE } },
		{ "order=desc&v=1&sort=time",
		    { .sort = LIST_SORT_TIME, .descending = true } },
		{ "&sort=size&&order=desc&format=json&",
		    { LIST_FORMAT_JSON, LIST_SORT_SIZE, true } },
		/* The first counts. */
		{ "sort=size&sort=time&order=asc&order=desc",
		    { .sort = LIST_SORT_SIZE } },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		struct list_query query;

		assert_int_equal(list_query_parse(rows[i].text, &query), 0);
		assert_int_equal(query.format, rows[i].query.format);
		assert_int_equal(query.sort, rows[i].query.sort);
		assert_int_equal(query.descending, rows[i].query.descending);
	}
}

static void refuses_other_values(void **state)
{
	static const char *const rows[] = {
		"format",
		"format=",
		"format=xml",
		"format=JSON",
		"format=json%20",
		"format=name",
		"sort=asc",
		"sort=names",
		"sort=nam",
		"order=size",
		"x=y&order=",
		"sort=name&sort=x",
		"sort==name",
	};
	struct list_query query = { .descending = true };

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
		if (list_query_parse(rows[i], &query) != -EINVAL)
			fail_msg("%s", rows[i]);
	assert_true(query.descending);
}

static void formats(void **state)
{
	const struct list_query any = { 0 };
	const struct list_query json = { .format = LIST_FORMAT_JSON };
	const struct list_query html = { .format = LIST_FORMAT_HTML };

	(void)state;
	assert_int_equal(list_query_format(&any, NULL), LIST_FORMAT_HTML);
	assert_int_equal(list_query_format(&any, "*/*"), LIST_FORMAT_HTML);
	assert_int_equal(
	    list_query_format(&any, "text/html, */*;q=0.8"), LIST_FORMAT_HTML);
	assert_int_equal(
	    list_query_format(&any, "application/json"), LIST_FORMAT_JSON);
	assert_int_equal(
	    list_query_format(&any, "text/html;q=0.4, application/*;q=0.5"),
	    LIST_FORMAT_JSON);
	assert_int_equal(
	    list_query_format(&any, "image/png"), LIST_FORMAT_HTML);
	/* Of equal weight what is named more precisely. */
	assert_int_equal(
	    list_query_format(&any, "application/json, text/plain, */*"),
	    LIST_FORMAT_JSON);
	assert_int_equal(list_query_format(&any, "text/*, application/json"),
	    LIST_FORMAT_JSON);
	assert_int_equal(list_query_format(&any, "text/html, application/*"),
	    LIST_FORMAT_HTML);
	assert_int_equal(
	    list_query_format(&any, "application/json, text/html;level=1"),
	    LIST_FORMAT_HTML);
	assert_int_equal(list_query_format(&any, "application/json;q=0, */*"),
	    LIST_FORMAT_HTML);
	assert_int_equal(
	    list_query_format(&any, "application/json;q=0"), LIST_FORMAT_HTML);
	assert_int_equal(
	    list_query_format(&json, "text/html"), LIST_FORMAT_JSON);
	assert_int_equal(
	    list_query_format(&html, "application/json"), LIST_FORMAT_HTML);
}

static void words(void **state)
{
	(void)state;
	assert_string_equal(list_query_sort_name(LIST_SORT_NAME), "name");
	assert_string_equal(list_query_sort_name(LIST_SORT_SIZE), "size");
	assert_string_equal(list_query_sort_name(LIST_SORT_TIME), "time");
	assert_string_equal(list_query_order_name(false), "asc");
	assert_string_equal(list_query_order_name(true), "desc");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(understands_queries),
		cmocka_unit_test(refuses_other_values),
		cmocka_unit_test(formats),
		cmocka_unit_test(words),
	};

	return cmocka_run_group_tests_name("list_query", tests, NULL, NULL);
}
