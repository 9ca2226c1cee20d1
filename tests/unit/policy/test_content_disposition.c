/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/policy/content_disposition. */
#include "config.h"

#include "fcgi_app/policy/content_disposition.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/support/unit.h"

#define NAME_MAX_LENGTH CONTENT_DISPOSITION_NAME_MAX
/* Room for more than there should be. */
#define EXPECTED_SIZE (4 * CONTENT_DISPOSITION_MAX)
#define U_E_ACUTE "\xc3\xa9"

struct row {
	const char *filename;
	const char *expected; /* after "attachment" */
};

static void check(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char buf[CONTENT_DISPOSITION_MAX];
		char expected[EXPECTED_SIZE];
		int err = content_disposition_format(
		    "attachment", rows[i].filename, buf, sizeof(buf));

		snprintf(expected, sizeof(expected), "attachment%s",
		    rows[i].expected);
		if (err || strcmp(buf, expected) != 0)
			fail_msg("row %zu: %d, %s", i, err, buf);
	}
}

#define CHECK(rows) check(rows, ARRAY_LENGTH(rows))

static void types(void **state)
{
	char buf[CONTENT_DISPOSITION_MAX] = "before";

	(void)state;
	assert_int_equal(
	    content_disposition_format("INLINE", "a.txt", buf, sizeof(buf)), 0);
	assert_string_equal(buf, "inline; filename=\"a.txt\"");
	assert_int_equal(
	    content_disposition_format("Attachment", NULL, buf, sizeof(buf)),
	    0);
	assert_string_equal(buf, "attachment");
	strcpy(buf, "before");
	assert_int_equal(
	    content_disposition_format("", "a", buf, sizeof(buf)), -EINVAL);
	assert_int_equal(
	    content_disposition_format("inline ", "a", buf, sizeof(buf)),
	    -EINVAL);
	assert_int_equal(
	    content_disposition_format("form-data", "a", buf, sizeof(buf)),
	    -EINVAL);
	assert_string_equal(buf, "before");
}

static void plain_names(void **state)
{
	static const struct row rows[] = {
		{ NULL, "" },
		{ "", "" },
		{ "a.iso", "; filename=\"a.iso\"" },
		{ "a b;c=d,e'f.txt", "; filename=\"a b;c=d,e'f.txt\"" },
		{ " !#$&()*+-:<>?@[]^_`{|}~",
		    "; filename=\" !#$&()*+-:<>?@[]^_`{|}~\"" },
		{ "100%", "; filename=\"100%\"" },
		{ "5%4", "; filename=\"5%4\"" },
		{ "5% 41%4g%g4", "; filename=\"5% 41%4g%g4\"" },
		{ ".profile", "; filename=\".profile\"" },
		{ "...", "; filename=\"...\"" },
	};

	(void)state;
	CHECK(rows);
}

/* Neither parameter has what a client could take for folders or line ends. */
static void replaced_in_both(void **state)
{
	static const struct row rows[] = {
		{ "../a/b\\c", "; filename=\".._a_b_c\"" },
		{ "/", "; filename=\"_\"" },
		{ ".", "; filename=\"_\"" },
		{ "..", "; filename=\"__\"" },
		{ "a\r\nSet-Cookie: b", "; filename=\"a__Set-Cookie: b\"" },
		{ "\x01\t\x1f\x7f", "; filename=\"____\"" },
		/* U+0080 and U+009F */
		{ "a\xc2\x80\xc2\x9f", "; filename=\"a__\"" },
		{ "/" U_E_ACUTE "\\\n",
		    "; filename=\"____\"; filename*=UTF-8''_%C3%A9__" },
	};

	(void)state;
	CHECK(rows);
}

