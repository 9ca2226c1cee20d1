/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/actions/archive/crc_cache. */
#include "config.h"

#include "fcgi_app/actions/archive/crc_cache.h"

#include "fcgi_app/members/member_list.h"
#include "tests/unit/support/unit.h"

static struct member file(ino_t inode)
{
	return (struct member){ .name = "any",
		.file = { .device = 1,
		    .inode = inode,
		    .size = 100,
		    .mtime = { 5, 6 },
		    .ctime = { 7, 8 } } };
}

static void add(struct crc_cache *cache, ino_t inode, uint64_t offset)
{
	const struct member member = file(inode);
	const struct crc_state state = { .offset = offset,
		.crc = (uint32_t)(inode + offset) };

	crc_cache_add(cache, &member, &state);
}

/* How far that file is known; its CRC-32 must be the one that was added. */
static uint64_t find(struct crc_cache *cache, ino_t inode)
{
	const struct member member = file(inode);
	const struct crc_state state = crc_cache_find(cache, &member);

	if (state.offset > 0)
		assert_int_equal(state.crc, inode + state.offset);
	else
		assert_int_equal(state.crc, 0);
	return state.offset;
}

static void what_was_added_is_found(void **state)
{
	struct crc_cache *cache = crc_cache_new(4);

	(void)state;
	assert_non_null(cache);
	assert_int_equal(find(cache, 1), 0);
	add(cache, 1, 100);
	add(cache, 2, 50);
	assert_int_equal(find(cache, 1), 100);
	assert_int_equal(find(cache, 2), 50);
	assert_int_equal(find(cache, 3), 0);
	crc_cache_free(cache);
	crc_cache_free(NULL);
}

static void only_the_farthest_is_remembered(void **state)
{
	struct crc_cache *cache = crc_cache_new(4);

	(void)state;
	add(cache, 1, 50);
	add(cache, 1, 10);
	assert_int_equal(find(cache, 1), 50);
	add(cache, 1, 60);
	assert_int_equal(find(cache, 1), 60);
	crc_cache_free(cache);
}

static void of_two_the_newer_counts(void **state)
{
	struct crc_cache *cache = crc_cache_new(4);
	const struct member member = file(1);
	const struct crc_state newer = { .offset = 100, .crc = 9 };

	(void)state;
	add(cache, 1, 100);
	crc_cache_add(cache, &member, &newer);
	assert_int_equal(crc_cache_find(cache, &member).crc, 9);
	crc_cache_free(cache);
}

static void what_is_fresh_is_not_remembered(void **state)
{
	struct crc_cache *cache = crc_cache_new(4);
	const struct member member = file(1);
	const struct crc_state fresh = {
		.offset = 100, .crc = 9, .fresh = true
	};

	(void)state;
	crc_cache_add(cache, &member, &fresh);
	assert_int_equal(find(cache, 1), 0);
	add(cache, 1, 50);
	crc_cache_add(cache, &member, &fresh);
	assert_int_equal(find(cache, 1), 50);
	crc_cache_free(cache);
}

static void a_file_that_changed_is_another_one(void **state)
{
	struct crc_cache *cache = crc_cache_new(100);
	const struct member before = file(1);
	struct member after[7] = { before, before, before, before, before,
		before, before };

	(void)state;
	add(cache, 1, 100);
	after[0].file.device++;
	after[1].file.inode++;
	after[2].file.size++;
	after[3].file.mtime.tv_sec++;
	after[4].file.mtime.tv_nsec++;
	after[5].file.ctime.tv_sec++;
	after[6].file.ctime.tv_nsec++;
	for (size_t i = 0; i < ARRAY_LENGTH(after); i++)
		assert_int_equal(crc_cache_find(cache, &after[i]).offset, 0);
	/* Its name is none of its marks. */
	after[0] = before;
	after[0].name = "other";
	assert_int_equal(crc_cache_find(cache, &after[0]).offset, 100);
	crc_cache_free(cache);
}

static void the_file_used_longest_ago_is_forgotten(void **state)
{
	struct crc_cache *cache = crc_cache_new(3);

	(void)state;
	add(cache, 1, 1);
	add(cache, 2, 1);
	add(cache, 3, 1);
	assert_int_equal(find(cache, 1), 1);
	add(cache, 4, 1);
	assert_int_equal(find(cache, 2), 0);
	assert_int_equal(find(cache, 1), 1);
	assert_int_equal(find(cache, 3), 1);
	assert_int_equal(find(cache, 4), 1);
	add(cache, 1, 2);
	add(cache, 5, 1);
	assert_int_equal(find(cache, 3), 0);
	assert_int_equal(find(cache, 1), 2);
	crc_cache_free(cache);
}

static void it_holds_as_many_as_it_may(void **state)
{
	static const size_t most[] = { 1, 2, 7, 64, 1000 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(most); i++) {
		struct crc_cache *cache = crc_cache_new(most[i]);
		size_t count = 3 * most[i];

		for (size_t k = 1; k <= count; k++)
			add(cache, k, 1);
		for (size_t k = 1; k <= count; k++)
			assert_int_equal(
			    find(cache, k), k > count - most[i] ? 1 : 0);
		crc_cache_free(cache);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_added_is_found),
		cmocka_unit_test(only_the_farthest_is_remembered),
		cmocka_unit_test(of_two_the_newer_counts),
		cmocka_unit_test(what_is_fresh_is_not_remembered),
		cmocka_unit_test(a_file_that_changed_is_another_one),
		cmocka_unit_test(the_file_used_longest_ago_is_forgotten),
		cmocka_unit_test(it_holds_as_many_as_it_may),
	};

	return cmocka_run_group_tests_name("crc_cache", tests, NULL, NULL);
}
