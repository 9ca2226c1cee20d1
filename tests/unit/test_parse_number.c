/* SPDX-License-Identifier: MIT */
/* Unit tests of common/parse_number. */
#include "config.h"

#include "common/parse_number.h"

#include <errno.h>
#include <inttypes.h>

#include "tests/unit/support/unit.h"

/* What a value holds before a call that must leave it alone. */
#define UNTOUCHED UINT64_C(0x1234567890)

#define KIB UINT64_C(1024)

typedef int parse_fn(const char *text, uint64_t *ret_value);

struct parse_case {
	const char *text;
	int result;
	uint64_t value;
};

static void check_cases(
    parse_fn *parse, const struct parse_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct parse_case *c = &cases[i];
		uint64_t expected = c->result ? UNTOUCHED : c->value;
		uint64_t value = UNTOUCHED;
		int result = parse(c->text, &value);

		if (result != c->result || value != expected)
			fail_msg(
			    "\"%s\": %d, %" PRIu64, c->text, result, value);
	}
}

static void u64_takes_digits_only(void **state)
{
	static const struct parse_case cases[] = {
		{ "0", 0, 0 }, { "7", 0, 7 }, { "0010", 0, 10 },
		{ "4096", 0, 4096 }, { "", -EINVAL, 0 }, { " 1", -EINVAL, 0 },
		{ "1 ", -EINVAL, 0 }, { "1\n", -EINVAL, 0 },
		{ "+1", -EINVAL, 0 }, { "-1", -EINVAL, 0 },
		{ "0x10", -EINVAL, 0 }, { "1.0", -EINVAL, 0 },
		{ "1e3", -EINVAL, 0 }, { "1K", -EINVAL, 0 },
		{ "/", -EINVAL, 0 }, /* the characters around the digits */
		{ ":", -EINVAL, 0 },
		{ "\xd9\xa3", -EINVAL, 0 }, /* an Arabic digit */
	};

	(void)state;
	check_cases(parse_u64, cases, ARRAY_LENGTH(cases));
}

static void u64_stops_at_its_limit(void **state)
{
	static const struct parse_case cases[] = {
		{ "18446744073709551614", 0, UINT64_MAX - 1 },
		{ "18446744073709551615", 0, UINT64_MAX },
		{ "18446744073709551616", -ERANGE, 0 },
		{ "18446744073709551620", -ERANGE, 0 },
		{ "36893488147419103232", -ERANGE, 0 }, /* 2^65: wraps to 0 */
		{ "99999999999999999999999999", -ERANGE, 0 },
		{ "99999999999999999999999999x", -EINVAL, 0 },
		{ "00000000000000000000000000000001", 0, 1 },
	};

	(void)state;
	check_cases(parse_u64, cases, ARRAY_LENGTH(cases));
}

static void size_takes_units(void **state)
{
	static const struct parse_case cases[] = {
		{ "0", 0, 0 },
		{ "512", 0, 512 },
		{ "1K", 0, KIB },
		{ "256k", 0, 256 * KIB },
		{ "64M", 0, 64 * KIB * KIB },
		{ "64m", 0, 64 * KIB * KIB },
		{ "5G", 0, 5 * KIB * KIB * KIB },
		{ "5g", 0, 5 * KIB * KIB * KIB },
		{ "0G", 0, 0 },
		{ "", -EINVAL, 0 },
		{ "K", -EINVAL, 0 },
		{ "1KB", -EINVAL, 0 },
		{ "1 K", -EINVAL, 0 },
		{ "1K ", -EINVAL, 0 },
		{ "1T", -EINVAL, 0 },
		{ "1s", -EINVAL, 0 },
		{ "1.5G", -EINVAL, 0 },
		{ "-1K", -EINVAL, 0 },
	};

	(void)state;
	check_cases(parse_size, cases, ARRAY_LENGTH(cases));
}

