/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/policy/path_rule. */
#include "config.h"

#include "fcgi_app/policy/path_rule.h"

#include <limits.h>
#include <string.h>

#include "tests/unit/support/unit.h"

#define OK PATH_RULE_OK
#define MALFORMED PATH_RULE_MALFORMED
#define OUTSIDE PATH_RULE_OUTSIDE
#define TOO_LONG PATH_RULE_TOO_LONG

/* What a buffer holds before a call that must leave it alone. */
#define UNTOUCHED "untouched"

typedef enum path_rule_result path_fn(const char *path, char *ret, size_t size);

struct path_case {
	const char *path;
	enum path_rule_result result;
	const char *text; /* for OK */
};

static void check_cases(
    path_fn *rule, const struct path_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct path_case *c = &cases[i];
		const char *expected = c->result == OK ? c->text : UNTOUCHED;
		char text[PATH_MAX] = UNTOUCHED;
		enum path_rule_result result =
		    rule(c->path, text, sizeof(text));

		if (result != c->result || strcmp(text, expected) != 0)
			fail_msg(
			    "\"%s\": %d, \"%s\"", c->path, (int)result, text);
	}
}

static void normalizes_folders(void **state)
{
	static const struct path_case cases[] = {
		{ "/", OK, "/" },
		{ "//", OK, "/" },
		{ "/.", OK, "/" },
		{ "/./", OK, "/" },
		{ "/srv", OK, "/srv" },
		{ "/srv/", OK, "/srv" },
		{ "/srv//", OK, "/srv" },
		{ "/srv/.", OK, "/srv" },
		{ "/srv/./", OK, "/srv" },
		{ "//srv///www/./files", OK, "/srv/www/files" },
		{ "/./srv/.hidden/...", OK, "/srv/.hidden/..." },
		{ "/srv/a..b/..c/d..", OK, "/srv/a..b/..c/d.." },
		{ "/srv/%2e%2e", OK, "/srv/%2e%2e" },
		{ "/srv/ \t\n", OK, "/srv/ \t\n" },
		{ "", MALFORMED, NULL },
		{ "srv", MALFORMED, NULL },
		{ "./srv", MALFORMED, NULL },
		{ "../srv", MALFORMED, NULL },
		{ "/..", OUTSIDE, NULL },
		{ "/../", OUTSIDE, NULL },
		{ "/srv/..", OUTSIDE, NULL },
		{ "/srv/../srv", OUTSIDE, NULL },
		{ "/srv//..//x", OUTSIDE, NULL },
	};

	(void)state;
	check_cases(path_rule_normalize, cases, ARRAY_LENGTH(cases));
}

static void makes_paths_relative(void **state)
{
	static const struct path_case cases[] = {
		{ "/", OK, "." },
		{ "//", OK, "." },
		{ "/.", OK, "." },
		{ "/./", OK, "." },
		{ "/././/.", OK, "." },
		{ "/a", OK, "a" },
		{ "/a/b", OK, "a/b" },
		{ "//a//b", OK, "a/b" },
		{ "/./a/./b", OK, "a/b" },
		{ "/a/", OK, "a/" },
		{ "/a//", OK, "a/" },
		{ "/a/.", OK, "a/" },
		{ "/a/./", OK, "a/" },
		{ "/a/./.", OK, "a/" },
		{ "/a.", OK, "a." },
		{ "/.a", OK, ".a" },
		{ "/...", OK, "..." },
		{ "/..a/b../c..d", OK, "..a/b../c..d" },
		{ "/%2e%2e/%2f", OK, "%2e%2e/%2f" },
		{ "/a\\..\\b", OK, "a\\..\\b" },
		{ "/caf\xc3\xa9/\xff\x01", OK, "caf\xc3\xa9/\xff\x01" },
		{ "", MALFORMED, NULL },
		{ "a", MALFORMED, NULL },
		{ ".", MALFORMED, NULL },
		{ "..", MALFORMED, NULL },
		{ "http://host/a", MALFORMED, NULL },
		{ "*", MALFORMED, NULL },
		{ "/..", OUTSIDE, NULL },
		{ "/../a", OUTSIDE, NULL },
		{ "/a/..", OUTSIDE, NULL },
		{ "/a/../b", OUTSIDE, NULL },
		{ "/a/./../b", OUTSIDE, NULL },
		{ "//..", OUTSIDE, NULL },
	};

	(void)state;
	check_cases(path_rule_relative, cases, ARRAY_LENGTH(cases));
}

