/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/policy/response_head. */
#include "config.h"

#include "fcgi_app/policy/response_head.h"

#include <errno.h>
#include <string.h>

#include "tests/unit/support/unit.h"

static void check_text(const struct response_head *h, const char *text)
{
	assert_string_equal(h->text, text);
	assert_int_equal(h->length, strlen(text));
}

static void builds_a_head(void **state)
{
	struct response_head h;

	(void)state;
	response_head_init(&h, 206);
	check_text(&h, "Status: 206 Partial Content\r\n");
	response_head_add(&h, "Content-Type", "%s", "video/mp4");
	response_head_add(&h, "Content-Length", "%d", 42);
	response_head_add(&h, "X-Empty", "%s", "");
	assert_int_equal(response_head_finish(&h), 0);
	check_text(&h,
	    "Status: 206 Partial Content\r\n"
	    "Content-Type: video/mp4\r\n"
	    "Content-Length: 42\r\n"
	    "X-Empty: \r\n"
	    "\r\n");
}

static void writes_the_status_line(void **state)
{
	static const struct {
		int status;
		const char *text;
	} cases[] = {
		{ 200, "Status: 200 OK\r\n" },
		{ 404, "Status: 404 Not Found\r\n" },
		{ 100, "Status: 100 Continue\r\n" },
		{ 999, "Status: 999 Unknown\r\n" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct response_head h;

		response_head_init(&h, cases[i].status);
		check_text(&h, cases[i].text);
	}
}

static void redirects_have_their_status_after_location(void **state)
{
	static char long_location[RESPONSE_HEAD_MAX];
	struct response_head h;

	(void)state;
	response_head_init_redirect(&h, 308, "./a/");
	response_head_add(&h, "X-A", "b");
	assert_int_equal(response_head_finish(&h), 0);
	assert_int_equal(h.status, 308);
	check_text(&h,
	    "Location: ./a/\r\n"
	    "Status: 308 Permanent Redirect\r\n"
	    "X-A: b\r\n"
	    "\r\n");

	response_head_init_redirect(&h, 308, "a\r\nX-B: c");
	assert_int_equal(response_head_finish(&h), -EINVAL);
	assert_string_equal(h.bad_field, "Location");
	assert_null(strstr(h.text, "X-B"));

	memset(long_location, 'x', sizeof(long_location) - 1);
	response_head_init_redirect(&h, 308, long_location);
	assert_int_equal(response_head_finish(&h), -ENOSPC);
	/* The longest that leaves room for the Status line, and one more. */
	for (size_t extra = 0; extra < 2; extra++) {
		size_t rest = strlen("Location: \r\n"
				     "Status: 308 Permanent Redirect\r\n\r\n");
		size_t length = RESPONSE_HEAD_LENGTH_MAX - rest + extra;

		long_location[length] = '\0';
		response_head_init_redirect(&h, 308, long_location);
		assert_int_equal(response_head_finish(&h), extra ? -ENOSPC : 0);
		memset(long_location, 'x', sizeof(long_location) - 1);
	}
}

static void takes_good_values(void **state)
{
	static const char *const values[] = { "", " ", "a\tb", "~", "a: b",
		"\"q\"", "caf\xc3\xa9", "\x80\xff" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(values); i++) {
		struct response_head h;

		response_head_init(&h, 200);
		response_head_add(&h, "X-A", "%s", values[i]);
		assert_int_equal(response_head_finish(&h), 0);
		assert_non_null(strstr(h.text, values[i]));
	}
}

static void refuses_control_characters(void **state)
{
	(void)state;
	for (int c = 1; c <= 0x7f; c++) {
		struct response_head h;
		char value[] = { 'a', (char)c, 'b', '\0' };

		if (c == '\t' || (c >= 0x20 && c < 0x7f))
			continue;
		response_head_init(&h, 200);
		response_head_add(&h, "X-A", "%s", value);
		assert_int_equal(response_head_finish(&h), -EINVAL);
		check_text(&h, "Status: 200 OK\r\n");
	}
}

static void refuses_bad_names(void **state)
{
	static const char *const names[] = { "", "X A", "X:", "X\r\nY", "X\t",
		"(X)", "\xc3\xa9" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(names); i++) {
		struct response_head h;

		response_head_init(&h, 200);
		response_head_add(&h, names[i], "%s", "value");
		assert_int_equal(response_head_finish(&h), -EINVAL);
		assert_string_equal(h.bad_field, names[i]);
		check_text(&h, "Status: 200 OK\r\n");
	}
}

static void the_first_error_sticks(void **state)
{
	struct response_head h;

	(void)state;
	response_head_init(&h, 200);
	response_head_add(&h, "X-A", "%s", "good");
	response_head_add(&h, "X-B", "%s", "bad\r\nSet-Cookie: a=b");
	response_head_add(&h, "X-C", "%*s", RESPONSE_HEAD_MAX, "");
	response_head_add(&h, "X-D", "%s", "good");
	assert_int_equal(h.error, -EINVAL);
	assert_string_equal(h.bad_field, "X-B");
	assert_int_equal(response_head_finish(&h), -EINVAL);
	check_text(&h, "Status: 200 OK\r\nX-A: good\r\n");

	/* A new head begins without it. */
	response_head_init(&h, 500);
	assert_int_equal(response_head_finish(&h), 0);
}

/* The value that makes "Status: 200 OK", "X-A" and the empty line the limit. */
#define LONGEST_VALUE                                                    \
	((int)(RESPONSE_HEAD_LENGTH_MAX - strlen("Status: 200 OK\r\n") - \
	    strlen("X-A: \r\n") - strlen("\r\n")))

static void limits_the_length(void **state)
{
	struct response_head h;

	(void)state;
	response_head_init(&h, 200);
	response_head_add(&h, "X-A", "%*s", LONGEST_VALUE, "");
	assert_int_equal(response_head_finish(&h), 0);
	assert_int_equal(h.length, RESPONSE_HEAD_LENGTH_MAX);
	assert_int_equal(strlen(h.text), RESPONSE_HEAD_LENGTH_MAX);

	response_head_init(&h, 200);
	response_head_add(&h, "X-A", "%*s", LONGEST_VALUE + 1, "");
	assert_int_equal(response_head_finish(&h), -ENOSPC);
	check_text(&h, "Status: 200 OK\r\n");
}

/* With no room left at all, the name is what does not fit. */
/* As if it had been formatted, whatever stands in it. */
static void puts_what_add_adds(void **state)
{
	static const char *const names[] = { "X-A", "a b", "" };
	char longest[RESPONSE_HEAD_MAX] = "", longer[RESPONSE_HEAD_MAX] = "";
	const char *const values[] = { "", "v", "50%s%n", "a\tb", "a\nb",
		"\x7f", longest, longer };

	(void)state;
	memset(longest, 'v', LONGEST_VALUE);
	memset(longer, 'v', LONGEST_VALUE + 1);
	for (size_t i = 0; i < ARRAY_LENGTH(names) * ARRAY_LENGTH(values);
	     i++) {
		const char *name = names[i / ARRAY_LENGTH(values)];
		const char *value = values[i % ARRAY_LENGTH(values)];
		struct response_head added, put;

		response_head_init(&added, 200);
		response_head_init(&put, 200);
		response_head_add(&added, name, "%s", value);
		response_head_put(&put, name, value);
		assert_int_equal(put.error, added.error);
		assert_int_equal(put.length, added.length);
		assert_string_equal(put.text, added.text);
		response_head_put(&put, "X-B", "b");
		response_head_add(&added, "X-B", "b");
		assert_int_equal(put.error, added.error);
		assert_string_equal(put.text, added.text);
	}
}

static void limits_the_next_line_too(void **state)
{
	struct response_head h;
	size_t length;

	(void)state;
	response_head_init(&h, 200);
	response_head_add(&h, "X-A", "%*s", LONGEST_VALUE, "");
	length = h.length;
	response_head_add(&h, "X", "%s", "");
	assert_int_equal(h.error, -ENOSPC);
	assert_int_equal(h.length, length);
	assert_int_equal(strlen(h.text), length);
}

static void survives_huge_values(void **state)
{
	static const int widths[] = { RESPONSE_HEAD_MAX - 20, RESPONSE_HEAD_MAX,
		RESPONSE_HEAD_MAX + 1, 1000000 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(widths); i++) {
		struct response_head h;

		response_head_init(&h, 200);
		response_head_add(&h, "X-A", "%*s", widths[i], "");
		assert_int_equal(response_head_finish(&h), -ENOSPC);
		check_text(&h, "Status: 200 OK\r\n");
	}
}

static void finds_whole_names(void **state)
{
	struct response_head h;

	(void)state;
	response_head_init(&h, 200);
	response_head_put(&h, "X-Ab", "X-C: d");
	assert_true(response_head_has(&h, "Status"));
	assert_true(response_head_has(&h, "X-Ab"));
	assert_false(response_head_has(&h, "X-A"));
	assert_false(response_head_has(&h, "X-Abc"));
	assert_false(response_head_has(&h, "X-C"));
	assert_false(response_head_has(&h, "Ab"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(builds_a_head),
		cmocka_unit_test(writes_the_status_line),
		cmocka_unit_test(redirects_have_their_status_after_location),
		cmocka_unit_test(takes_good_values),
		cmocka_unit_test(refuses_control_characters),
		cmocka_unit_test(refuses_bad_names),
		cmocka_unit_test(puts_what_add_adds),
		cmocka_unit_test(the_first_error_sticks),
		cmocka_unit_test(limits_the_length),
		cmocka_unit_test(limits_the_next_line_too),
		cmocka_unit_test(survives_huge_values),
		cmocka_unit_test(finds_whole_names),
	};

	return cmocka_run_group_tests_name("response_head", tests, NULL, NULL);
}
