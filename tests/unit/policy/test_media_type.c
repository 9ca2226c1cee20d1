/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/policy/media_type. */
#include "config.h"

#include "fcgi_app/policy/media_type.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/support/unit.h"

struct find_case {
	const char *path;
	const char *type;
};

static int make_table(void **state)
{
	*state = media_types_new();
	return *state ? 0 : -1;
}

static int free_table(void **state)
{
	media_types_free(*state);
	return 0;
}

static int read_ranked(struct media_types *types, const char *text, size_t size,
    enum media_types_rank rank)
{
	FILE *file = tmpfile();
	int result;

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, size, file), size);
	rewind(file);
	result = media_types_read(types, file, rank);
	fclose(file);
	return result;
}

static int read_bytes(struct media_types *types, const char *text, size_t size)
{
	return read_ranked(types, text, size, MEDIA_TYPES_OPERATOR);
}

static int read_text(struct media_types *types, const char *text)
{
	return read_bytes(types, text, strlen(text));
}

static int read_system(struct media_types *types, const char *text)
{
	return read_ranked(types, text, strlen(text), MEDIA_TYPES_SYSTEM);
}

static void check_cases(const struct media_types *types,
    const struct find_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const char *type = media_types_find(types, cases[i].path);

		if (strcmp(type, cases[i].type) != 0)
			fail_msg("%s: %s", cases[i].path, type);
	}
}

static void takes_the_last_extension(void **state)
{
	static const struct find_case cases[] = {
		{ "a/b/x.html", "text/html" },
		{ "/a.css/x.html", "text/html" },
		{ "x.tar.gz", "application/gzip" },
		{ "X.HTML", "text/html" },
		{ "x.HtMl", "text/html" },
		{ "..html", "text/html" },
		{ "", MEDIA_TYPE_DEFAULT },
		{ "x", MEDIA_TYPE_DEFAULT },
		{ "html", MEDIA_TYPE_DEFAULT },
		{ "x.", MEDIA_TYPE_DEFAULT },
		{ "x.html.", MEDIA_TYPE_DEFAULT },
		{ ".html", MEDIA_TYPE_DEFAULT },
		{ "a/.html", MEDIA_TYPE_DEFAULT },
		{ "a.html/", MEDIA_TYPE_DEFAULT },
		{ "a.html/x", MEDIA_TYPE_DEFAULT },
		{ "x.unheard-of", MEDIA_TYPE_DEFAULT },
		{ "x.htmlx", MEDIA_TYPE_DEFAULT },
		{ "x.0", MEDIA_TYPE_DEFAULT },
		{ "x.~", MEDIA_TYPE_DEFAULT },
		{ ".", MEDIA_TYPE_DEFAULT },
		{ "..", MEDIA_TYPE_DEFAULT },
	};

	check_cases(*state, cases, ARRAY_LENGTH(cases));
}

static void the_operator_wins_over_the_built_in_table(void **state)
{
	static const struct find_case cases[] = {
		{ "x.html", "x-test/one" }, /* over the built-in one */
		{ "x.dup", "x-test/one" },  /* first in the file */
		{ "x.DUP", "x-test/one" },
		{ "x.again", "x-test/two" }, /* first file */
		{ "x.new", "x-test/five" },
		{ "x.css", "text/css" },
	};

	assert_int_equal(read_text(*state,
			     "x-test/one\thtml dup\n"
			     "x-test/two   dup DUP again\n"),
	    0);
	assert_int_equal(read_text(*state,
			     "x-test/four again html\n"
			     "x-test/five new"),
	    0);
	check_cases(*state, cases, ARRAY_LENGTH(cases));
}

