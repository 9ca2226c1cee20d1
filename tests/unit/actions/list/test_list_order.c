/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/actions/list/list_order. */
#include "config.h"

#include "fcgi_app/actions/list/list_order.h"

#include "fcgi_app/actions/list/list_query.h"
#include "tests/unit/support/unit.h"

static const struct list_entry folder2 = { "2", true, 0, 30, false };
static const struct list_entry folder10 = { "10", true, 0, 20, false };
static const struct list_entry big = { "b", false, UINT64_MAX, 10, false };
static const struct list_entry small = { "a", false, 1, 40, false };
static const struct list_entry equal = { "C", false, 1, 40, false };

/* All pairs of a list that is in order. */
static void check(const struct list_query *query,
    const struct list_entry *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		for (size_t k = 0; k < count; k++) {
			int r = list_order_compare(query, list[i], list[k]);

			if ((i < k) != (r < 0) || (i > k) != (r > 0))
				fail_msg("%s, %s: %d", list[i]->name,
				    list[k]->name, r);
		}
	}
}

#define CHECK(query, list) check(&(query), list, ARRAY_LENGTH(list))

static void by_name(void **state)
{
	static const struct list_entry *const up[] = { &folder2, &folder10,
		&small, &big, &equal };
	static const struct list_entry *const down[] = { &folder10, &folder2,
		&equal, &big, &small };
	struct list_query query = { .sort = LIST_SORT_NAME };

	(void)state;
	CHECK(query, up);
	query.descending = true;
	CHECK(query, down);
}

static void by_size(void **state)
{
	static const struct list_entry *const up[] = { &folder2, &folder10,
		&small, &equal, &big };
	static const struct list_entry *const down[] = { &folder2, &folder10,
		&big, &small, &equal };
	struct list_query query = { .sort = LIST_SORT_SIZE };

	(void)state;
	CHECK(query, up);
	query.descending = true;
	CHECK(query, down);
}

static void by_time(void **state)
{
	static const struct list_entry *const up[] = { &folder10, &folder2,
		&big, &small, &equal };
	static const struct list_entry *const down[] = { &folder2, &folder10,
		&small, &equal, &big };
	struct list_query query = { .sort = LIST_SORT_TIME };

	(void)state;
	CHECK(query, up);
	query.descending = true;
	CHECK(query, down);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_name),
		cmocka_unit_test(by_size),
		cmocka_unit_test(by_time),
	};

	return cmocka_run_group_tests_name("list_order", tests, NULL, NULL);
}
