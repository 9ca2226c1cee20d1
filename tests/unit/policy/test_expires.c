/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/policy/expires. */
#include "config.h"

#include "fcgi_app/policy/expires.h"

#include <errno.h>
#include <inttypes.h>

#include "tests/unit/support/unit.h"

#define NOW INT64_C(1000000000)
#define DAY 86400

struct row {
	const char *text;
	int64_t seconds; /* from now */
	int64_t max_age; /* on success; else what it was before */
	int result;
};

static void check(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct expires expires = { NOW + 77, 77 };
		int result = expires_parse(rows[i].text, NOW, &expires);

		if (result != rows[i].result ||
		    expires.date != NOW + rows[i].seconds ||
		    expires.max_age != rows[i].max_age)
			fail_msg("\"%s\": %d, %" PRId64 ", %" PRId64,
			    rows[i].text, result, (int64_t)expires.date - NOW,
			    expires.max_age);
	}
}

#define CHECK(rows) check(rows, ARRAY_LENGTH(rows))
#define GIVES(s) (s), (s), 0
#define FAILS(err) 77, 77, -(err)

static void durations(void **state)
{
	static const struct row rows[] = {
		{ "0", GIVES(0) },
		{ "90", GIVES(90) },
		{ "30s", GIVES(30) },
		{ "10m", GIVES(600) },
		{ "12h", GIVES(43200) },
		{ "7d", GIVES(7 * DAY) },
		{ "2w", GIVES(14 * DAY) },
		{ "6M", GIVES(180 * DAY) },
		{ "1y", GIVES(365 * DAY) },
		{ "+1d", GIVES(DAY) },
		{ "1h30m", GIVES(5400) },
		{ "1d 2h\t3m4s", GIVES(DAY + 7384) },
		{ "1h 5", GIVES(3605) },
		{ " 5m ", GIVES(300) },
		{ "5 ", GIVES(5) },
	};

	(void)state;
	CHECK(rows);
}

static void expired(void **state)
{
	static const struct row rows[] = {
		{ "-1", GIVES(-1) },
		{ "-30s", GIVES(-30) },
		{ "-1h30m", GIVES(-5400) },
		{ "-0", GIVES(0) },
	};

	(void)state;
	CHECK(rows);
}

/* What nginx sends for them. */
static void words(void **state)
{
	static const struct row rows[] = {
		{ "epoch", 1 - NOW, -1, 0 },
		{ "max", INT64_C(2145916555) - NOW, 315360000, 0 },
	};

	(void)state;
	CHECK(rows);
}

static void malformed(void **state)
{
	static const struct row rows[] = {
		{ "", FAILS(EINVAL) },
		{ " ", FAILS(EINVAL) },
		{ "-", FAILS(EINVAL) },
		{ "+", FAILS(EINVAL) },
		{ "s", FAILS(EINVAL) },
		{ "--1", FAILS(EINVAL) },
		{ "-+1", FAILS(EINVAL) },
		{ "- 1", FAILS(EINVAL) },
		{ "1 d", FAILS(EINVAL) },
		{ "1ms", FAILS(EINVAL) },
		{ "1D", FAILS(EINVAL) },
		{ "1.5h", FAILS(EINVAL) },
		{ "0x10", FAILS(EINVAL) },
		{ "1h-5m", FAILS(EINVAL) },
		{ "30m1h", FAILS(EINVAL) },
		{ "1h1h", FAILS(EINVAL) },
		{ "5 5", FAILS(EINVAL) },
		{ "5s5", FAILS(EINVAL) },
		{ "1d\n", FAILS(EINVAL) },
		{ "off", FAILS(EINVAL) },
		{ "Epoch", FAILS(EINVAL) },
		{ "max ", FAILS(EINVAL) },
		{ "@15h30m", FAILS(EINVAL) },
		{ "modified +24h", FAILS(EINVAL) },
		{ "99999999999999999999x", FAILS(EINVAL) },
		{ "99999999999999999999y1x", FAILS(EINVAL) },
	};

	(void)state;
	CHECK(rows);
}

static void limits(void **state)
{
	static const struct row rows[] = {
		{ "2147483647", GIVES(EXPIRES_SECONDS_MAX) },
		{ "-2147483647", GIVES(-(int64_t)EXPIRES_SECONDS_MAX) },
		{ "24855d11647s", GIVES(EXPIRES_SECONDS_MAX) },
		{ "2147483648", FAILS(ERANGE) },
		{ "-2147483648", FAILS(ERANGE) },
		{ "24855d11648s", FAILS(ERANGE) },
		{ "68y", GIVES(INT64_C(68) * 365 * DAY) },
		{ "69y", FAILS(ERANGE) },
		{ "18446744073709551615", FAILS(ERANGE) },
		{ "18446744073709551616", FAILS(ERANGE) },
		{ "18446744073709551615s", FAILS(ERANGE) },
		{ "18446744073709551615y", FAILS(ERANGE) },
		/* 2^64 seconds, which would wrap to 0 */
		{ "584942417355y2271616s", FAILS(ERANGE) },
		{ "584942417356y", FAILS(ERANGE) },
	};
	struct expires expires = { 5, 6 };

	(void)state;
	CHECK(rows);
	assert_int_equal(expires_parse("1", INT64_MAX, &expires), -ERANGE);
	assert_int_equal(expires.date, 5);
	assert_int_equal(expires.max_age, 6);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(durations),
		cmocka_unit_test(expired),
		cmocka_unit_test(words),
		cmocka_unit_test(malformed),
		cmocka_unit_test(limits),
	};

	return cmocka_run_group_tests_name("expires", tests, NULL, NULL);
}
