/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/policy/redirect. */
#include "config.h"

#include "fcgi_app/policy/redirect.h"

#include <errno.h>
#include <string.h>

#include "tests/unit/support/unit.h"

/* A path that no row's URI has. */
#define UNUSED "/unused/path"
#define LOOP ""

struct row {
	const char *request_uri;
	const char *path;
	const char *expected; /* LOOP: -ELOOP */
};

static void check(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char buf[REDIRECT_MAX] = LOOP;
		int err = redirect_to_folder(
		    rows[i].request_uri, rows[i].path, buf, sizeof(buf));
		int expected = strcmp(rows[i].expected, LOOP) ? 0 : -ELOOP;

		if (err != expected || strcmp(buf, rows[i].expected) != 0)
			fail_msg("row %zu (%s): %d, %s", i,
			    rows[i].request_uri ? rows[i].request_uri : "-",
			    err, buf);
	}
}

#define CHECK(rows) check(rows, ARRAY_LENGTH(rows))

static void last_segments(void **state)
{
	static const struct row rows[] = {
		{ "/a", UNUSED, "./a/" },
		{ "/a/b", UNUSED, "./b/" },
		{ "//a//b", UNUSED, "./b/" },
		{ "//evil.test", UNUSED, "./evil.test/" },
		{ "/http://evil.test", UNUSED, "./evil.test/" },
		{ "/javascript:x", UNUSED, "./javascript:x/" },
		{ "/a?b", UNUSED, "./a/?b" },
		{ "/a?", UNUSED, "./a/?" },
		{ "/a?b/c?d=//e/", UNUSED, "./a/?b/c?d=//e/" },
		{ "/a#b", UNUSED, "./a/" },
		{ "/a#b?c", UNUSED, "./a/" },
		{ "/a?b#c", UNUSED, "./a/?b" },
		{ "/...", UNUSED, "./.../" },
		{ "/.a", UNUSED, "./.a/" },
		{ "/..a", UNUSED, "./..a/" },
		{ "/%2e%2e%2e", UNUSED, "./%2e%2e%2e/" },
	};

	(void)state;
	CHECK(rows);
}

static void absolute_form(void **state)
{
	static const struct row rows[] = {
		{ "http://h.test/a/b?c", UNUSED, "./b/?c" },
		{ "HTTPS://u@h.test:8443/a", UNUSED, "./a/" },
		{ "a+b-c.9://h/a", UNUSED, "./a/" },
		{ "http://[::1]/a", UNUSED, "./a/" },
		{ "http:///a", UNUSED, "./a/" },
		{ "http://h.test", UNUSED, LOOP },
		{ "http://h.test/", UNUSED, LOOP },
		{ "http://h.test?a/b", UNUSED, LOOP },
		{ "http://h.test#/a", UNUSED, LOOP },
	};

	(void)state;
	CHECK(rows);
}

static void path_instead(void **state)
{
	static const struct row rows[] = {
		{ NULL, "/a/b", "./b/" },
		{ "", "/a/b", "./b/" },
		{ "*", "/a/b", "./b/" },
		{ "a/x", "/a/b", "./b/" },
		{ "h.test:443", "/a/b", "./b/" },
		{ "http:/x", "/a/b", "./b/" },
		{ "http:x", "/a/b", "./b/" },
		{ "://h/x", "/a/b", "./b/" },
		{ "9a://h/x", "/a/b", "./b/" },
		{ "?x", "/a/b", "./b/" },
		{ "\n/x", "/a/b", "./b/" },
		{ NULL, "a", "./a/" },
		{ NULL, "/a?b#c", "./a%3Fb%23c/" },
		{ NULL, "/100%", "./100%25/" },
		/* It is decoded: what looks like an escape is none. */
		{ NULL, "/a%2Fb", "./a%252Fb/" },
		{ NULL, "/%2e%2e", "./%252e%252e/" },
		{ NULL, "", LOOP },
		{ NULL, "/", LOOP },
		{ NULL, "/a/", LOOP },
		{ NULL, "/a/.", LOOP },
		{ NULL, "/a/..", LOOP },
	};

	(void)state;
	CHECK(rows);
}

