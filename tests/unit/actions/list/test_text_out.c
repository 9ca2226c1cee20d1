/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/actions/list/text_out. */
#include "config.h"

#include "fcgi_app/actions/list/text_out.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/support/unit.h"

typedef void put_fn(struct text_out *out, const char *name);

static void put_query(struct text_out *out, const char *text)
{
	text_out_query(out, text, strlen(text));
}

static void put_url(struct text_out *out, const char *name)
{
	text_out_url(out, name, strlen(name));
}

static void check(put_fn *put, const char *name, const char *expected)
{
	char text[128] = "";
	struct text_out out = { .text = text, .size = sizeof(text) - 1 };

	put(&out, name);
	assert_false(out.overflow);
	assert_string_equal(text, expected);
	assert_int_equal(out.length, strlen(expected));
}

static void html(void **state)
{
	(void)state;
	check(text_out_html, "", "");
	check(text_out_html, "a b.txt", "a b.txt");
	check(text_out_html, "<b>&\"x'", "&lt;b&gt;&amp;&quot;x&#39;");
	check(text_out_html, "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80",
	    "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80");
	check(text_out_html, "\xff\xc3z", "\xef\xbf\xbd\xef\xbf\xbdz");
	/* Pictures of control characters; C1 has none. */
	check(text_out_html, "a\nb\x01\x1f\x7f",
	    "a\xe2\x90\x8a"
	    "b\xe2\x90\x81\xe2\x90\x9f\xe2\x90\xa1");
	check(text_out_html, "\xc2\x85", "\xef\xbf\xbd");
}

static void json(void **state)
{
	(void)state;
	check(text_out_json, "a b", "a b");
	check(text_out_json, "\"\\/<", "\\\"\\\\/<");
	check(text_out_json, "\n\x01\x1f\x7f", "\\u000a\\u0001\\u001f\x7f");
	check(text_out_json, "\xc3\xa4\xff", "\xc3\xa4\xef\xbf\xbd");
}

static void urls(void **state)
{
	(void)state;
	check(put_url, "azAZ09-._~/x", "azAZ09-._~/x");
	check(put_url, " \"#%&'+:;<=>?@[]",
	    "%20%22%23%25%26%27%2B%3A%3B%3C%3D"
	    "%3E%3F%40%5B%5D");
	check(put_url, "\n\xff\xc3\xa4", "%0A%FF%C3%A4");
	/* What is encoded already stays as it is. */
	check(put_query, "a-._~!$()*+,;=:@/?%4A", "a-._~!$()*+,;=:@/?%4A");
	check(
	    put_query, " \"#<>'[]&\n\xff", "%20%22%23%3C%3E%27%5B%5D%26%0A%FF");
}

static void what_does_not_fit(void **state)
{
	char text[8];
	struct text_out out = { .text = text, .size = sizeof(text) };

	(void)state;
	text_out_put(&out, "1234567");
	assert_int_equal(text_out_room(&out), 1);
	assert_false(out.overflow);
	text_out_put(&out, "89");
	assert_true(out.overflow);
	assert_int_equal(out.length, 7);
	/* Nothing follows a gap. */
	text_out_put(&out, "8");
	assert_int_equal(out.length, 7);
}

static void an_escape_is_not_cut(void **state)
{
	char text[8];
	struct text_out out = { .text = text, .size = sizeof(text) };

	(void)state;
	text_out_html(&out, "a&&");
	assert_true(out.overflow);
	assert_memory_equal(text, "a&amp;", out.length);
}

static void formats(void **state)
{
	char text[512], expected[300];
	struct text_out out = { .text = text, .size = sizeof(text) };

	(void)state;
	memset(expected, 'x', sizeof(expected));
	text_out_format(&out, "%d-%s", 12, "ab");
	assert_memory_equal(text, "12-ab", 5);
	text_out_format(&out, "%.255s", expected);
	assert_false(out.overflow);
	assert_int_equal(out.length, 260);
	text_out_format(&out, "%.256s", expected);
	assert_true(out.overflow);
	assert_int_equal(out.length, 260);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(html),
		cmocka_unit_test(json),
		cmocka_unit_test(urls),
		cmocka_unit_test(what_does_not_fit),
		cmocka_unit_test(an_escape_is_not_cut),
		cmocka_unit_test(formats),
	};

	return cmocka_run_group_tests_name("text_out", tests, NULL, NULL);
}
