/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/actions/list/list_form. */
#include "config.h"

#include "fcgi_app/actions/list/list_form.h"

#include <stdio.h>
#include <string.h>

#include "fcgi_app/actions/list/text_out.h"
#include "tests/unit/support/unit.h"

#define FIELD(name, value) \
	"<input type=\"hidden\" name=\"" name "\" value=\"" value "\">"

static char text[16 * LIST_FORM_QUERY_MAX];

static const char *fields(enum list_form form, const char *query)
{
	struct text_out out = { .text = text, .size = sizeof(text) - 1 };

	list_form_put_fields(&out, form, query);
	assert_false(out.overflow);
	text[out.length] = '\0';
	return text;
}

static const char *url_query(enum list_form form, const char *query)
{
	struct text_out out = { .text = text, .size = sizeof(text) - 1 };

	list_form_put_query(&out, form, query);
	assert_false(out.overflow);
	text[out.length] = '\0';
	return text;
}

static void keeps_what_is_not_its_own(void **state)
{
	static const char query[] = "md5=a-_b&sort=size&expires=12&order=desc"
				    "&format=html&f=x&%66=y&sorts=z";

	(void)state;
	assert_string_equal(fields(LIST_FORM_SORT, query),
	    FIELD("md5", "a-_b") FIELD("expires", "12") FIELD("format", "html")
		FIELD("f", "x") FIELD("f", "y") FIELD("sorts", "z"));
	assert_string_equal(fields(LIST_FORM_ARCHIVE, query),
	    FIELD("md5", "a-_b") FIELD("expires", "12") FIELD("sorts", "z"));
	assert_string_equal(url_query(LIST_FORM_ARCHIVE, query),
	    "?md5=a-_b&amp;expires=12&amp;sorts=z");
	assert_string_equal(
	    url_query(LIST_FORM_ARCHIVE, "sort=name&format=zip"), "");
	assert_string_equal(url_query(LIST_FORM_ARCHIVE, NULL), "");
	assert_string_equal(fields(LIST_FORM_SORT, ""), "");
}

/* A browser encodes a field anew; a URL stays byte by byte as it was. */
static void escapes_what_it_keeps(void **state)
{
	static const struct {
		const char *query;
		const char *fields;
		const char *url;
	} rows[] = {
		{ "a=b+c%20d", FIELD("a", "b c d"), "?a=b+c%20d" },
		{ "a=%22%3Ci%3E%26%27", FIELD("a", "&quot;&lt;i&gt;&amp;&#39;"),
		    "?a=%22%3Ci%3E%26%27" },
		{ "\"<i>'=\">'",
		    FIELD("&quot;&lt;i&gt;&#39;", "&quot;&gt;&#39;"),
		    "?%22%3Ci%3E%27=%22%3E%27" },
		{ "a", FIELD("a", ""), "?a" },
		{ "a=&&=b&", FIELD("a", ""), "?a=" },
		{ "s=A~b-_.!$()*,;:@/?=", FIELD("s", "A~b-_.!$()*,;:@/?="),
		    "?s=A~b-_.!$()*,;:@/?=" },
		{ "p=100%", FIELD("p", "100%"), "?p=100%" },
		{ "u=%C3%A4\xc3\xa4", FIELD("u", "\xc3\xa4\xc3\xa4"),
		    "?u=%C3%A4%C3%A4" },
		/* No field can have these. */
		{ "a=%FF&b=%00x&c=%0A&d\t=1&e=2", FIELD("e", "2"),
		    "?a=%FF&amp;b=%00x&amp;c=%0A&amp;d%09=1&amp;e=2" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		assert_string_equal(
		    fields(LIST_FORM_SORT, rows[i].query), rows[i].fields);
		assert_string_equal(
		    url_query(LIST_FORM_SORT, rows[i].query), rows[i].url);
	}
}

static void keeps_no_more_than_fits(void **state)
{
	char query[LIST_FORM_QUERY_MAX + 2];
	char pairs[2 * LIST_FORM_PAIRS_MAX + 2];

	(void)state;
	memset(query, 'x', sizeof(query));
	query[LIST_FORM_QUERY_MAX + 1] = '\0';
	assert_string_equal(list_form_query(query), "");
	query[LIST_FORM_QUERY_MAX] = '\0';
	assert_ptr_equal(list_form_query(query), query);
	for (size_t i = 0; i < sizeof(pairs); i++)
		pairs[i] = i % 2 ? '&' : 'x';
	pairs[2 * LIST_FORM_PAIRS_MAX + 1] = '\0';
	assert_string_equal(list_form_query(pairs), "");
	pairs[2 * LIST_FORM_PAIRS_MAX - 1] = '\0';
	assert_ptr_equal(list_form_query(pairs), pairs);
	assert_string_equal(list_form_query(NULL), "");
}

static void knows_what_a_form_can_send(void **state)
{
	(void)state;
	assert_true(list_form_can_send(""));
	assert_true(list_form_can_send("a b+\"\xc3\xa4"));
	assert_false(list_form_can_send("a\n"));
	assert_false(list_form_can_send("\x7f"));
	assert_false(list_form_can_send("a\xff"));
	assert_false(list_form_can_send("\xc2\x85"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_what_is_not_its_own),
		cmocka_unit_test(escapes_what_it_keeps),
		cmocka_unit_test(keeps_no_more_than_fits),
		cmocka_unit_test(knows_what_a_form_can_send),
	};

	return cmocka_run_group_tests_name("list_form", tests, NULL, NULL);
}