static void names_a_folder_already(void **state)
{
	static const struct row rows[] = {
		{ "/", UNUSED, LOOP },
		{ "/a/", UNUSED, LOOP },
		{ "/a//", UNUSED, LOOP },
		{ "/a/?b", UNUSED, LOOP },
		{ "/a/#b", UNUSED, LOOP },
		{ "/?b", UNUSED, LOOP },
		/* A client takes these out before it asks. */
		{ "/a/.", UNUSED, LOOP },
		{ "/a/..", UNUSED, LOOP },
		{ "/a/%2e", UNUSED, LOOP },
		{ "/a/%2E%2e?b", UNUSED, LOOP },
		{ "/a/.%2e", UNUSED, LOOP },
		{ "/a/%2e.", UNUSED, LOOP },
	};

	(void)state;
	CHECK(rows);
}

static void only_legal_characters(void **state)
{
	static const struct row rows[] = {
		/* What is legal stays, escapes included. */
		{ "/-._~!$&'()*+,;=:@%2f%E2%82%aC", UNUSED,
		    "./-._~!$&'()*+,;=:@%2f%E2%82%aC/" },
		{ "/a?-._~!$&'()*+,;=:@/?%20", UNUSED,
		    "./a/?-._~!$&'()*+,;=:@/?%20" },
		{ "/%", UNUSED, "./%25/" },
		{ "/%4", UNUSED, "./%254/" },
		{ "/%zz%%41", UNUSED, "./%25zz%25%41/" },
		{ "/%4?1", UNUSED, "./%254/?1" },
		{ "/a?%4#1", UNUSED, "./a/?%254" },
		{ "/a\r\nSet-Cookie: b", UNUSED, "./a%0D%0ASet-Cookie:%20b/" },
		{ "/a?\r\nb: c", UNUSED, "./a/?%0D%0Ab:%20c" },
		{ "/\t", UNUSED, "./%09/" },
		{ "/a\\b", UNUSED, "./a%5Cb/" },
		{ "/\\\\evil.test", UNUSED, "./%5C%5Cevil.test/" },
		{ "/\"<>[]^`{|}\x7f", UNUSED,
		    "./%22%3C%3E%5B%5D%5E%60%7B%7C%7D%7F/" },
		{ "/a?\"<>[]\\^`{|}", UNUSED,
		    "./a/?%22%3C%3E%5B%5D%5C%5E%60%7B%7C%7D" },
		{ "/\xc3\xa4", UNUSED, "./%C3%A4/" },
		{ NULL, "/\xc3\xa4 \n\\\"'", "./%C3%A4%20%0A%5C%22'/" },
	};

	(void)state;
	CHECK(rows);
}

static void room(void **state)
{
	char buf[10] = "before";

	(void)state;
	assert_int_equal(redirect_to_folder("/ab?c", UNUSED, buf, 7), -ENOSPC);
	assert_int_equal(redirect_to_folder("/ab?c", UNUSED, buf, 0), -ENOSPC);
	assert_string_equal(buf, "before");
	assert_int_equal(redirect_to_folder("/ab?c", UNUSED, buf, 8), 0);
	assert_string_equal(buf, "./ab/?c");
}

/* Redirect "/xxx..." with a segment of the given length. */
static int redirect_long(size_t length, char *buf, size_t n)
{
	char uri[2 * REDIRECT_MAX] = "/";

	memset(uri + 1, 'x', length);
	return redirect_to_folder(uri, UNUSED, buf, n);
}

static void limits_the_length(void **state)
{
	char buf[2 * REDIRECT_MAX] = "before";

	(void)state;
	/* The rest are "./", "/" and the NUL. */
	assert_int_equal(
	    redirect_long(REDIRECT_MAX - 3, buf, sizeof(buf)), -ENOSPC);
	/* After what doesn't fit nothing is added, even if it fits. */
	assert_int_equal(redirect_to_folder(NULL, "/\n", buf, 4), -ENOSPC);
	assert_string_equal(buf, "before");
	assert_int_equal(redirect_long(REDIRECT_MAX - 4, buf, REDIRECT_MAX), 0);
	assert_int_equal(strlen(buf), REDIRECT_MAX - 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(last_segments),
		cmocka_unit_test(absolute_form),
		cmocka_unit_test(path_instead),
		cmocka_unit_test(names_a_folder_already),
		cmocka_unit_test(only_legal_characters),
		cmocka_unit_test(room),
		cmocka_unit_test(limits_the_length),
	};

	return cmocka_run_group_tests_name("redirect", tests, NULL, NULL);
}
