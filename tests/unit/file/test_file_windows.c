/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "common/file/file_windows.h"

#include "tests/unit/support/unit.h"

#define W FILE_WINDOW_SIZE

static const struct {
	uint64_t offset;
	uint64_t size;
	uint64_t end;
} ends[] = {
	{ 0, 3 * W, W },
	{ 1, 3 * W, W },
	{ W - 1, 3 * W, W },
	{ W, 3 * W, 2 * W },
	{ 2 * W, 3 * W, 3 * W },
	{ 2 * W, 2 * W + 5, 2 * W + 5 },
	{ 0, 5, 5 },
	{ 0, W, W },
	{ 0, W + 1, W },
	{ 9 * W, 5, 5 },
	{ UINT64_MAX - 1, UINT64_MAX, UINT64_MAX },
};

static void knows_the_end_of_a_window(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(ends); i++) {
		if (file_windows_end(ends[i].offset, ends[i].size) !=
		    ends[i].end)
			fail_msg("row %zu", i);
	}
}

static void asks_for_nothing_unless_something_is_missing(void **state)
{
	struct file_windows windows = { .left = 0 };

	(void)state;
	assert_false(file_windows_ask(&windows, 0));
	file_windows_missed(&windows);
	assert_true(file_windows_ask(&windows, 0));
}

static void asks_once_for_each(void **state)
{
	struct file_windows windows = { .left = 0 };

	(void)state;
	file_windows_missed(&windows);
	for (uint64_t i = 0; i < FILE_WINDOWS_KEPT; i++)
		assert_true(file_windows_ask(&windows, i));
	for (uint64_t i = 0; i < FILE_WINDOWS_KEPT; i++)
		assert_false(file_windows_ask(&windows, i));
	/* A later one takes the place of an earlier one. */
	assert_true(file_windows_ask(&windows, FILE_WINDOWS_KEPT));
	assert_true(file_windows_ask(&windows, 0));
	assert_false(file_windows_ask(&windows, 1));
}

static void forgets_what_was_not_asked(void **state)
{
	struct file_windows windows = { .left = 0 };

	(void)state;
	file_windows_missed(&windows);
	assert_true(file_windows_ask(&windows, 3));
	file_windows_forget(&windows, 3 + FILE_WINDOWS_KEPT);
	assert_false(file_windows_ask(&windows, 3));
	file_windows_forget(&windows, 3);
	assert_true(file_windows_ask(&windows, 3));
}

static void falls_quiet_where_all_is_in_memory(void **state)
{
	struct file_windows windows = { .left = 0 };
	uint64_t number = 0;

	(void)state;
	file_windows_found(&windows, true);
	assert_false(file_windows_ask(&windows, number));
	file_windows_missed(&windows);
	for (int i = 0; i < FILE_WINDOWS_QUIET; i++) {
		assert_true(file_windows_ask(&windows, number++));
		file_windows_found(&windows, true);
	}
	assert_false(file_windows_ask(&windows, number));
	/* One that was not there begins the count anew. */
	file_windows_missed(&windows);
	for (int i = 0; i < FILE_WINDOWS_QUIET - 1; i++)
		file_windows_found(&windows, true);
	file_windows_found(&windows, false);
	for (int i = 0; i < FILE_WINDOWS_QUIET - 1; i++)
		file_windows_found(&windows, true);
	assert_true(file_windows_ask(&windows, number));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(knows_the_end_of_a_window),
		cmocka_unit_test(asks_for_nothing_unless_something_is_missing),
		cmocka_unit_test(asks_once_for_each),
		cmocka_unit_test(forgets_what_was_not_asked),
		cmocka_unit_test(falls_quiet_where_all_is_in_memory),
	};

	return cmocka_run_group_tests_name("file_windows", tests, NULL, NULL);
}