static void extended_names(void **state)
{
	static const struct row rows[] = {
		/* One for each character, not for each byte. */
		{ "na\xc3\xafve \xe2\x82\xac.txt",
		    "; filename=\"na_ve _.txt\"; "
		    "filename*=UTF-8''na%C3%AFve%20%E2%82%AC.txt" },
		{ "\xf0\x9f\x8e\xac",
		    "; filename=\"_\"; filename*=UTF-8''%F0%9F%8E%AC" },
		{ "say \"a\"",
		    "; filename=\"say _a_\"; "
		    "filename*=UTF-8''say%20%22a%22" },
		/* RFC 6266, appendix D */
		{ "a%41%fF%4",
		    "; filename=\"a_41_fF%4\"; "
		    "filename*=UTF-8''a%2541%25fF%254" },
		{ "%%41", "; filename=\"%_41\"; filename*=UTF-8''%25%2541" },
		/* All of attr-char, and what is not. */
		{ "\"!#$&+-.^_`|~09AZaz",
		    "; filename=\"_!#$&+-.^_`|~09AZaz\"; "
		    "filename*=UTF-8''%22!#$&+-.^_`|~09AZaz" },
		{ "\" %'()*,/:;<=>?@[]{}",
		    "; filename=\"_ %'()*,_:;<=>?@[]{}\"; "
		    "filename*=UTF-8''%22%20%25%27%28%29%2A%2C_%3A%3B%3C%3D%3E"
		    "%3F%40%5B%5D%7B%7D" },
	};

	(void)state;
	CHECK(rows);
}

#define REPLACED(plain, extended) \
	"; filename=\"" plain "\"; filename*=UTF-8''" extended
#define FFFD "%EF%BF%BD"

static void invalid_utf8(void **state)
{
	static const struct row rows[] = {
		{ "caf\xe9.txt", REPLACED("caf_.txt", "caf" FFFD ".txt") },
		{ "\x80", REPLACED("_", FFFD) },
		{ "\xff", REPLACED("_", FFFD) },
		{ "\xc3", REPLACED("_", FFFD) },
		{ "\xc3/", REPLACED("__", FFFD "_") },
		/* Overlong slashes, surrogates, beyond U+10FFFF */
		{ "\xc0\xaf", REPLACED("__", FFFD FFFD) },
		{ "\xc1\xbf", REPLACED("__", FFFD FFFD) },
		{ "\xe0\x9f\xbf", REPLACED("___", FFFD FFFD FFFD) },
		{ "\xed\xa0\x80", REPLACED("___", FFFD FFFD FFFD) },
		{ "\xf0\x8f\xbf\xbf", REPLACED("____", FFFD FFFD FFFD FFFD) },
		{ "\xf4\x90\x80\x80", REPLACED("____", FFFD FFFD FFFD FFFD) },
		{ "\xf5", REPLACED("_", FFFD) },
		/* The ends of what is valid */
		{ "\xc2\xa0\xdf\xbf", REPLACED("__", "%C2%A0%DF%BF") },
		{ "\xe0\xa0\x80\xed\x9f\xbf",
		    REPLACED("__", "%E0%A0%80%ED%9F%BF") },
		{ "\xee\x80\x80\xef\xbf\xbf",
		    REPLACED("__", "%EE%80%80%EF%BF%BF") },
		{ "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf",
		    REPLACED("__", "%F0%90%80%80%F4%8F%BF%BF") },
		/* Cut short by the end */
		{ "\xe2\x82", REPLACED("__", FFFD FFFD) },
		{ "\xf0\x9f\x8e", REPLACED("___", FFFD FFFD FFFD) },
	};

	(void)state;
	CHECK(rows);
}

/* A name of count times a, and the end. */
static const char *long_name(size_t count, const char *a, const char *end)
{
	static char name[8 * NAME_MAX_LENGTH];
	char *p = name;

	for (size_t i = 0; i < count; i++)
		p = stpcpy(p, a);
	strcpy(p, end);
	return name;
}

/* Format a long name and check what it becomes. */
static void check_long(size_t count, const char *a, const char *end,
    size_t expected_count, const char *expected_end)
{
	char buf[CONTENT_DISPOSITION_MAX];
	char expected[EXPECTED_SIZE];

	assert_int_equal(content_disposition_format("inline",
			     long_name(count, a, end), buf, sizeof(buf)),
	    0);
	snprintf(expected, sizeof(expected), "inline; filename=\"%s\"",
	    long_name(expected_count, a, expected_end));
	assert_string_equal(buf, expected);
}