static void judges_folders_below(void **state)
{
	static const struct {
		const char *root;
		const char *document_root;
		const char *rest; /* NULL: outside */
	} cases[] = {
		{ "/srv", "/srv", "" },
		{ "/srv", "/srv/a", "a" },
		{ "/srv", "/srv/a/b", "a/b" },
		{ "/srv/a", "/srv/a/b", "b" },
		{ "/", "/", "" },
		{ "/", "/srv", "srv" },
		{ "/", "/srv/a", "srv/a" },
		{ "/srv/a", "/srv/ab", NULL },
		{ "/srv/a", "/srv", NULL },
		{ "/srv/a", "/srv/b", NULL },
		{ "/srv/a", "/", NULL },
		{ "/srv", "/SRV", NULL },
		{ "/a", "/b", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		const char *rest = UNTOUCHED;
		enum path_rule_result result = path_rule_below(
		    cases[i].root, cases[i].document_root, &rest);
		const char *expected =
		    cases[i].rest ? cases[i].rest : UNTOUCHED;

		assert_int_equal(result, cases[i].rest ? OK : OUTSIDE);
		assert_string_equal(rest, expected);
	}
}

/* Write "/" and a component of length bytes; returns the end. */
static char *put_component(char *at, size_t length)
{
	*at++ = '/';
	memset(at, 'x', length);
	at[length] = '\0';
	return at + length;
}

static void limits_a_component(void **state)
{
	static path_fn *const rules[] = { path_rule_normalize,
		path_rule_relative };
	char path[PATH_MAX];
	char text[PATH_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(rules); i++) {
		strcpy(put_component(path, NAME_MAX), "/y");
		assert_int_equal(rules[i](path, text, sizeof(text)), OK);
		strcpy(put_component(path, NAME_MAX + 1), "/y");
		assert_int_equal(rules[i](path, text, sizeof(text)), TOO_LONG);
	}
}

/* Write an absolute path of exactly length bytes. */
static void put_path(char *path, size_t length)
{
	char *end = path;

	while (length > NAME_MAX + 1) {
		end = put_component(end, NAME_MAX - 1);
		length -= NAME_MAX;
	}
	put_component(end, length - 1);
}

static void limits_a_path(void **state)
{
	char path[PATH_MAX + 10];
	char text[PATH_MAX + 10];

	(void)state;
	put_path(path, PATH_MAX - 1);
	assert_int_equal(path_rule_normalize(path, text, sizeof(text)), OK);
	assert_string_equal(text, path);
	put_path(path, PATH_MAX);
	assert_int_equal(
	    path_rule_normalize(path, text, sizeof(text)), TOO_LONG);

	/* The slash in front is not part of a relative path. */
	assert_int_equal(path_rule_relative(path, text, sizeof(text)), OK);
	assert_string_equal(text, path + 1);
	put_path(path, PATH_MAX + 1);
	assert_int_equal(
	    path_rule_relative(path, text, sizeof(text)), TOO_LONG);
}

static void limits_a_path_with_a_slash_at_its_end(void **state)
{
	char path[PATH_MAX + 10];
	char text[PATH_MAX + 10];

	(void)state;
	put_path(path, PATH_MAX - 1);
	strcat(path, "/");
	assert_int_equal(path_rule_relative(path, text, sizeof(text)), OK);
	assert_string_equal(text, path + 1);
	put_path(path, PATH_MAX);
	strcat(path, "/");
	assert_int_equal(
	    path_rule_relative(path, text, sizeof(text)), TOO_LONG);
	assert_int_equal(
	    path_rule_normalize(path, text, sizeof(text)), TOO_LONG);
}

/* Slashes and dots that are folded away do not count. */
static void folds_a_path_beyond_the_limit(void **state)
{
	char path[2 * PATH_MAX];
	char text[PATH_MAX];

	(void)state;
	memset(path, '/', sizeof(path));
	strcpy(path + sizeof(path) - 5, "/./a");
	assert_int_equal(path_rule_relative(path, text, sizeof(text)), OK);
	assert_string_equal(text, "a");
}

static void keeps_within_the_buffer(void **state)
{
	char text[16] = UNTOUCHED;

	(void)state;
	assert_int_equal(path_rule_normalize("/abc", text, 4), TOO_LONG);
	assert_int_equal(path_rule_relative("/abc", text, 3), TOO_LONG);
	assert_int_equal(path_rule_relative("/", text, 0), TOO_LONG);
	assert_string_equal(text, UNTOUCHED);
	assert_int_equal(path_rule_normalize("/abc", text, 5), OK);
	assert_string_equal(text, "/abc");
	assert_int_equal(path_rule_relative("/abc", text, 4), OK);
	assert_string_equal(text, "abc");
}

static void knows_folders_and_hidden_names(void **state)
{
	static const struct {
		const char *relative;
		bool is_folder;
		bool is_hidden;
	} cases[] = {
		{ ".", true, false },
		{ "a", false, false },
		{ "a/", true, false },
		{ "a.", false, false },
		{ "a/b.", false, false },
		{ ".a", false, true },
		{ ".a/", true, true },
		{ "...", false, true },
		{ "a/.b", false, true },
		{ "a/.b/c", false, true },
		{ "a.b/c.d/e.", false, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		const char *relative = cases[i].relative;

		if (path_rule_is_folder(relative) != cases[i].is_folder ||
		    path_rule_is_hidden(relative) != cases[i].is_hidden)
			fail_msg("\"%s\"", relative);
	}
}

static void appends_names_to_folders(void **state)
{
	static const struct {
		const char *relative;
		const char *name;
		enum path_rule_result result;
		const char *text;
	} cases[] = {
		{ ".", "index.html", OK, "index.html" },
		{ "a/", "index.html", OK, "a/index.html" },
		{ "a/b/", ".i", OK, "a/b/.i" },
		{ "a/b", "i", OK, "a/b/i" },
		{ ".", "...", OK, "..." },
		{ ".", "", MALFORMED, NULL },
		{ "a/", ".", MALFORMED, NULL },
		{ "a/", "..", MALFORMED, NULL },
		{ "a/", "b/c", MALFORMED, NULL },
		{ "a/", "/", MALFORMED, NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		const char *name = cases[i].name;
		char text[PATH_MAX] = UNTOUCHED;

		assert_int_equal(path_rule_in_folder(cases[i].relative, name,
				     strlen(name), text, sizeof(text)),
		    cases[i].result);
		assert_string_equal(
		    text, cases[i].text ? cases[i].text : UNTOUCHED);
	}
}

static void limits_what_is_appended(void **state)
{
	char name[NAME_MAX + 2];
	char folder[PATH_MAX];
	char text[PATH_MAX];

	(void)state;
	memset(name, 'x', sizeof(name));
	assert_int_equal(
	    path_rule_in_folder("a/", name, NAME_MAX, text, sizeof(text)), OK);
	assert_int_equal(
	    path_rule_in_folder("a/", name, NAME_MAX + 1, text, sizeof(text)),
	    TOO_LONG);
	put_path(folder, PATH_MAX - 3);
	strcat(folder, "/");
	assert_int_equal(
	    path_rule_in_folder(folder, "x", 1, text, sizeof(text)), OK);
	assert_int_equal(strlen(text), PATH_MAX - 1);
	assert_int_equal(
	    path_rule_in_folder(folder, "xy", 2, text, sizeof(text)), TOO_LONG);
	assert_int_equal(path_rule_in_folder("a/", "bc", 2, text, 5), OK);
	assert_int_equal(path_rule_in_folder("a/", "bc", 2, text, 4), TOO_LONG);
}

static void joins_paths(void **state)
{
	static const struct {
		const char *folder, *name, *expected;
	} rows[] = {
		{ ".", "a", "a" },
		{ ".", "a/b", "a/b" },
		{ "x", "a/b", "x/a/b" },
		{ "x/", "a", "x/a" },
		{ "x/y/", "a/b/c", "x/y/a/b/c" },
	};
	char name[PATH_MAX + 1], text[PATH_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		assert_int_equal(path_rule_join(rows[i].folder, rows[i].name,
				     text, sizeof(text)),
		    OK);
		assert_string_equal(text, rows[i].expected);
	}
	put_path(name, PATH_MAX - 3);
	assert_int_equal(path_rule_join("x", name, text, sizeof(text)), OK);
	assert_int_equal(strlen(text), PATH_MAX - 1);
	put_path(name, PATH_MAX - 2);
	assert_int_equal(
	    path_rule_join("x", name, text, sizeof(text)), TOO_LONG);
}

static void counts_components(void **state)
{
	(void)state;
	assert_int_equal(path_rule_depth("a"), 1);
	assert_int_equal(path_rule_depth("a/b"), 2);
	assert_int_equal(path_rule_depth("a/bc/d"), 3);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(normalizes_folders),
		cmocka_unit_test(makes_paths_relative),
		cmocka_unit_test(judges_folders_below),
		cmocka_unit_test(limits_a_component),
		cmocka_unit_test(limits_a_path),
		cmocka_unit_test(limits_a_path_with_a_slash_at_its_end),
		cmocka_unit_test(folds_a_path_beyond_the_limit),
		cmocka_unit_test(keeps_within_the_buffer),
		cmocka_unit_test(knows_folders_and_hidden_names),
		cmocka_unit_test(appends_names_to_folders),
		cmocka_unit_test(limits_what_is_appended),
		cmocka_unit_test(joins_paths),
		cmocka_unit_test(counts_components),
	};

	return cmocka_run_group_tests_name("path_rule", tests, NULL, NULL);
}
