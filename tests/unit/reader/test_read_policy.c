/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "common/reader/read_policy.h"

#include "tests/unit/support/unit.h"

#define CHUNK 65536

static const struct {
	struct read_facts facts;
	enum read_way way;
} ways[] = {
	/* mode, uses, size, chunk */
	{ { PAGE_CACHE_AUTO, 0, 1 << 20, CHUNK }, READ_WAY_DIRECT },
	{ { PAGE_CACHE_AUTO, 1, 1 << 20, CHUNK }, READ_WAY_DIRECT },
	{ { PAGE_CACHE_AUTO, 2, 1 << 20, CHUNK }, READ_WAY_CACHE },
	{ { PAGE_CACHE_AUTO, 1000, 1 << 20, CHUNK }, READ_WAY_CACHE },
	{ { PAGE_CACHE_AUTO, 1, UINT64_MAX, CHUNK }, READ_WAY_DIRECT },
	/* Small, and one byte more. */
	{ { PAGE_CACHE_AUTO, 1, 1, CHUNK }, READ_WAY_CACHE },
	{ { PAGE_CACHE_AUTO, 1, CHUNK, CHUNK }, READ_WAY_CACHE },
	{ { PAGE_CACHE_AUTO, 1, CHUNK + 1, CHUNK }, READ_WAY_DIRECT },
	/* Of unknown size. */
	{ { PAGE_CACHE_AUTO, 1, 0, CHUNK }, READ_WAY_DIRECT },
	{ { PAGE_CACHE_AUTO, 2, 0, CHUNK }, READ_WAY_CACHE },
	{ { PAGE_CACHE_ALWAYS, 0, 1 << 20, CHUNK }, READ_WAY_CACHE },
	{ { PAGE_CACHE_ALWAYS, 1, 0, CHUNK }, READ_WAY_CACHE },
	{ { PAGE_CACHE_NEVER, 1, 1, CHUNK }, READ_WAY_DIRECT },
	{ { PAGE_CACHE_NEVER, 1000, 1 << 20, CHUNK }, READ_WAY_DIRECT },
};

static void chooses_a_way(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(ways); i++) {
		if (read_policy_way(&ways[i].facts) != ways[i].way)
			fail_msg("row %zu", i);
	}
}

static const struct {
	uint64_t size;
	uint64_t blocks;
	bool sparse;
} holes[] = {
	{ 0, 0, false },
	{ CHUNK, 0, false },
	{ CHUNK + 1, 0, true },
	{ CHUNK + 512, CHUNK / 512 + 1, false },
	{ CHUNK + 512, CHUNK / 512, true },
	/* The last block is there though it is not full. */
	{ CHUNK + 513, CHUNK / 512 + 1, false },
	{ UINT64_C(64) << 30, 8, true },
	{ 1 << 20, 1 << 20, false },
	{ UINT64_MAX, UINT64_MAX / 512, false },
};

static void finds_holes(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(holes); i++) {
		if (read_policy_is_sparse(holes[i].size, holes[i].blocks,
			CHUNK) != holes[i].sparse)
			fail_msg("row %zu", i);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(chooses_a_way),
		cmocka_unit_test(finds_holes),
	};

	return cmocka_run_group_tests_name("read_policy", tests, NULL, NULL);
}