static void cuts_long_names(void **state)
{
	/* 32 bytes, and 33 */
	static const char extension[] = ".2345678901234567890123456789012";
	static const char long_extension[] =
	    ".23456789012345678901234567890123";

	(void)state;
	assert_int_equal(strlen(extension), CONTENT_DISPOSITION_EXTENSION_MAX);
	check_long(NAME_MAX_LENGTH, "x", "", NAME_MAX_LENGTH, "");
	check_long(NAME_MAX_LENGTH + 1, "x", "", NAME_MAX_LENGTH, "");
	check_long(251, "x", ".iso", 251, ".iso");
	check_long(252, "x", ".iso", 251, ".iso");
	check_long(1000, "x", ".tar.gz", 252, ".gz");
	check_long(1000, "x", extension, 223, extension);
	check_long(1000, "x", long_extension, NAME_MAX_LENGTH, "");
	/* A dot in front makes no extension. */
	check_long(NAME_MAX_LENGTH + 1, ".", "", NAME_MAX_LENGTH, "");
}

/* What is cut is not a byte of a character. */
static void cuts_between_characters(void **state)
{
	char buf[CONTENT_DISPOSITION_MAX];
	char plain[NAME_MAX_LENGTH + 1];
	char expected[EXPECTED_SIZE];

	(void)state;
	/* 125 of two bytes and ".iso" are 254. */
	memset(plain, '_', 125);
	plain[125] = '\0';
	assert_int_equal(
	    content_disposition_format(
		"inline", long_name(200, U_E_ACUTE, ".iso"), buf, sizeof(buf)),
	    0);
	snprintf(expected, sizeof(expected),
	    "inline; filename=\"%s.iso\"; filename*=UTF-8''%s", plain,
	    long_name(125, "%C3%A9", ".iso"));
	assert_string_equal(buf, expected);
	/* What is replaced counts with the length of what replaces it. */
	plain[85] = '\0';
	assert_int_equal(content_disposition_format("inline",
			     long_name(86, "\xff", ""), buf, sizeof(buf)),
	    0);
	snprintf(expected, sizeof(expected),
	    "inline; filename=\"%s\"; filename*=UTF-8''%s", plain,
	    long_name(85, FFFD, ""));
	assert_string_equal(buf, expected);
}

static void largest_value(void **state)
{
	char buf[CONTENT_DISPOSITION_MAX];
	const char *name = long_name(NAME_MAX_LENGTH, "\"", "");

	(void)state;
	assert_int_equal(
	    content_disposition_format("attachment", name, buf, sizeof(buf)),
	    0);
	assert_int_equal(strlen(buf), CONTENT_DISPOSITION_MAX - 1);
	assert_int_equal(content_disposition_format(
			     "attachment", name, buf, sizeof(buf) - 1),
	    -ENOSPC);
}

static void room(void **state)
{
	static const char expected[] = "inline; filename=\"a\"";
	char buf[sizeof(expected)] = "before";

	(void)state;
	assert_int_equal(content_disposition_format(
			     "inline", "a", buf, sizeof(expected) - 1),
	    -ENOSPC);
	assert_int_equal(
	    content_disposition_format("inline", "a", buf, 0), -ENOSPC);
	assert_string_equal(buf, "before");
	assert_int_equal(
	    content_disposition_format("inline", "a", buf, sizeof(expected)),
	    0);
	assert_string_equal(buf, expected);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(types),
		cmocka_unit_test(plain_names),
		cmocka_unit_test(replaced_in_both),
		cmocka_unit_test(extended_names),
		cmocka_unit_test(invalid_utf8),
		cmocka_unit_test(cuts_long_names),
		cmocka_unit_test(cuts_between_characters),
		cmocka_unit_test(largest_value),
		cmocka_unit_test(room),
	};

	return cmocka_run_group_tests_name(
	    "content_disposition", tests, NULL, NULL);
}
