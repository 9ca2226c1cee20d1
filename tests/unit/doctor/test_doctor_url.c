/* SPDX-License-Identifier: MIT */
/* Unit tests of doctor/doctor_url. */
#include "config.h"

#include "doctor/doctor_url.h"

#include <errno.h>
#include <string.h>

#include "tests/unit/support/unit.h"

static void makes_a_base(void **state)
{
	static const struct {
		const char *url;
		const char *base;
	} cases[] = {
		{ "http://host", "http://host/" },
		{ "http://host/", "http://host/" },
		{ "https://host:8443/a/b", "https://host:8443/a/b/" },
		{ "HTTP://[::1]:80/a/", "HTTP://[::1]:80/a/" },
		{ "http://host/a?b=c", "http://host/a/" },
		{ "http://host?b", "http://host/" },
		{ "http://host/a/#b", "http://host/a/" },
		{ "http://host/%20/", "http://host/%20/" },
	};
	char base[DOCTOR_URL_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		assert_int_equal(doctor_url_base(cases[i].url, base), 0);
		assert_string_equal(base, cases[i].base);
	}
}

static void refuses_other_addresses(void **state)
{
	static const char *const cases[] = {
		"",
		"host",
		"host:80/",
		"/a",
		"http:",
		"http:/host",
		"http://",
		"http:///a",
		"http://?a",
		"ftp://host/",
		"file:///etc/",
		" http://host/",
		"http://host/a b",
		"http://host/a\n",
		"http://host/a\x7f",
	};
	char base[DOCTOR_URL_MAX] = "before";

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
		if (doctor_url_base(cases[i], base) != -EINVAL)
			fail_msg("%s", cases[i]);
	assert_string_equal(base, "before");
}

/* An address of `length` bytes, ending with the text. */
static const char *long_url(char *url, size_t length, const char *end)
{
	memset(url, 'a', length);
	memcpy(url, "http://h/", 9);
	strcpy(url + length - strlen(end), end);
	return url;
}

static void keeps_its_limit(void **state)
{
	char url[DOCTOR_URL_MAX + 16];
	char base[DOCTOR_URL_MAX];

	(void)state;
	assert_int_equal(
	    doctor_url_base(long_url(url, DOCTOR_URL_MAX - 1, "/"), base), 0);
	assert_int_equal(strlen(base), DOCTOR_URL_MAX - 1);
	assert_int_equal(
	    doctor_url_base(long_url(url, DOCTOR_URL_MAX, "/"), base), -ENOSPC);
	/* One for the slash that is added */
	assert_int_equal(
	    doctor_url_base(long_url(url, DOCTOR_URL_MAX - 2, "a"), base), 0);
	assert_int_equal(strlen(base), DOCTOR_URL_MAX - 1);
	assert_int_equal(
	    doctor_url_base(long_url(url, DOCTOR_URL_MAX - 1, "a"), base),
	    -ENOSPC);
	assert_int_equal(
	    doctor_url_base(
		long_url(url, DOCTOR_URL_MAX + 8, "/?23456789"), base),
	    0);
}

#define END "/.fcgi-stream-probe"

static void judges_a_path(void **state)
{
	static const struct {
		const char *sent;
		const char *path;
		enum doctor_path judgement;
	} cases[] = {
		{ "a%20b", "/a b" END, DOCTOR_PATH_ONCE },
		{ "a%20b", "/x/y/a b" END, DOCTOR_PATH_ONCE },
		{ "a%20b", "/a%20b" END, DOCTOR_PATH_ENCODED },
		{ "a%20b", "/a+b" END, DOCTOR_PATH_OTHER },
		{ "a%20b", "/xa b" END, DOCTOR_PATH_OTHER },
		{ "a%20b", "/a b", DOCTOR_PATH_OTHER },
		{ "a%20b", "/a b" END "/", DOCTOR_PATH_OTHER },
		{ "a%20b", "", DOCTOR_PATH_OTHER },
		{ "a+b%2Bc", "/a+b+c" END, DOCTOR_PATH_ONCE },
		{ "a+b%2Bc", "/a b+c" END, DOCTOR_PATH_OTHER },
		{ "a%25b%252Fc", "/a%b%2Fc" END, DOCTOR_PATH_ONCE },
		{ "a%25b%252Fc", "/a%25b%252Fc" END, DOCTOR_PATH_ENCODED },
		/* %b is no escape, as b%2 are not two digits */
		{ "a%25b%252Fc", "/a%b/c" END, DOCTOR_PATH_TWICE },
		{ "%C3%A9", "/\xc3\xa9" END, DOCTOR_PATH_ONCE },
		{ "%c3%a9", "/\xc3\xa9" END, DOCTOR_PATH_ONCE },
		{ "a%2Fb", "/a/b" END, DOCTOR_PATH_ONCE },
		{ "plain", "/plain" END, DOCTOR_PATH_ONCE },
		{ "a%", "/a%" END, DOCTOR_PATH_ONCE },
		{ "a%2", "/a%2" END, DOCTOR_PATH_ONCE },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		enum doctor_path judgement =
		    doctor_path_judge(cases[i].sent, cases[i].path);

		if (judgement != cases[i].judgement)
			fail_msg("%s, %s: %d", cases[i].sent, cases[i].path,
			    (int)judgement);
	}
}

static void takes_the_longest_component(void **state)
{
	char sent[256], path[300] = "/";

	(void)state;
	memset(sent, 'x', 255);
	sent[255] = '\0';
	strcat(strcat(path, sent), END);
	assert_int_equal(doctor_path_judge(sent, path), DOCTOR_PATH_ONCE);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(makes_a_base),
		cmocka_unit_test(refuses_other_addresses),
		cmocka_unit_test(keeps_its_limit),
		cmocka_unit_test(judges_a_path),
		cmocka_unit_test(takes_the_longest_component),
	};

	return cmocka_run_group_tests_name("doctor_url", tests, NULL, NULL);
}