static void the_system_has_what_others_lack(void **state)
{
	static const struct find_case cases[] = {
		{ "x.ts", "video/mp2t" },
		{ "x.TS", "video/mp2t" },
		{ "x.css", "x-test/mine" },
		{ "x.new", "x-test/mine" },
		{ "x.other", "x-test/system" },
		{ "x.again", "x-test/system" },
	};

	assert_int_equal(read_text(*state, "x-test/mine css new\n"), 0);
	assert_int_equal(
	    read_system(*state,
		"x-test/system ts TS css new other\nx-test/system again\n"),
	    0);
	assert_int_equal(read_system(*state, "x-test/later other ts\n"), 0);
	check_cases(*state, cases, ARRAY_LENGTH(cases));
}

static void puts_up_with_blanks_and_comments(void **state)
{
	static const struct find_case cases[] = {
		{ "x.a", "x-test/a" },
		{ "x.b", "x-test/b" },
		{ "x.c", "x-test/c" },
		{ "x.cc", "x-test/c" },
		{ "x.d", "x-test/d" },
		{ "x.hidden", MEDIA_TYPE_DEFAULT },
		{ "x.#", MEDIA_TYPE_DEFAULT },
	};

	assert_int_equal(read_text(*state,
			     "# x-test/no hidden\n"
			     "\n"
			     " \t \n"
			     "x-test/none\n"
			     "x-test/a a # hidden\n"
			     "  x-test/b\t\tb  \n"
			     "x-test/c c cc\r\n"
			     "#\n"
			     "x-test/d d"),
	    0);
	check_cases(*state, cases, ARRAY_LENGTH(cases));
}

static void skips_junk(void **state)
{
	static const char text[] = "x-test\001/a a\n"
				   "x-test/b\0 b\n"
				   "x-test/c c x\x7f\n"
				   "x-test/d\x1b[2J d\n"
				   "x-t\xc3\xa9st/e e\n"
				   "html f\n"
				   "/ g\n"
				   "x-test/ h\n"
				   "/x-test i\n"
				   "x-test\v/j j\n"
				   "\0\n"
				   "x-test/z z\n";
	static const char *const junk[] = { "x.a", "x.b", "x.c", "x.d", "x.e",
		"x.f", "x.g", "x.h", "x.i", "x.j" };

	assert_int_equal(read_bytes(*state, text, sizeof(text) - 1), 0);
	for (size_t i = 0; i < ARRAY_LENGTH(junk); i++)
		assert_string_equal(
		    media_types_find(*state, junk[i]), MEDIA_TYPE_DEFAULT);
	assert_string_equal(media_types_find(*state, "x.z"), "x-test/z");
}

/* A type "x/sss..." of the given length, then the extension. */
static int read_long_type(
    struct media_types *types, int length, const char *extension)
{
	char text[MEDIA_TYPE_LENGTH_MAX + 100];

	snprintf(text, sizeof(text), "x/%0*d %s\n", length - 2, 0, extension);
	return read_text(types, text);
}

static void limits_the_length_of_a_type(void **state)
{
	assert_int_equal(
	    read_long_type(*state, MEDIA_TYPE_LENGTH_MAX, "fits"), 0);
	assert_int_equal(
	    read_long_type(*state, MEDIA_TYPE_LENGTH_MAX + 1, "over"), 0);
	assert_int_equal(
	    strlen(media_types_find(*state, "x.fits")), MEDIA_TYPE_LENGTH_MAX);
	assert_string_equal(
	    media_types_find(*state, "x.over"), MEDIA_TYPE_DEFAULT);
}

/* A line of the given length that defines an extension, and a second line. */
static int read_long_line(
    struct media_types *types, int length, const char *extension)
{
	char text[MEDIA_TYPE_LINE_MAX + 100];

	snprintf(text, sizeof(text), "x-test/long %*s\nx-test/next next\n",
	    length - 12, extension);
	return read_text(types, text);
}

static void limits_the_length_of_a_line(void **state)
{
	assert_int_equal(
	    read_long_line(*state, MEDIA_TYPE_LINE_MAX, "fits"), 0);
	assert_int_equal(
	    read_long_line(*state, MEDIA_TYPE_LINE_MAX + 1, "over"), 0);
	assert_string_equal(media_types_find(*state, "x.fits"), "x-test/long");
	assert_string_equal(
	    media_types_find(*state, "x.over"), MEDIA_TYPE_DEFAULT);
	/* The line after one that is too long counts again. */
	assert_string_equal(media_types_find(*state, "x.next"), "x-test/next");
}

