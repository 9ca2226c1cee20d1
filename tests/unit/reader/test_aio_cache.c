/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "common/reader/aio_cache.h"

#include "common/file/aio_file.h"
#include "common/reader/aio_op.h"
#include "tests/unit/support/unit.h"

#define CHUNK 65536

static const struct {
	enum page_cache_mode mode;
	unsigned int uses;
	uint64_t size;
	enum read_way way;
} ways[] = {
	{ PAGE_CACHE_AUTO, 0, 1 << 20, READ_WAY_DIRECT },
	{ PAGE_CACHE_AUTO, 1, 1 << 20, READ_WAY_DIRECT },
	{ PAGE_CACHE_AUTO, 2, 1 << 20, READ_WAY_CACHE },
	{ PAGE_CACHE_AUTO, 1000, 1 << 20, READ_WAY_CACHE },
	{ PAGE_CACHE_AUTO, 1, UINT64_MAX, READ_WAY_DIRECT },
	/* Small, and one byte more. */
	{ PAGE_CACHE_AUTO, 1, 1, READ_WAY_CACHE },
	{ PAGE_CACHE_AUTO, 1, CHUNK, READ_WAY_CACHE },
	{ PAGE_CACHE_AUTO, 1, CHUNK + 1, READ_WAY_DIRECT },
	/* Of unknown size. */
	{ PAGE_CACHE_AUTO, 1, 0, READ_WAY_DIRECT },
	{ PAGE_CACHE_AUTO, 2, 0, READ_WAY_CACHE },
	{ PAGE_CACHE_ALWAYS, 0, 1 << 20, READ_WAY_CACHE },
	{ PAGE_CACHE_ALWAYS, 1, 0, READ_WAY_CACHE },
	{ PAGE_CACHE_NEVER, 1, 1, READ_WAY_DIRECT },
	{ PAGE_CACHE_NEVER, 1000, 1 << 20, READ_WAY_DIRECT },
};

static void chooses_a_way(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(ways); i++) {
		const struct aio_cache cache = { .mode = ways[i].mode,
			.chunk = CHUNK };
		const struct aio_file file = { .uses = ways[i].uses,
			.size = ways[i].size };

		if (aio_cache_way(&cache, &file) != ways[i].way)
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
	const struct aio_cache cache = { .chunk = CHUNK };

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(holes); i++) {
		struct aio_file file = { .size = holes[i].size,
			.blocks = holes[i].blocks };
		struct aio_op op = { .file = &file };

		aio_cache_plan(&cache, &op);
		if (op.has_holes != holes[i].sparse)
			fail_msg("row %zu", i);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(chooses_a_way),
		cmocka_unit_test(finds_holes),
	};

	return cmocka_run_group_tests_name("aio_cache", tests, NULL, NULL);
}
