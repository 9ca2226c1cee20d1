/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/request/operator_pace. */
#include "config.h"
#include "fcgi_app/request/operator_pace.h"

#include <string.h>

#include "common/fcgi/fcgi_params.h"
#include "common/stream/pacer.h"
#include "fcgi_app/request/param_rule.h"
#include "tests/unit/support/make_params.h"
#include "tests/unit/support/unit.h"

struct pace_case {
	const char *rate;
	const char *burst;
	const char *bad; /* NULL: both are good */
	struct pacer_plan plan;
};

static void check_case(const struct pace_case *c)
{
	const char *pairs[] = { "STREAM_RATE", c->rate ? c->rate : "",
		"STREAM_BURST", c->burst ? c->burst : "", NULL };
	struct fcgi_params *params = make_params(pairs);
	struct pacer_plan plan;
	const struct param_rule *bad = operator_pace_read(params, &plan);

	if (c->bad) {
		assert_non_null(bad);
		assert_string_equal(bad->name, c->bad);
	} else {
		assert_null(bad);
		assert_int_equal(plan.rate, c->plan.rate);
		assert_int_equal(plan.burst, c->plan.burst);
	}
	fcgi_params_free(params);
}

static void reads_sizes(void **state)
{
	static const struct pace_case cases[] = {
		{ NULL, NULL, NULL, { 0, 0 } },
		{ "0", NULL, NULL, { 0, 0 } },
		{ "0", "1M", NULL, { 0, 0 } },
		{ NULL, "1M", NULL, { 0, 0 } },
		{ "1", NULL, NULL, { 1, 0 } },
		{ "8K", NULL, NULL, { 8192, 0 } },
		{ "100m", "2G", NULL, { 100 << 20, (uint64_t)2 << 30 } },
		{ "1024G", "0", NULL, { PACER_RATE_MAX, 0 } },
		{ "1", "18446744073709551615", NULL, { 1, UINT64_MAX } },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
		check_case(&cases[i]);
}

static void refuses_what_is_no_size(void **state)
{
	static const struct pace_case cases[] = {
		{ "fast", NULL, "STREAM_RATE", { 0, 0 } },
		{ "-1", NULL, "STREAM_RATE", { 0, 0 } },
		{ "8 K", NULL, "STREAM_RATE", { 0, 0 } },
		{ "8KB", NULL, "STREAM_RATE", { 0, 0 } },
		{ "1.5M", NULL, "STREAM_RATE", { 0, 0 } },
		{ "1099511627777", NULL, "STREAM_RATE", { 0, 0 } },
		{ "18446744073709551616", NULL, "STREAM_RATE", { 0, 0 } },
		{ "x", "x", "STREAM_RATE", { 0, 0 } },
		{ "8K", "x", "STREAM_BURST", { 0, 0 } },
		{ "8K", "1M ", "STREAM_BURST", { 0, 0 } },
		{ "8K", "18446744073709551616", "STREAM_BURST", { 0, 0 } },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
		check_case(&cases[i]);
}

static void absent_is_as_empty(void **state)
{
	static const char *none[] = { NULL };
	struct fcgi_params *params = make_params(none);
	struct pacer_plan plan = { 1, 1 };

	(void)state;
	assert_null(operator_pace_read(params, &plan));
	assert_int_equal(plan.rate, 0);
	fcgi_params_free(params);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_sizes),
		cmocka_unit_test(refuses_what_is_no_size),
		cmocka_unit_test(absent_is_as_empty),
	};

	return cmocka_run_group_tests_name("operator_pace", tests, NULL, NULL);
}
