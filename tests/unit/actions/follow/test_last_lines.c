/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/actions/follow/last_lines. */
#include "config.h"

#include "fcgi_app/actions/follow/last_lines.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/support/unit.h"

/* `text` is what a sparse file ends with, whose size is `size`. */
static uint64_t search(const char *text, uint64_t size, uint64_t lines,
    bool whole, unsigned int *ret_blocks)
{
	uint64_t before = size - strlen(text);
	char block[LAST_LINES_BLOCK];
	struct last_lines search;
	uint64_t offset;
	size_t length;

	*ret_blocks = 0;
	last_lines_init(&search, size, lines, whole);
	while (last_lines_block(&search, &offset, &length)) {
		assert_in_range(length, 1, LAST_LINES_BLOCK);
		assert_true(offset + length <= size);
		for (size_t i = 0; i < length; i++)
			block[i] = offset + i < before
			    ? 'x'
			    : text[offset + i - before];
		last_lines_feed(&search, block);
		++*ret_blocks;
	}
	return last_lines_start(&search);
}

static void starts(void **state)
{
	static const struct {
		const char *text;
		uint64_t lines;
		bool whole;
		uint64_t expected;
	} rows[] = {
		{ "", 0, false, 0 },
		{ "", 5, true, 0 },
		{ "a\nb\nc\n", 0, false, 6 },
		{ "a\nb\nc\n", 0, true, 6 },
		{ "a\nb\nc\n", 1, false, 4 },
		{ "a\nb\nc\n", 2, true, 2 },
		{ "a\nb\nc\n", 3, false, 0 },
		{ "a\nb\nc\n", 4, false, 0 },
		{ "a\nb\nc", 0, false, 5 },
		{ "a\nb\nc", 0, true, 4 },
		{ "a\nb\nc", 1, false, 4 },
		{ "a\nb\nc", 2, true, 2 },
		{ "abc", 0, true, 0 },
		{ "abc", 1, false, 0 },
		{ "\n\n\n", 1, false, 2 },
		{ "\n\n\n", 2, false, 1 },
		{ "\n", 1, false, 0 },
		{ "\n", 0, true, 1 },
	};
	unsigned int blocks;

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		uint64_t start = search(rows[i].text, strlen(rows[i].text),
		    rows[i].lines, rows[i].whole, &blocks);

		if (start != rows[i].expected)
			fail_msg("row %zu: %ju", i, (uintmax_t)start);
	}
}

static void lines_across_blocks(void **state)
{
	const uint64_t size = 3 * LAST_LINES_BLOCK + 5;
	unsigned int blocks;

	(void)state;
	assert_int_equal(search("\nab\n", size, 1, false, &blocks), size - 3);
	assert_int_equal(blocks, 1);
	assert_int_equal(search("\nab\n", size, 2, false, &blocks), 0);
	assert_int_equal(blocks, 4);
}

/* A line that begins further back has no start that is looked for. */
static void it_looks_back_only_so_far(void **state)
{
	const uint64_t most = LAST_LINES_BYTES_MAX;
	const unsigned int all = LAST_LINES_BYTES_MAX / LAST_LINES_BLOCK;
	unsigned int blocks;

	(void)state;
	assert_int_equal(search("", most, 1, false, &blocks), 0);
	assert_int_equal(blocks, all);
	assert_int_equal(search("", most + 1, 1, false, &blocks), 1);
	assert_int_equal(blocks, all);
	assert_int_equal(
	    search("\nab\n", 3 * most, 2, false, &blocks), 3 * most - 3);
	assert_int_equal(blocks, all);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(starts),
		cmocka_unit_test(lines_across_blocks),
		cmocka_unit_test(it_looks_back_only_so_far),
	};

	return cmocka_run_group_tests_name("last_lines", tests, NULL, NULL);
}
