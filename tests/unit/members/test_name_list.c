/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/members/name_list. */
#include "config.h"

#include "fcgi_app/members/name_list.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/support/unit.h"

#define MOST 4
#define OK NAME_LIST_OK
#define MALFORMED NAME_LIST_MALFORMED
#define BAD_NAME NAME_LIST_BAD_NAME
#define OUTSIDE NAME_LIST_OUTSIDE
#define TOO_MANY NAME_LIST_TOO_MANY

/* What a query is read as: in a form its bytes are no other. */
#define QUERY NAME_LIST_FORM
#define LINES NAME_LIST_LINES
#define JSON NAME_LIST_JSON

struct row {
	const char *text;
	enum name_list_result result;
	/* With a "|" after each; in case of an error the number of the name */
	const char *names;
};

static void join(const struct name_list *list, char *ret)
{
	*ret = '\0';
	for (size_t i = 0; i < list->count; i++)
		strcat(strcat(ret, list->names[i]), "|");
	if (list->failed > 0)
		sprintf(ret, "%zu", list->failed);
}

static void check(
    enum name_list_kind kind, const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct row *row = &rows[i];
		struct name_list list;
		char names[256];
		enum name_list_result result = name_list_from(
		    kind, row->text, strlen(row->text), MOST, &list);

		join(&list, names);
		if (result != row->result || strcmp(names, row->names) != 0)
			fail_msg("row %zu (%s): %d, %s", i, row->text, result,
			    names);
		name_list_clear(&list);
		name_list_clear(&list);
	}
}

#define CHECK(kind, rows) check(kind, rows, ARRAY_LENGTH(rows))

/* --- queries -------------------------------------------------------------- */

static void reads_queries(void **state)
{
	static const struct row rows[] = {
		{ "", OK, "" },
		{ "f=a", OK, "a|" },
		{ "f=b&f=a/c&f=b", OK, "b|a/c|b|" },
		{ "&&f=a&&", OK, "a|" },
		{ "x=1&f=a&F=b&ff=c&=d&g", OK, "a|" },
		{ "f=a=b", OK, "a=b|" },
		{ "f=a+b%20c%2Bd", OK, "a b c+d|" },
		{ "f=a%2fb", OK, "a/b|" },
		{ "f=a%26f=b", OK, "a&f=b|" },
		{ "%66=a", OK, "a|" },
		{ "f=100%&f=%4&f=%zz&f=%%41", OK, "100%|%4|%zz|%A|" },
		/* An escape does not reach into the next pair. */
		{ "f=a%4&f=1", OK, "a%4|1|" },
		{ "f=%ff%C3%A4", OK, "\xff\xc3\xa4|" },
		{ "f=a%0Ab%0d", OK, "a\nb\r|" },
		{ "f=...&f=..a&f=.b&f=a./b..", OK, "...|..a|.b|a./b..|" },
		{ "f=~", OK, "~|" },
	};

	(void)state;
	CHECK(QUERY, rows);
}

static void refuses_bad_names(void **state)
{
	static const struct row rows[] = {
		{ "f=", BAD_NAME, "1" },
		{ "f", BAD_NAME, "1" },
		{ "f=a&f=.", BAD_NAME, "2" },
		{ "f=./a", BAD_NAME, "1" },
		{ "f=a/.", BAD_NAME, "1" },
		{ "f=a/./b", BAD_NAME, "1" },
		{ "f=a/", BAD_NAME, "1" },
		{ "f=a//b", BAD_NAME, "1" },
		{ "f=a%00", BAD_NAME, "1" },
		{ "f=a%00/../b", BAD_NAME, "1" },
		{ "f=/", OUTSIDE, "1" },
		{ "f=/a", OUTSIDE, "1" },
		{ "f=%2fa", OUTSIDE, "1" },
		{ "f=a&f=b&f=..", OUTSIDE, "3" },
		{ "f=a/../b", OUTSIDE, "1" },
		{ "f=a/%2e%2E", OUTSIDE, "1" },
		{ "f=%2e%2e%2fa", OUTSIDE, "1" },
		{ "f=a&f=b&f=c&f=d", OK, "a|b|c|d|" },
		{ "f=a&f=b&f=c&f=d&f=e", TOO_MANY, "5" },
	};
	struct name_list list;

	(void)state;
	CHECK(QUERY, rows);
	assert_int_equal(name_list_from_query(NULL, MOST, &list), OK);
	assert_int_equal(list.count, 0);
	name_list_clear(&list);
	assert_int_equal(name_list_from_query("f=a&f=b", MOST, &list), OK);
	assert_int_equal(list.count, 2);
	name_list_clear(&list);
}

