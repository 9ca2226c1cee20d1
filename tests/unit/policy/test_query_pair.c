/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/policy/query_pair. */
#include "config.h"

#include "fcgi_app/policy/query_pair.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/support/unit.h"

/* "name>value" or "name" of each pair, with a "|" after each. */
static void show(const char *query, char ret[128])
{
	struct query_pair pair;

	ret[0] = '\0';
	while (query_pair_next(&query, &pair)) {
		char *to = ret + strlen(ret);

		if (pair.value)
			sprintf(to, "%.*s>%.*s|", (int)pair.name_length,
			    pair.name, (int)pair.value_length, pair.value);
		else
			sprintf(to, "%.*s|", (int)pair.name_length, pair.name);
	}
}

static void splits_queries(void **state)
{
	static const struct {
		const char *query, *pairs;
	} rows[] = {
		{ NULL, "" },
		{ "", "" },
		{ "a=b", "a>b|" },
		{ "a=b&c=d", "a>b|c>d|" },
		{ "a", "a|" },
		{ "a=", "a>|" },
		{ "=b", ">b|" },
		{ "=", ">|" },
		{ "a=b=c&d", "a>b=c|d|" },
		{ "a&b=c", "a|b>c|" },
		{ "&", "|" },
		{ "&&a=b&", "||a>b|" },
		{ "%61=%62;c+d", "%61>%62;c+d|" },
	};
	char pairs[128];

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		show(rows[i].query, pairs);
		assert_string_equal(pairs, rows[i].pairs);
	}
}

static void knows_names(void **state)
{
	const char *query = "format=zip";
	struct query_pair pair;

	(void)state;
	assert_true(query_pair_next(&query, &pair));
	assert_true(query_pair_is(&pair, "format"));
	assert_false(query_pair_is(&pair, "forma"));
	assert_false(query_pair_is(&pair, "formats"));
	assert_false(query_pair_is(&pair, "Format"));
	assert_false(query_pair_is(&pair, ""));
}

static void knows_names_with_escapes(void **state)
{
	static const struct {
		const char *query;
		bool is_format;
	} rows[] = {
		{ "%66ormat=x", true },
		{ "forma%74", true },
		{ "%66%6F%72%6d%61%74=x", true },
		{ "format%00=x", false },
		{ "%", false },
		{ "forma%7=4", false },
		{ "%2566ormat=x", false },
		{ "forma%75=x", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		const char *cursor = rows[i].query;
		struct query_pair pair;

		assert_true(query_pair_next(&cursor, &pair));
		assert_int_equal(
		    query_pair_is(&pair, "format"), rows[i].is_format);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(splits_queries),
		cmocka_unit_test(knows_names),
		cmocka_unit_test(knows_names_with_escapes),
	};

	return cmocka_run_group_tests_name("query_pair", tests, NULL, NULL);
}
