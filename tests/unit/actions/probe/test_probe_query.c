/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/actions/probe/probe_query. */
#include "config.h"

#include "fcgi_app/actions/probe/probe_query.h"

#include <errno.h>

#include "tests/unit/support/unit.h"

#define TOKEN "&token=0123456789abcdef"
#define TOKEN_VALUE UINT64_C(0x0123456789abcdef)

static void understands_each_test(void **state)
{
	static const struct {
		const char *text;
		struct probe_query query;
	} cases[] = {
		{ "test=echo", { .test = PROBE_ECHO } },
		{ "test=body&size=1", { .test = PROBE_BODY, .size = 1 } },
		{ "size=7&test=body", { .test = PROBE_BODY, .size = 7 } },
		{ "test=head&size=512", { .test = PROBE_HEAD, .size = 512 } },
		{ "test=pieces&size=10&pause=0" TOKEN,
		    { .test = PROBE_PIECES,
			.size = 10,
			.token = TOKEN_VALUE } },
		{ "token=ffffffffffffffff&pause=5000&size=2&test=cut",
		    { .test = PROBE_CUT,
			.size = 2,
			.pause_ms = 5000,
			.token = UINT64_MAX } },
		{ "test=flood&size=3" TOKEN,
		    { .test = PROBE_FLOOD, .size = 3, .token = TOKEN_VALUE } },
		{ "test=release" TOKEN,
		    { .test = PROBE_RELEASE, .token = TOKEN_VALUE } },
		{ "test=status&token=0000000000000001",
		    { .test = PROBE_STATUS, .token = 1 } },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		const struct probe_query *expected = &cases[i].query;
		struct probe_query query = { .size = 99 };

		if (probe_query_parse(cases[i].text, &query) != 0)
			fail_msg("%s is refused", cases[i].text);
		assert_int_equal(query.test, expected->test);
		assert_int_equal(query.size, expected->size);
		assert_int_equal(query.pause_ms, expected->pause_ms);
		assert_int_equal(query.token, expected->token);
	}
}

static void refuses_what_is_not_a_question(void **state)
{
	static const char *const cases[] = {
		NULL,
		"",
		"test",
		"test=",
		"test=nothing",
		"test=echo&",
		"&test=echo",
		"test=echo&&",
		"test=echo;size=1",
		"test=echo&test=echo",
		"Test=echo",
		"test=Echo",
		"test=ech",
		"test=echoes",
		"tes=echo",
		"tests=echo",
		" test=echo",
		"test=echo ",
		"test=%65cho",
		/* A key that the test does not use, or that is missing */
		"test=echo&size=1",
		"test=echo&other=1",
		"test=body",
		"size=1",
		"test=body&size=1&pause=1",
		"test=pieces&size=1&pause=1",
		"test=flood&size=1&pause=1" TOKEN,
		"test=status",
		/* Numbers and tokens have one spelling */
		"test=body&size=",
		"test=body&size=+1",
		"test=body&size=0x1",
		"test=body&size=1K",
		"test=body&size=1&size=1",
		"test=status&token=",
		"test=status&token=0123456789abcde",
		"test=status&token=0123456789abcdef0",
		"test=status&token=0123456789abcdeg",
		"test=status&token=0123456789ABCDEF",
		"test=status&token=0000000000000000",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct probe_query query = { .size = 99 };

		if (probe_query_parse(cases[i], &query) != -EINVAL)
			fail_msg("%s", cases[i] ? cases[i] : "NULL");
		assert_int_equal(query.size, 99);
	}
}

static void keeps_its_limits(void **state)
{
	static const struct {
		const char *text;
		int result;
	} cases[] = {
		{ "test=body&size=0", -ERANGE },
		{ "test=body&size=1048576", 0 },
		{ "test=body&size=1048577", -ERANGE },
		{ "test=body&size=9999999999999999", -ERANGE },
		/* No value is longer than a token */
		{ "test=body&size=99999999999999999", -EINVAL },
		{ "test=head&size=511", -ERANGE },
		{ "test=head&size=512", 0 },
		{ "test=head&size=16384", 0 },
		{ "test=head&size=16385", -ERANGE },
		{ "test=pieces&size=0&pause=1" TOKEN, -ERANGE },
		{ "test=pieces&size=1048576&pause=5000" TOKEN, 0 },
		{ "test=pieces&size=1048577&pause=5000" TOKEN, -ERANGE },
		{ "test=pieces&size=1048576&pause=5001" TOKEN, -ERANGE },
		{ "test=cut&size=0&pause=1" TOKEN, -ERANGE },
		{ "test=cut&size=1048576&pause=5000" TOKEN, 0 },
		{ "test=cut&size=1048577&pause=5000" TOKEN, -ERANGE },
		{ "test=cut&size=1048576&pause=5001" TOKEN, -ERANGE },
		{ "test=flood&size=0" TOKEN, -ERANGE },
		{ "test=flood&size=67108864" TOKEN, 0 },
		{ "test=flood&size=67108865" TOKEN, -ERANGE },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct probe_query query;
		int result = probe_query_parse(cases[i].text, &query);

		if (result != cases[i].result)
			fail_msg("%s: %d", cases[i].text, result);
	}
}

static void knows_its_path(void **state)
{
	static const struct {
		const char *path;
		bool is;
	} cases[] = {
		{ "/.fcgi-stream-probe", true },
		{ "/a/b/.fcgi-stream-probe", true },
		{ "/a/.fcgi-stream-probe?test=echo", true },
		{ "http://host/.fcgi-stream-probe?", true },
		{ "", false },
		{ ".fcgi-stream-probe", false },
		{ "/.fcgi-stream-probe/", false },
		{ "/.fcgi-stream-probe/x", false },
		{ "/x.fcgi-stream-probe", false },
		{ "/.fcgi-stream-probes", false },
		{ "/.fcgi-stream-prob", false },
		{ "/x?/.fcgi-stream-probe", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
		if (probe_query_is_path(cases[i].path) != cases[i].is)
			fail_msg("%s", cases[i].path);
}

static void its_bytes_repeat_after_64(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < 64; i++) {
		for (uint64_t other = 0; other < i; other++)
			assert_int_not_equal(
			    probe_query_byte(i), probe_query_byte(other));
		assert_int_equal(probe_query_byte(i), probe_query_byte(i + 64));
		assert_int_equal(probe_query_byte(i),
		    probe_query_byte(i + ((uint64_t)1 << 62)));
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(understands_each_test),
		cmocka_unit_test(refuses_what_is_not_a_question),
		cmocka_unit_test(keeps_its_limits),
		cmocka_unit_test(knows_its_path),
		cmocka_unit_test(its_bytes_repeat_after_64),
	};

	return cmocka_run_group_tests_name("probe_query", tests, NULL, NULL);
}