/* A form need not end in a NUL, and one in it is no end. */
static void reads_forms(void **state)
{
	static const struct {
		const char *text;
		size_t length;
		enum name_list_result result;
		size_t count;
		const char *format; /* "": none */
	} rows[] = {
		{ "f=a&f=b", 7, OK, 2, "" },
		{ "f=a&f=b", 4, OK, 1, "" },
		{ "f=a%62", 5, OK, 1, "" },
		{ "f=a\0b", 5, BAD_NAME, 0, "" },
		{ "x=\0&f=a", 7, OK, 1, "" },
		{ "format=zip&f=a", 14, OK, 1, "zip" },
		{ "f=a&form%61t=tar%2Egz&format=x", 30, OK, 1, "tar.gz" },
		{ "format&formats=x&f=a", 20, OK, 1, "" },
		{ "format=&format=tar", 18, OK, 0, NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		struct name_list list;

		assert_int_equal(name_list_from_form(
				     rows[i].text, rows[i].length, MOST, &list),
		    rows[i].result);
		assert_int_equal(list.count, rows[i].count);
		if (rows[i].format && *rows[i].format == '\0')
			assert_null(list.format);
		else
			assert_string_equal(
			    list.format, rows[i].format ? rows[i].format : "");
		name_list_clear(&list);
	}
}

/* --- lines ---------------------------------------------------------------- */

static void reads_lines(void **state)
{
	static const struct row rows[] = {
		{ "", OK, "" },
		{ "\n\r\n\n", OK, "" },
		{ "a", OK, "a|" },
		{ "a\n", OK, "a|" },
		{ "a\r\nb/c\nd", OK, "a|b/c|d|" },
		{ "a\n\n\r\na\n", OK, "a|a|" },
		{ "# a\n a \n%41+b\n", OK, "# a| a |%41+b|" },
		{ "a\rb\nc\r\r\n", OK, "a\rb|c\r|" },
		{ "a\r", OK, "a\r|" },
		{ "a\n..\n", OUTSIDE, "2" },
		{ "a\n/b\n", OUTSIDE, "2" },
		{ "a\nb/\n", BAD_NAME, "2" },
		{ "a\nb\nc\nd\n\n", OK, "a|b|c|d|" },
		{ "a\nb\nc\nd\ne", TOO_MANY, "5" },
	};
	struct name_list list;

	(void)state;
	CHECK(LINES, rows);
	assert_int_equal(
	    name_list_from_lines("a\nb\0c\n", 6, MOST, &list), BAD_NAME);
	assert_int_equal(list.failed, 2);
}

/* --- JSON ----------------------------------------------------------------- */

static void reads_json(void **state)
{
	static const struct row rows[] = {
		{ "[]", OK, "" },
		{ " [\n] ", OK, "" },
		{ "[\"a\"]", OK, "a|" },
		{ "\t[ \"b\" ,\r\n\"a/c\", \"b\" ]\n", OK, "b|a/c|b|" },
		{ "[\"a\\\"b\\\\\", \"\\u00e4\\n\"]", OK,
		    "a\"b\\|\xc3\xa4\n|" },
		{ "[\"\\ud83d\\ude00\"]", OK, "\xf0\x9f\x98\x80|" },
		{ "[\"a[b],{}: 1\"]", OK, "a[b],{}: 1|" },
		{ "[\"%41+b\"]", OK, "%41+b|" },
		{ "[\"a\",\"b\",\"c\",\"d\"]", OK, "a|b|c|d|" },
		{ "[\"a\",\"b\",\"c\",\"d\",\"e\"]", TOO_MANY, "" },
		{ "[\"a\",\"\"]", BAD_NAME, "2" },
		{ "[\"a\\u0000\"]", BAD_NAME, "1" },
		{ "[\"\\u002e./a\"]", OUTSIDE, "1" },
		{ "[\"\\/a\"]", OUTSIDE, "1" },
	};

	(void)state;
	CHECK(JSON, rows);
}

static void refuses_other_json(void **state)
{
	static const struct row rows[] = {
		{ "", MALFORMED, "" },
		{ "\"a\"", MALFORMED, "" },
		{ "null", MALFORMED, "" },
		{ "[1]", MALFORMED, "" },
		{ "[\"a\", null]", MALFORMED, "" },
		{ "[[\"a\"]]", MALFORMED, "" },
		{ "[\"a\"][\"b\"]", MALFORMED, "" },
		{ "{\"f\": [\"a\"]}", MALFORMED, "" },
		{ "[\"a\" \"b\"]", MALFORMED, "" },
		{ "[\"a\",]", MALFORMED, "" },
		{ "[,\"a\"]", MALFORMED, "" },
		{ "[\"a\"", MALFORMED, "" },
		{ "[\"a]", MALFORMED, "" },
		{ "[\"a\\\"]", MALFORMED, "" },
		{ "[\"a\\", MALFORMED, "" },
		{ "\"a\"]", MALFORMED, "" },
		{ "]\"a\"[", MALFORMED, "" },
		{ "[\"\xff\"]", MALFORMED, "" },
		{ "[\"\n\"]", MALFORMED, "" },
		{ "[\"\\x\"]", MALFORMED, "" },
		{ "[\"\\ud800\"]", MALFORMED, "" },
		{ "a\nb", MALFORMED, "" },
	};
	struct name_list list;

	(void)state;
	CHECK(JSON, rows);
	assert_int_equal(
	    name_list_from_json("[\"a\"]\0", 6, MOST, &list), MALFORMED);
}

/* --- limits --------------------------------------------------------------- */

/* A name of so many bytes, in components of at most `step`. */
static char *make_name(size_t length, size_t step)
{
	char *name = malloc(length + 1);

	assert_non_null(name);
	for (size_t i = 0; i < length; i++)
		name[i] = i % (step + 1) == step ? '/' : 'x';
	name[length] = '\0';
	return name;
}

static void limits_a_name(void **state)
{
	static const struct {
		size_t length, step;
		enum name_list_result result;
	} rows[] = {
		{ NAME_MAX, NAME_MAX, OK },
		{ NAME_MAX + 1, NAME_MAX + 1, NAME_LIST_LONG_NAME },
		{ 2 * NAME_MAX + 1, NAME_MAX, OK },
		{ PATH_MAX - 1, 100, OK },
		{ PATH_MAX, 100, NAME_LIST_LONG_NAME },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		char *name = make_name(rows[i].length, rows[i].step);
		struct name_list list;

		assert_int_equal(
		    name_list_from_lines(name, rows[i].length, MOST, &list),
		    rows[i].result);
		assert_int_equal(list.failed, rows[i].result == OK ? 0 : 1);
		if (rows[i].result == OK)
			assert_string_equal(list.names[0], name);
		name_list_clear(&list);
		free(name);
	}
}

static void limits_the_text(void **state)
{
	char *text = malloc(NAME_LIST_TEXT_MAX + 2);
	struct name_list list;

	(void)state;
	assert_non_null(text);
	memset(text, '\n', NAME_LIST_TEXT_MAX + 1);
	assert_int_equal(
	    name_list_from_lines(text, NAME_LIST_TEXT_MAX, MOST, &list), OK);
	name_list_clear(&list);
	assert_int_equal(
	    name_list_from_lines(text, NAME_LIST_TEXT_MAX + 1, MOST, &list),
	    NAME_LIST_TOO_LONG);
	assert_int_equal(list.failed, 0);
	memset(text, ' ', NAME_LIST_TEXT_MAX + 1);
	memcpy(text, "[]", 2);
	assert_int_equal(
	    name_list_from_json(text, NAME_LIST_TEXT_MAX, MOST, &list), OK);
	name_list_clear(&list);
	assert_int_equal(
	    name_list_from_json(text, NAME_LIST_TEXT_MAX + 1, MOST, &list),
	    NAME_LIST_TOO_LONG);
	free(text);
}

/* Its names have the limit of a text, and three times as many bytes. */
static void limits_a_form(void **state)
{
	char *form = malloc(NAME_LIST_FORM_MAX + 1);
	struct name_list list;

	(void)state;
	assert_non_null(form);
	memset(form, '&', NAME_LIST_FORM_MAX + 1);
	assert_int_equal(
	    name_list_from_form(form, NAME_LIST_FORM_MAX + 1, MOST, &list),
	    NAME_LIST_TOO_LONG);
	assert_int_equal(
	    name_list_from_form(form, NAME_LIST_FORM_MAX, MOST, &list), OK);
	name_list_clear(&list);
	/* A name that no file can have, and one that is too long for a list. */
	memset(form, 'n', NAME_LIST_TEXT_MAX + 3);
	memcpy(form, "f=", 2);
	assert_int_equal(
	    name_list_from_form(form, NAME_LIST_TEXT_MAX + 2, MOST, &list),
	    NAME_LIST_LONG_NAME);
	assert_int_equal(
	    name_list_from_form(form, NAME_LIST_TEXT_MAX + 3, MOST, &list),
	    NAME_LIST_TOO_LONG);
	free(form);
}

static void knows_media_types(void **state)
{
	static const struct {
		const char *type;
		bool is_known;
		enum name_list_kind kind;
	} rows[] = {
		{ NULL, true, LINES },
		{ "text/plain", true, LINES },
		{ "text/plain; charset=utf-8", true, LINES },
		{ "Application/JSON", true, JSON },
		{ "application/json\t;x", true, JSON },
		{ "application/x-www-form-urlencoded", true, NAME_LIST_FORM },
		{ "application/x-www-form-urlencoded;charset=UTF-8", true,
		    NAME_LIST_FORM },
		{ "", false, LINES },
		{ "text/plai", false, LINES },
		{ "text/plainx", false, LINES },
		{ "text/html", false, LINES },
		{ "multipart/form-data; boundary=x", false, LINES },
		{ "application/json-seq", false, LINES },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		enum name_list_kind kind = LINES;

		if (name_list_kind_of(rows[i].type, &kind) !=
			rows[i].is_known ||
		    kind != rows[i].kind)
			fail_msg("%s", rows[i].type);
	}
	assert_int_equal(name_list_kind_max(LINES), NAME_LIST_TEXT_MAX);
	assert_int_equal(name_list_kind_max(JSON), NAME_LIST_TEXT_MAX);
	assert_int_equal(
	    name_list_kind_max(NAME_LIST_FORM), NAME_LIST_FORM_MAX);
}

static void takes_many_names(void **state)
{
	enum { COUNT = 10000 };
	char *text = calloc(COUNT, sizeof("f=12345&"));
	char *end = text;
	struct name_list list;

	(void)state;
	assert_non_null(text);
	for (int i = 0; i < COUNT; i++)
		end += sprintf(end, "f=%d&", i);
	assert_int_equal(
	    name_list_from_query(text, COUNT - 1, &list), TOO_MANY);
	assert_int_equal(list.failed, COUNT);
	assert_int_equal(name_list_from_query(text, COUNT, &list), OK);
	assert_int_equal(list.count, COUNT);
	for (int i = 0; i < COUNT; i++)
		assert_int_equal(atoi(list.names[i]), i);
	name_list_clear(&list);
	free(text);
}

static void says_what_is_wrong(void **state)
{
	static const struct {
		enum name_list_result result;
		int status;
	} rows[] = {
		{ NAME_LIST_MALFORMED, 400 },
		{ NAME_LIST_BAD_NAME, 400 },
		{ NAME_LIST_OUTSIDE, 403 },
		{ NAME_LIST_LONG_NAME, 404 },
		{ NAME_LIST_TOO_MANY, 413 },
		{ NAME_LIST_TOO_LONG, 413 },
		{ NAME_LIST_NO_MEMORY, 503 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		assert_int_equal(
		    name_list_status(rows[i].result), rows[i].status);
		assert_true(strlen(name_list_reason(rows[i].result)) > 10);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_queries),
		cmocka_unit_test(refuses_bad_names),
		cmocka_unit_test(reads_forms),
		cmocka_unit_test(reads_lines),
		cmocka_unit_test(reads_json),
		cmocka_unit_test(refuses_other_json),
		cmocka_unit_test(limits_a_name),
		cmocka_unit_test(limits_the_text),
		cmocka_unit_test(limits_a_form),
		cmocka_unit_test(knows_media_types),
		cmocka_unit_test(takes_many_names),
		cmocka_unit_test(says_what_is_wrong),
	};

	return cmocka_run_group_tests_name("name_list", tests, NULL, NULL);
}
