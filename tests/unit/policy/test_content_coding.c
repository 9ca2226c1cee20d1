/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/policy/content_coding, by RFC 9110, 12.5.3. */
#include "config.h"

#include "fcgi_app/policy/content_coding.h"

#include <string.h>

#include "tests/unit/support/unit.h"

struct row {
	const char *offered;
	const char *accept;
	const char *expected; /* names with a blank after each */
};

static void check(const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct content_coding *found[CONTENT_CODINGS_MAX];
		size_t n = content_coding_choose(
		    rows[i].offered, rows[i].accept, found);
		char names[64] = "";

		for (size_t k = 0; k < n; k++) {
			strcat(names, found[k]->name);
			strcat(names, " ");
		}
		if (strcmp(names, rows[i].expected) != 0)
			fail_msg("row %zu (%s; %s): %s", i, rows[i].offered,
			    rows[i].accept ? rows[i].accept : "-", names);
	}
}

#define CHECK(rows) check(rows, ARRAY_LENGTH(rows))
#define ALL "br zstd gzip"

static void offered(void **state)
{
	static const struct row rows[] = {
		{ ALL, "gzip, deflate, br, zstd", "br zstd gzip " },
		{ "gzip,zstd,br", "gzip, br, zstd", "gzip zstd br " },
		{ "\tBR , ,GZip,", "gzip, br", "br gzip " },
		{ "gzip", "gzip, br", "gzip " },
		{ "X-GZIP", "gzip", "gzip " },
		{ "br br gzip br x-gzip", "gzip, br", "br gzip " },
		{ "deflate gz brotli br", "*", "br " },
		{ "bro b", "br", "" },
		{ "", "*", "" },
		{ ", ", "*", "" },
	};

	(void)state;
	CHECK(rows);
}

static void accepted(void **state)
{
	static const struct row rows[] = {
		{ ALL, NULL, "" },
		{ ALL, "", "" },
		{ ALL, "identity", "" },
		{ ALL, "deflate, compress", "" },
		{ ALL, "GZip", "gzip " },
		{ ALL, "x-gzip", "gzip " },
		{ ALL, "gzi, gzipp, gzip2", "" },
		{ ALL, ",, gzip ,\t,", "gzip " },
		{ ALL, "gzip\t", "gzip " }, /* nginx */
		{ ALL, " br;q=1\t", "br " },
		{ ALL, "*", "br zstd gzip " },
		{ ALL, "*;q=0", "" },
		{ ALL, "*, br;q=0", "zstd gzip " },
		{ ALL, "*;q=0, gzip", "gzip " },
		{ ALL, "gzip, *;q=0.5", "gzip br zstd " },
	};

	(void)state;
	CHECK(rows);
}

static void weights(void **state)
{
	static const struct row rows[] = {
		{ ALL, "br;q=0.5, gzip;q=0.8", "gzip br " },
		{ ALL, "br;q=0.1,zstd;q=0.2,gzip;q=0.3", "gzip zstd br " },
		{ ALL, "br;q=0.998, gzip;q=0.999", "gzip br " },
		{ ALL, "br;q=0.5, zstd;q=0.50, gzip;q=0.500", "br zstd gzip " },
		{ ALL, "br;q=1., gzip;q=1.000, zstd;q=0.", "br gzip " },
		{ ALL, "br;q=0, gzip", "gzip " },
		{ ALL, "br;q=0.000, gzip", "gzip " },
		{ ALL, "br;q=0.001", "br " },
		{ ALL, "br ; Q=0.5 , gzip\t;\tq=1", "gzip br " },
	};

	(void)state;
	CHECK(rows);
}

static void identity(void **state)
{
	static const struct row rows[] = {
		{ ALL, "identity, br;q=0.9", "" },
		{ ALL, "identity;q=0.5, br;q=0.4, gzip;q=0.6", "gzip " },
		{ ALL, "identity;q=0.5, br;q=0.5", "br " },
		{ ALL, "identity;q=0, br;q=0.1", "br " },
		/* "*" is also for an identity that is not listed. */
		{ ALL, "*;q=0.5, br;q=0.4", "zstd gzip " },
		{ ALL, "identity;q=0.1, *;q=0.5, br;q=0.4", "zstd gzip br " },
		{ ALL, "gzip;q=0.001", "gzip " },
	};

	(void)state;
	CHECK(rows);
}

static void malformed_elements(void **state)
{
	static const struct row rows[] = {
		{ ALL, "br;q=1.1, gzip", "gzip " },
		{ ALL, "br;q=1.001, gzip", "gzip " },
		{ ALL, "br;q=0.1234, gzip", "gzip " },
		{ ALL, "br;q=2, gzip", "gzip " },
		{ ALL, "br;q=-1, gzip", "gzip " },
		{ ALL, "br;q=.5, gzip", "gzip " },
		{ ALL, "br;q=00, gzip", "gzip " },
		{ ALL, "br;q= 1, gzip", "gzip " },
		{ ALL, "br;q =1, gzip", "gzip " },
		{ ALL, "br;q=, gzip", "gzip " },
		{ ALL, "br;q, gzip", "gzip " },
		{ ALL, "br;, gzip", "gzip " },
		{ ALL, "br;level=9, gzip", "gzip " },
		{ ALL, "br;q=1;x, gzip", "gzip " },
		{ ALL, "br;q=1x, gzip", "gzip " },
		{ ALL, "br gzip", "" },
		{ ALL, ";q=1, gzip", "gzip " },
		/* As if it weren't there: the next of its name counts. */
		{ ALL, "br;q=x, br;q=0.5, gzip", "gzip br " },
	};

	(void)state;
	CHECK(rows);
}

static void first_of_several_counts(void **state)
{
	static const struct row rows[] = {
		{ ALL, "br;q=0, br", "" },
		{ ALL, "br, br;q=0", "br " },
		{ ALL, "x-gzip;q=0, gzip", "" },
		{ ALL, "*;q=0, *", "" },
		{ ALL, "identity;q=0, br;q=0.5, identity", "br " },
	};

	(void)state;
	CHECK(rows);
}

static void names_and_suffixes(void **state)
{
	static const struct content_coding expected[] = {
		{ "br", ".br" },
		{ "zstd", ".zst" },
		{ "gzip", ".gz" },
	};
	const struct content_coding *found[CONTENT_CODINGS_MAX];

	(void)state;
	assert_int_equal(ARRAY_LENGTH(expected), CONTENT_CODINGS_MAX);
	assert_int_equal(
	    content_coding_choose(ALL, "*", found), CONTENT_CODINGS_MAX);
	for (size_t i = 0; i < CONTENT_CODINGS_MAX; i++) {
		assert_string_equal(found[i]->name, expected[i].name);
		assert_string_equal(found[i]->suffix, expected[i].suffix);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(offered),
		cmocka_unit_test(accepted),
		cmocka_unit_test(weights),
		cmocka_unit_test(identity),
		cmocka_unit_test(malformed_elements),
		cmocka_unit_test(first_of_several_counts),
		cmocka_unit_test(names_and_suffixes),
	};

	return cmocka_run_group_tests_name("content_coding", tests, NULL, NULL);
}
