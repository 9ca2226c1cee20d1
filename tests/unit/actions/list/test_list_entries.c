/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/actions/list/list_entries. */
#include "config.h"

#include "fcgi_app/actions/list/list_entries.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "common/memory_budget.h"
#include "fcgi_app/actions/list/list_query.h"
#include "tests/unit/support/unit.h"

#define PLENTY ((size_t)1 << 30)

/* Adds entries with numbers for names until one fails, or `count` are in. */
static int fill(struct list_entries *entries, size_t count)
{
	int r = 0;

	for (size_t i = count; r == 0 && i > 0; i--) {
		char name[24];
		const struct list_entry entry = { name, false, i, 0, false };

		snprintf(name, sizeof(name), "%zu", i);
		r = list_entries_add(entries, &entry);
	}
	return r;
}

static void sorts_copies(void **state)
{
	struct memory_budget budget = { PLENTY };
	struct list_entries *entries = list_entries_new(&budget);
	struct list_query query = { .sort = LIST_SORT_NAME };

	(void)state;
	list_entries_sort(entries, &query);
	assert_int_equal(list_entries_count(entries), 0);
	assert_int_equal(fill(entries, 1000), 0);
	assert_int_equal(list_entries_count(entries), 1000);
	assert_string_equal(list_entries_at(entries, 0)->name, "1000");
	list_entries_sort(entries, &query);
	for (size_t i = 0; i < 1000; i++)
		assert_int_equal(list_entries_at(entries, i)->size, i + 1);
	query.descending = true;
	list_entries_sort(entries, &query);
	assert_string_equal(list_entries_at(entries, 0)->name, "1000");
	list_entries_free(entries);
	assert_int_equal(budget.left, PLENTY);
}

static void has_a_limit(void **state)
{
	struct memory_budget budget = { PLENTY };
	struct list_entries *entries = list_entries_new(&budget);
	const struct list_entry entry = { "x", false, 0, 0, false };

	(void)state;
	assert_int_equal(fill(entries, LIST_ENTRIES_MAX), 0);
	assert_int_equal(list_entries_add(entries, &entry), 1);
	assert_int_equal(list_entries_count(entries), LIST_ENTRIES_MAX);
	list_entries_free(entries);
	assert_int_equal(budget.left, PLENTY);
}

static void keeps_to_the_budget(void **state)
{
	const size_t sizes[] = { 0, 1, 16384, 100000, 200000 };
	size_t before = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(sizes); i++) {
		struct memory_budget budget = { sizes[i] };
		struct list_entries *entries = list_entries_new(&budget);
		size_t count;

		assert_int_equal(fill(entries, LIST_ENTRIES_MAX), 1);
		count = list_entries_count(entries);
		assert_true(count >= before);
		assert_true(count * (sizeof(struct list_entry) + 8) <
		    LIST_ENTRIES_OWN + sizes[i]);
		before = count;
		assert_string_equal(list_entries_at(entries, 0)->name, "10000");
		list_entries_free(entries);
		assert_int_equal(budget.left, sizes[i]);
	}
	assert_true(before > 3000);
}

/* One that holds all there is leaves the others what is theirs. */
static void each_has_bytes_of_its_own(void **state)
{
	struct memory_budget budget = { 300000 };
	struct list_entries *first = list_entries_new(&budget);
	struct list_entries *second = list_entries_new(&budget);

	(void)state;
	assert_int_equal(fill(first, LIST_ENTRIES_MAX), 1);
	assert_int_equal(fill(second, 500), 0);
	assert_int_equal(list_entries_count(second), 500);
	list_entries_free(first);
	assert_int_equal(budget.left, 300000);
	assert_int_equal(fill(second, 4500), 0);
	assert_true(budget.left < 300000);
	list_entries_free(second);
	assert_int_equal(budget.left, 300000);
}

static void takes_the_longest_names(void **state)
{
	struct memory_budget budget = { PLENTY };
	struct list_entries *entries = list_entries_new(&budget);
	char name[NAME_MAX + 2];
	const struct list_entry entry = { name, true, 0, 0, false };

	(void)state;
	memset(name, 'x', sizeof(name));
	name[NAME_MAX] = '\0';
	for (int i = 0; i < 1000; i++)
		assert_int_equal(list_entries_add(entries, &entry), 0);
	assert_string_equal(list_entries_at(entries, 999)->name, name);
	name[NAME_MAX] = 'x';
	name[NAME_MAX + 1] = '\0';
	assert_int_equal(list_entries_add(entries, &entry), 1);
	list_entries_free(entries);
	list_entries_free(NULL);
	assert_int_equal(budget.left, PLENTY);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(sorts_copies),
		cmocka_unit_test(has_a_limit),
		cmocka_unit_test(keeps_to_the_budget),
		cmocka_unit_test(each_has_bytes_of_its_own),
		cmocka_unit_test(takes_the_longest_names),
	};

	return cmocka_run_group_tests_name("list_entries", tests, NULL, NULL);
}
