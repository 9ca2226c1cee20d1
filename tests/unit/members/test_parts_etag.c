/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/members/parts_etag. */
#include "config.h"

#include "fcgi_app/members/parts_etag.h"

#include <string.h>

#include "tests/unit/support/unit.h"

static const uint8_t sha256[crypto_hash_sha256_BYTES] = { 1, 2, 3 };
static const uint8_t other_sha256[crypto_hash_sha256_BYTES] = { 1, 2, 4 };

struct part {
	const char *name;
	struct etag_content content;
};

static const struct part base = {
	.name = "a",
	.content = { .version = { .size = 3, .mtime = { 4, 5 } } },
};

static void make(const struct part *parts, size_t count, char ret[ETAG_MAX])
{
	struct parts_etag tag;

	parts_etag_init(&tag);
	for (size_t i = 0; i < count; i++)
		parts_etag_add(&tag, parts[i].name, &parts[i].content);
	parts_etag_format(&tag, ret);
}

/* The digest of "a", NUL, and the numbers 3, 0, 4 and 5, from sha256sum(1). */
static void is_a_strong_tag(void **state)
{
	char tag[ETAG_MAX];

	(void)state;
	make(NULL, 0, tag);
	assert_string_equal(tag,
	    "\"e3b0c44298fc1c149afbf4c8996fb924"
	    "27ae41e4649b934ca495991b7852b855\"");
	make(&base, 1, tag);
	assert_string_equal(tag,
	    "\"e268ec069ae9d7583d9d60f4ac522d9f"
	    "ff3b908a3166c3a2b475e1cbf34bbb2d\"");
	assert_true(etag_strong_equal(tag, tag));
}

static void depends_on_each_field(void **state)
{
	struct part parts[7];
	char tags[ARRAY_LENGTH(parts)][ETAG_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(parts); i++)
		parts[i] = base;
	parts[1].name = "b";
	parts[2].content.version.size++;
	parts[3].content.version.mtime.tv_sec++;
	parts[4].content.version.mtime.tv_nsec++;
	parts[5].content.sha256 = sha256;
	parts[6].content.sha256 = other_sha256;
	for (size_t i = 0; i < ARRAY_LENGTH(parts); i++) {
		make(&parts[i], 1, tags[i]);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(tags[i], tags[k]);
	}
}

/* Then the time tells nothing more. */
static void a_digest_stands_for_the_time(void **state)
{
	struct part parts[2] = { base, base };
	char tags[2][ETAG_MAX];

	(void)state;
	parts[0].content.sha256 = parts[1].content.sha256 = sha256;
	parts[1].content.version.mtime.tv_sec++;
	make(&parts[0], 1, tags[0]);
	make(&parts[1], 1, tags[1]);
	assert_string_equal(tags[0], tags[1]);
}

static void depends_on_the_order_and_the_number(void **state)
{
	struct part parts[3] = { base, base, base };
	char ab[ETAG_MAX], ba[ETAG_MAX], a[ETAG_MAX], aba[ETAG_MAX];

	(void)state;
	parts[1].content.version.size = 9;
	make(parts, 1, a);
	make(parts, 2, ab);
	make(parts + 1, 2, ba);
	make(parts, 3, aba);
	assert_string_not_equal(a, ab);
	assert_string_not_equal(ab, ba);
	assert_string_not_equal(ab, aba);
	make(parts, 2, ba);
	assert_string_equal(ab, ba);
}

static void depends_on_what_else_is_added(void **state)
{
	char tags[3][ETAG_MAX];

	(void)state;
	for (uint64_t i = 0; i < ARRAY_LENGTH(tags); i++) {
		struct parts_etag tag;

		parts_etag_init(&tag);
		parts_etag_add(&tag, base.name, &base.content);
		if (i > 0)
			parts_etag_add_number(&tag, i);
		parts_etag_format(&tag, tags[i]);
		for (uint64_t k = 0; k < i; k++)
			assert_string_not_equal(tags[i], tags[k]);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_a_strong_tag),
		cmocka_unit_test(depends_on_each_field),
		cmocka_unit_test(a_digest_stands_for_the_time),
		cmocka_unit_test(depends_on_the_order_and_the_number),
		cmocka_unit_test(depends_on_what_else_is_added),
	};

	return cmocka_run_group_tests_name("parts_etag", tests, NULL, NULL);
}
