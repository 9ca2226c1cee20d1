/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/policy/structured_field, by RFC 9651. */
#include "config.h"

#include "fcgi_app/policy/structured_field.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "tests/unit/support/unit.h"

#define NOT_INTEGER INT64_MIN

/* Read a whole field; returns the number of members or -EINVAL. */
static int count_members(const char *field)
{
	struct structured_member member;
	int count = 0;
	int result;

	while ((result = structured_dictionary_next(&field, &member)) > 0)
		count++;
	return result ? result : count;
}

struct row {
	const char *field;
	int expected; /* the number of members, or -EINVAL */
};

static void check(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int result = count_members(rows[i].field);

		if (result != rows[i].expected)
			fail_msg("\"%s\": %d", rows[i].field, result);
	}
}

#define CHECK(rows) check(rows, ARRAY_LENGTH(rows))

static void dictionaries(void **state)
{
	static const struct row rows[] = {
		{ "", 0 },
		{ "  \t", 0 },
		{ "a", 1 },
		{ " a=1 ", 1 },
		{ "a=1\t", 1 }, /* nginx */
		{ "a=1,b=2", 2 },
		{ "a=1 \t,\t b=2", 2 },
		{ "a, a, a", 3 },
		{ "*a_-.*9=1", 1 },
		{ "a=1,", -EINVAL },
		{ "a=1, ", -EINVAL },
		{ ",a=1", -EINVAL },
		{ "a=1,,b=2", -EINVAL },
		{ "a=1 b=2", -EINVAL },
		{ "a=1;b=2 c", -EINVAL },
		{ "a =1", -EINVAL },
		{ "a= 1", -EINVAL },
		{ "a=", -EINVAL },
		{ "=1", -EINVAL },
		{ "A=1", -EINVAL },
		{ "aB=1", -EINVAL },
		{ "9=1", -EINVAL },
		{ "-a=1", -EINVAL },
		{ "\"a\"=1", -EINVAL },
		{ "\xc3\xa4=1", -EINVAL },
		{ "a\n", -EINVAL },
	};

	(void)state;
	CHECK(rows);
}

static void numbers(void **state)
{
	static const struct row rows[] = {
		{ "a=0", 1 },
		{ "a=-0", 1 },
		{ "a=999999999999999", 1 },
		{ "a=-999999999999999", 1 },
		{ "a=1000000000000000", -EINVAL },
		{ "a=0000000000000001", -EINVAL },
		{ "a=1.5", 1 },
		{ "a=-123456789012.123", 1 },
		{ "a=1234567890123.1", -EINVAL },
		{ "a=1.1234", -EINVAL },
		{ "a=1.", -EINVAL },
		{ "a=.5", -EINVAL },
		{ "a=-.5", -EINVAL },
		{ "a=-", -EINVAL },
		{ "a=--1", -EINVAL },
		{ "a=+1", -EINVAL },
		{ "a=1.2.3", -EINVAL },
		{ "a=1x", -EINVAL },
	};

	(void)state;
	CHECK(rows);
}

static void strings_and_tokens(void **state)
{
	static const struct row rows[] = {
		{ "a=\"\"", 1 },
		{ "a=\"b, c=d\"", 1 },
		{ "a=\" ~\\\"\\\\\"", 1 },
		{ "a=\"", -EINVAL },
		{ "a=\"\\\"", -EINVAL },
		{ "a=\"\\", -EINVAL },
		{ "a=\"\\n\"", -EINVAL },
		{ "a=\"\t\"", -EINVAL },
		{ "a=\"\x7f\"", -EINVAL },
		{ "a=\"\xc3\xa4\"", -EINVAL },
		{ "a=\"b\"c", -EINVAL },
		{ "a=b", 1 },
		{ "a=*", 1 },
		{ "a=Bb9!#$%&'*+-.^_`|~:/", 1 },
		{ "a=b=c", -EINVAL },
		{ "a=!", -EINVAL },
		{ "a=/", -EINVAL },
		{ "a=b\"", -EINVAL },
	};

	(void)state;
	CHECK(rows);
}