static void limits_the_number_of_entries(void **state)
{
	FILE *file = tmpfile();

	assert_non_null(file);
	for (int i = 0; i < MEDIA_TYPE_ENTRIES_MAX; i++)
		fprintf(file, "x-test/many e%d\n", i);
	rewind(file);
	assert_int_equal(media_types_read(*state, file, MEDIA_TYPES_SYSTEM), 0);
	fclose(file);

	/* What is known already takes no room. */
	assert_int_equal(read_text(*state, "x-test/again e0 e1\n"), 0);
	assert_int_equal(
	    read_text(*state, "x-test/over over\nx-test/after after\n"),
	    -ENOSPC);
	assert_string_equal(media_types_find(*state, "x.e0"), "x-test/many");
	assert_string_equal(
	    media_types_find(*state, "x.e16383"), "x-test/many");
	assert_string_equal(
	    media_types_find(*state, "x.over"), MEDIA_TYPE_DEFAULT);
	assert_string_equal(media_types_find(*state, "x.css"), "text/css");
}

static void reports_a_read_error(void **state)
{
	FILE *file = fopen("/", "r");

	assert_non_null(file);
	assert_int_equal(
	    media_types_read(*state, file, MEDIA_TYPES_OPERATOR), -EIO);
	fclose(file);
}

static void knows_what_takes_a_charset(void **state)
{
	static const struct {
		const char *type;
		bool takes;
	} cases[] = {
		{ "text/plain", true },
		{ "text/html", true },
		{ "TEXT/HTML", true },
		{ "text/html ;q=1", true },
		{ "application/javascript", true },
		{ "Application/JavaScript;version=1", true },
		{ "application/xml", true },
		{ "application/xhtml+xml", true },
		{ "image/svg+xml", true },
		{ "image/SVG+XML; a=b", true },
		{ "application/json", false },
		{ "application/manifest+json", false },
		{ "application/octet-stream", false },
		{ "application/javascripts", false },
		{ "application/xml-dtd", false },
		{ "application/x+xml+zip", false },
		{ "application/zip; a=b+xml", false },
		{ "application/zip; a=text/html", false },
		{ "video/mp4", false },
		{ "texts/plain", false },
		{ "text", false },
		{ "xml", false },
		{ "", false },
		/* One charset is enough. */
		{ "text/html; charset=utf-8", false },
		{ "text/html;charset=", false },
		{ "text/html; a=b ;\tCharSet=\"utf-8\"", false },
		{ "image/svg+xml;charset=utf-8", false },
		{ "text/html; a=\"\\\"\"; charset=x", false },
		/* These are no charsets. */
		{ "text/html; xcharset=utf-8", true },
		{ "text/html; charsets=utf-8", true },
		{ "text/html; charset", true },
		{ "text/html; a=\"; charset=x\"", true },
		{ "text/html; a=\"\\\"; charset=x\"", true },
		{ "text/html; a=\"\\", true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		if (media_type_takes_charset(cases[i].type) != cases[i].takes)
			fail_msg("%s", cases[i].type);
	}
}

#define table_test(f) cmocka_unit_test_setup_teardown(f, make_table, free_table)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		table_test(takes_the_last_extension),
		table_test(the_operator_wins_over_the_built_in_table),
		table_test(the_system_has_what_others_lack),
		table_test(puts_up_with_blanks_and_comments),
		table_test(skips_junk),
		table_test(limits_the_length_of_a_type),
		table_test(limits_the_length_of_a_line),
		table_test(limits_the_number_of_entries),
		table_test(reports_a_read_error),
		cmocka_unit_test(knows_what_takes_a_charset),
	};

	return cmocka_run_group_tests_name("media_type", tests, NULL, NULL);
}
