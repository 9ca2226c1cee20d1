/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/policy/etag. */
#include "config.h"

#include "fcgi_app/policy/etag.h"

#include <string.h>

#include "tests/unit/support/unit.h"

static const struct etag_content sample = {
	.version = { .size = 4096, .mtime = { .tv_sec = 1, .tv_nsec = 5 } },
};

/* As many bytes as a SHA-256 has. */
static const uint8_t sha256[] = "\x01\x23\x45\x67\x89\xab\xcd\xef"
				"\x01\x23\x45\x67\x89\xab\xcd\xef"
				"\x01\x23\x45\x67\x89\xab\xcd\xef"
				"\x01\x23\x45\x67\x89\xab\xcd\xff";

/* Of size and time, and of nothing that tells of the machine. */
static void writes_a_strong_quoted_tag(void **state)
{
	char tag[ETAG_MAX];

	(void)state;
	etag_format(&sample, NULL, tag);
	assert_string_equal(tag, "\"3b9aca05-1000\"");
	etag_format(&sample, "gzip", tag);
	assert_string_equal(tag, "\"3b9aca05-1000+gzip\"");
}

static void prefers_a_digest(void **state)
{
	struct etag_content content = { .sha256 = sha256 };
	char tag[ETAG_MAX], other[ETAG_MAX];

	(void)state;
	etag_format(&content, NULL, tag);
	assert_string_equal(tag,
	    "\"0123456789abcdef0123456789abcdef"
	    "0123456789abcdef0123456789abcdff\"");
	content.version = sample.version;
	etag_format(&content, NULL, other);
	assert_string_equal(other, tag);
	etag_format(&content, "zstd", tag);
	assert_int_equal(strlen(tag), ETAG_MAX - 1);
	assert_string_equal(tag,
	    "\"0123456789abcdef0123456789abcdef"
	    "0123456789abcdef0123456789abcdff+zstd\"");
}

static void fits_the_largest_values(void **state)
{
	static const struct etag_content largest = {
		.version = { .size = UINT64_MAX,
		    .mtime = { .tv_sec = -1, .tv_nsec = 999999999 } }
	};
	char tag[ETAG_MAX];

	(void)state;
	etag_format(&largest, NULL, tag);
	assert_string_equal(tag, "\"ffffffffffffffff-ffffffffffffffff\"");
}

static void each_part_changes_the_tag(void **state)
{
	struct etag_content contents[] = { sample, sample, sample, sample,
		sample };
	const char *codings[] = { NULL, NULL, NULL, NULL, "br" };
	char tags[ARRAY_LENGTH(contents)][ETAG_MAX];

	(void)state;
	contents[1].version.size++;
	contents[2].version.mtime.tv_sec++;
	contents[3].version.mtime.tv_nsec++;
	for (size_t i = 0; i < ARRAY_LENGTH(contents); i++) {
		etag_format(&contents[i], codings[i], tags[i]);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(tags[i], tags[k]);
	}
}

static void compares_strongly(void **state)
{
	static const struct {
		const char *a;
		const char *b;
		bool equal;
	} cases[] = {
		/* The table of RFC 9110, 8.8.3.2 */
		{ "W/\"1\"", "W/\"1\"", false },
		{ "W/\"1\"", "W/\"2\"", false },
		{ "W/\"1\"", "\"1\"", false },
		{ "\"1\"", "\"1\"", true },
		{ "\"\"", "\"\"", true },
		{ "\"1\"", "\"2\"", false },
		{ "\"1\"", "\"12\"", false },
		{ "\"12\"", "\"1\"", false },
		{ "\"a\"", "\"A\"", false },
		{ "\"1\"\t", "\"1\"", true }, /* nginx */
		{ "\"1\"", "\"1\" \t ", true },
		{ " \"1\"", "\"1\"", false },
		{ "\"\xc3\xa9!~\"", "\"\xc3\xa9!~\"", true },
		{ NULL, "\"1\"", false },
		{ "\"1\"", NULL, false },
		{ NULL, NULL, false },
		/* Malformed tags are not even equal to themselves. */
		{ "", "", false },
		{ "1", "1", false },
		{ "\"", "\"", false },
		{ "\"1", "\"1", false },
		{ "1\"", "1\"", false },
		{ "\"1\"x", "\"1\"x", false },
		{ "\"1\", \"2\"", "\"1\", \"2\"", false },
		{ "\"1 2\"", "\"1 2\"", false },
		{ "\"1\x7f\"", "\"1\x7f\"", false },
		{ "*", "*", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		bool equal = etag_strong_equal(cases[i].a, cases[i].b);

		if (equal != cases[i].equal)
			fail_msg("%s and %s: %d", cases[i].a, cases[i].b,
			    (int)equal);
	}
}

/* What Apache adds when it compresses what had our tag. */
static void knows_the_suffixes_of_fronts(void **state)
{
	static const struct {
		const char *list;
		bool found;
	} cases[] = {
		{ "\"a-b\"", true },
		{ "\"a-b-gzip\"", true },
		{ "\"a-b-br\"", true },
		{ "W/\"a-b-gzip\"", true },
		{ "\"x\", \"a-b-gzip\"", true },
		{ "\"a-b-gzip-gzip\"", false },
		{ "\"a-b-deflate\"", false },
		{ "\"a-b-gzi\"", false },
		{ "\"a-b-gzipp\"", false },
		{ "\"a-bgzip\"", false },
		{ "\"a-gzip\"", false },
		{ "\"a-\"", false },
		{ "\"a-b-\"", false },
		{ "\"a-b-gzip", false },
		{ "\"-gzip\"", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		if (etag_list_has(cases[i].list, "\"a-b\"", ETAG_WEAK) !=
		    cases[i].found)
			fail_msg("%s", cases[i].list);
		/* The bytes are others, so no range of ours fits them. */
		if (etag_list_has(cases[i].list, "\"a-b\"", ETAG_STRONG) !=
		    (i == 0))
			fail_msg("strongly %s", cases[i].list);
		if (etag_strong_equal(cases[i].list, "\"a-b\"") != (i == 0))
			fail_msg("alone %s", cases[i].list);
	}
	assert_true(etag_list_has("\"\"", "\"\"", ETAG_WEAK));
	assert_true(etag_list_has("\"-br\"", "\"\"", ETAG_WEAK));
	/* One that has a suffix by itself. */
	assert_true(etag_list_has("\"a-gzip\"", "\"a-gzip\"", ETAG_STRONG));
	assert_false(etag_list_has("\"a\"", "\"a-gzip\"", ETAG_WEAK));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_a_strong_quoted_tag),
		cmocka_unit_test(prefers_a_digest),
		cmocka_unit_test(fits_the_largest_values),
		cmocka_unit_test(each_part_changes_the_tag),
		cmocka_unit_test(compares_strongly),
		cmocka_unit_test(knows_the_suffixes_of_fronts),
	};

	return cmocka_run_group_tests_name("etag", tests, NULL, NULL);
}