static void size_stops_at_its_limit(void **state)
{
	static const struct parse_case cases[] = {
		{ "18446744073709551615", 0, UINT64_MAX },
		{ "18446744073709551616", -ERANGE, 0 },
		{ "18014398509481983K", 0, UINT64_MAX - 1023 },
		{ "18014398509481984K", -ERANGE, 0 },
		{ "17592186044415M", 0, UINT64_MAX - (KIB * KIB - 1) },
		{ "17592186044416M", -ERANGE, 0 },
		{ "17179869183G", 0, UINT64_MAX - (KIB * KIB * KIB - 1) },
		{ "17179869184G", -ERANGE, 0 },
		{ "18446744073709551616K", -ERANGE, 0 },
		{ "18446744073709551616T", -EINVAL, 0 },
	};

	(void)state;
	check_cases(parse_size, cases, ARRAY_LENGTH(cases));
}

static void duration_takes_units(void **state)
{
	static const struct parse_case cases[] = {
		{ "0", 0, 0 },
		{ "30", 0, 30000 },
		{ "250ms", 0, 250 },
		{ "30s", 0, 30000 },
		{ "5m", 0, 300000 },
		{ "2h", 0, 7200000 },
		{ "", -EINVAL, 0 },
		{ "ms", -EINVAL, 0 },
		{ "1S", -EINVAL, 0 },
		{ "1M", -EINVAL, 0 },
		{ "1d", -EINVAL, 0 },
		{ "1 s", -EINVAL, 0 },
		{ "1min", -EINVAL, 0 },
		{ "-1s", -EINVAL, 0 },
	};

	(void)state;
	check_cases(parse_duration, cases, ARRAY_LENGTH(cases));
}

static void duration_stops_at_its_limit(void **state)
{
	static const struct parse_case cases[] = {
		{ "18446744073709551615ms", 0, UINT64_MAX },
		{ "18446744073709551616ms", -ERANGE, 0 },
		{ "18446744073709551", 0, UINT64_C(18446744073709551000) },
		{ "18446744073709552", -ERANGE, 0 },
		{ "18446744073709551s", 0, UINT64_C(18446744073709551000) },
		{ "18446744073709552s", -ERANGE, 0 },
		{ "307445734561825m", 0, UINT64_C(18446744073709500000) },
		{ "307445734561826m", -ERANGE, 0 },
		{ "5124095576030h", 0, UINT64_C(18446744073708000000) },
		{ "5124095576031h", -ERANGE, 0 },
	};

	(void)state;
	check_cases(parse_duration, cases, ARRAY_LENGTH(cases));
}

static void digits_move_the_cursor(void **state)
{
	static const struct {
		const char *text;
		int result;
		uint64_t value;
		size_t moved;
	} cases[] = {
		{ "12-34", 0, 12, 2 },
		{ "12", 0, 12, 2 },
		{ "-34", -EINVAL, UNTOUCHED, 0 },
		{ "", -EINVAL, UNTOUCHED, 0 },
		{ "18446744073709551615,", 0, UINT64_MAX, 20 },
		{ "18446744073709551616,", -ERANGE, UNTOUCHED, 20 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		const char *cursor = cases[i].text;
		uint64_t value = UNTOUCHED;

		assert_int_equal(
		    parse_digits(&cursor, &value), cases[i].result);
		assert_int_equal(value, cases[i].value);
		assert_int_equal(cursor - cases[i].text, cases[i].moved);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(u64_takes_digits_only),
		cmocka_unit_test(u64_stops_at_its_limit),
		cmocka_unit_test(size_takes_units),
		cmocka_unit_test(size_stops_at_its_limit),
		cmocka_unit_test(duration_takes_units),
		cmocka_unit_test(duration_stops_at_its_limit),
		cmocka_unit_test(digits_move_the_cursor),
	};

	return cmocka_run_group_tests_name("parse_number", tests, NULL, NULL);
}
