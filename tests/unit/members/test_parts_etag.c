/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/members/parts_etag. */
#include "config.h"

#include "fcgi_app/members/parts_etag.h"

#include <string.h>

#include "tests/unit/support/unit.h"

static const struct file_identity base = {
	.device = 1,
	.inode = 2,
	.size = 3,
	.mtime = { 4, 5 },
	.ctime = { 6, 7 },
};

static void make(
    const struct file_identity *inputs, size_t count, char ret[ETAG_MAX])
{
	struct parts_etag tag;

	parts_etag_init(&tag);
	for (size_t i = 0; i < count; i++)
		parts_etag_add(&tag, &inputs[i]);
	parts_etag_format(&tag, ret);
}

/* The digest of 56 bytes, from sha256sum(1). */
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
	    "\"bca8b15e214f1957bbe2ab312dffa666"
	    "0d09b86731e2dd43d123d7b1b2172b56\"");
	assert_true(etag_strong_equal(tag, tag));
}

static void depends_on_each_field(void **state)
{
	struct file_identity inputs[8];
	char tags[ARRAY_LENGTH(inputs)][ETAG_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(inputs); i++)
		inputs[i] = base;
	inputs[1].device++;
	inputs[2].inode++;
	inputs[3].size++;
	inputs[4].mtime.tv_sec++;
	inputs[5].mtime.tv_nsec++;
	inputs[6].ctime.tv_sec++;
	inputs[7].ctime.tv_nsec++;
	for (size_t i = 0; i < ARRAY_LENGTH(inputs); i++) {
		make(&inputs[i], 1, tags[i]);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(tags[i], tags[k]);
	}
}

static void depends_on_the_order_and_the_number(void **state)
{
	struct file_identity inputs[3] = { base, base, base };
	char ab[ETAG_MAX], ba[ETAG_MAX], a[ETAG_MAX], aba[ETAG_MAX];

	(void)state;
	inputs[1].inode = 9;
	make(inputs, 1, a);
	make(inputs, 2, ab);
	make(inputs + 1, 2, ba);
	make(inputs, 3, aba);
	assert_string_not_equal(a, ab);
	assert_string_not_equal(ab, ba);
	assert_string_not_equal(ab, aba);
	make(inputs, 2, ba);
	assert_string_equal(ab, ba);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_a_strong_tag),
		cmocka_unit_test(depends_on_each_field),
		cmocka_unit_test(depends_on_the_order_and_the_number),
	};

	return cmocka_run_group_tests_name("parts_etag", tests, NULL, NULL);
}