static void other_items(void **state)
{
	static const struct row rows[] = {
		{ "a=::", 1 },
		{ "a=:aGVsbG8=:", 1 },
		{ "a=:aGVsbG8:", 1 },
		{ "a=:aA==:", 1 },
		{ "a=:+/9=:", 1 },
		{ "a=:aaaaa:", -EINVAL },
		{ "a=:aA===:", -EINVAL },
		{ "a=:a=A=:", -EINVAL },
		{ "a=:aA-_:", -EINVAL },
		{ "a=:aA:a", -EINVAL },
		{ "a=:", -EINVAL },
		{ "a=:aA", -EINVAL },
		{ "a=?0", 1 },
		{ "a=?1", 1 },
		{ "a=?2", -EINVAL },
		{ "a=?", -EINVAL },
		{ "a=?10", -EINVAL },
		{ "a=@1659578233", 1 },
		{ "a=@-1", 1 },
		{ "a=@1.5", -EINVAL },
		{ "a=@", -EINVAL },
		{ "a=%\"\"", 1 },
		{ "a=%\"x %c3%bc\"", 1 },
		{ "a=%\"%C3%BC\"", -EINVAL },
		{ "a=%\"%c\"", -EINVAL },
		{ "a=%\"%", -EINVAL },
		{ "a=%\"\xc3\xbc\"", -EINVAL },
		{ "a=%\"x", -EINVAL },
		{ "a=%x", -EINVAL },
		{ "a=%", -EINVAL },
	};

	(void)state;
	CHECK(rows);
}

static void parameters(void **state)
{
	static const struct row rows[] = {
		{ "a;b", 1 },
		{ "a=1;b", 1 },
		{ "a=1;b=2;  c=\"x;y,z\";d=:aA:, e", 2 },
		{ "a=1;b=?0;b=@1", 1 },
		{ "a=1;", -EINVAL },
		{ "a=1; ", -EINVAL },
		{ "a=1 ;b", -EINVAL },
		{ "a=1;\tb", -EINVAL },
		{ "a=1;b=", -EINVAL },
		{ "a=1;B", -EINVAL },
		{ "a=1;b=(1)", -EINVAL },
		{ "a;b=1;;c", -EINVAL },
	};

	(void)state;
	CHECK(rows);
}

static void inner_lists(void **state)
{
	static const struct row rows[] = {
		{ "a=()", 1 },
		{ "a=(  )", 1 },
		{ "a=(1)", 1 },
		{ "a=( 1  \"x\" y )", 1 },
		{ "a=(1;b=2 c;d);e=f, g", 2 },
		{ "a=(", -EINVAL },
		{ "a=(1", -EINVAL },
		{ "a=(1 ", -EINVAL },
		{ "a=)", -EINVAL },
		{ "a=(1,2)", -EINVAL },
		{ "a=(1\t2)", -EINVAL },
		{ "a=(\"x\"\"y\")", -EINVAL },
		{ "a=((1))", -EINVAL },
		{ "a=(1))", -EINVAL },
		{ "a=(1;)", -EINVAL },
		{ "(1)", -EINVAL },
	};

	(void)state;
	CHECK(rows);
}

static void hands_out_keys_and_integers(void **state)
{
	static const struct {
		const char *key;
		int64_t integer;
	} expected[] = {
		{ "a", 10 },
		{ "b", -999999999999999 },
		{ "c", NOT_INTEGER },
		{ "d-1", NOT_INTEGER },
		{ "e", NOT_INTEGER },
		{ "f", NOT_INTEGER },
		{ "g", NOT_INTEGER },
		{ "h", 0 },
	};
	const char *cursor = "a=10;x=11, b=-999999999999999,c, d-1=(1), "
			     "e=1.0,f=@5, g=\"6\",h=00";
	struct structured_member member;

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(expected); i++) {
		assert_int_equal(
		    structured_dictionary_next(&cursor, &member), 1);
		assert_int_equal(member.key_length, strlen(expected[i].key));
		assert_memory_equal(
		    member.key, expected[i].key, member.key_length);
		assert_int_equal(
		    member.is_integer, expected[i].integer != NOT_INTEGER);
		assert_int_equal(member.integer,
		    member.is_integer ? expected[i].integer : 0);
	}
	assert_int_equal(structured_dictionary_next(&cursor, &member), 0);
	assert_int_equal(structured_dictionary_next(&cursor, &member), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(dictionaries),
		cmocka_unit_test(numbers),
		cmocka_unit_test(strings_and_tokens),
		cmocka_unit_test(other_items),
		cmocka_unit_test(parameters),
		cmocka_unit_test(inner_lists),
		cmocka_unit_test(hands_out_keys_and_integers),
	};

	return cmocka_run_group_tests_name(
	    "structured_field", tests, NULL, NULL);
}
