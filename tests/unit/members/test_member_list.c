/* SPDX-License-Identifier: MIT */
/*
 * Unit tests of fcgi_app/members/member_list: names that came more than once,
 * and names that are missing.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/memory_budget.h"
#include "fcgi_app/members/member_list.h"
#include "tests/unit/support/unit.h"

#define MANY 5000

static void check(const char *names, const char *expected)
{
	struct member list[32];
	struct members members = { .list = list };
	char text[64], found[64] = "";

	strcpy(text, names);
	for (char *name = strtok(text, " "); name; name = strtok(NULL, " "))
		list[members.count++] = (struct member){ .name = name };
	assert_int_equal(member_list_unite(&members), 0);
	for (size_t i = 0; i < members.count; i++) {
		strcat(found, list[i].name);
		strcat(found, " ");
	}
	assert_string_equal(found, expected);
}

static void the_first_of_a_name_stays(void **state)
{
	(void)state;
	check("", "");
	check("a", "a ");
	check("a a a", "a ");
	check("b a b c a d", "b a c d ");
	check("a/b a b/a a/b a/b/", "a/b a b/a a/b/ ");
}

static void many_names(void **state)
{
	static char names[MANY][8];
	static struct member list[3 * MANY];
	struct members members = { .count = 3 * MANY, .list = list };

	(void)state;
	for (size_t i = 0; i < 3 * MANY; i++) {
		snprintf(names[i % MANY], sizeof(names[0]), "%zu", i % MANY);
		list[i] =
		    (struct member){ .name = names[i % MANY], .file.size = i };
	}
	assert_int_equal(member_list_unite(&members), 0);
	assert_int_equal(members.count, MANY);
	for (size_t i = 0; i < MANY; i++)
		assert_int_equal(list[i].file.size, i);
}

/* --- names that are missing ----------------------------------------------- */

static void check_missing(
    const struct members *members, const char *const *names, size_t count)
{
	assert_int_equal(members->missing_count, count);
	for (size_t i = 0; i < count; i++)
		assert_string_equal(members->missing[i], names[i]);
}

static void missing_names_are_sorted_and_stay_once(void **state)
{
	static const char *const names[] = { "a", "a/b/", "b" };
	struct memory_budget budget;
	struct members *members;

	(void)state;
	memory_budget_init(&budget, MANY);
	members = member_list_new(&budget, MANY);
	member_list_order_missing(members);
	check_missing(members, names, 0);
	assert_int_equal(member_list_miss(members, "b", false), 0);
	assert_int_equal(member_list_miss(members, "a/b", true), 0);
	assert_int_equal(member_list_miss(members, "a", false), 0);
	assert_int_equal(member_list_miss(members, "b", false), 0);
	member_list_order_missing(members);
	check_missing(members, names, ARRAY_LENGTH(names));
	member_list_free(members);
	assert_int_equal(budget.left, MANY);
}

static void missing_names_count(void **state)
{
	const struct stat st = { .st_mode = S_IFREG };
	struct memory_budget budget;
	struct members *members;
	int r;

	(void)state;
	memory_budget_init(&budget, 20 * MANY);
	members = member_list_new(&budget, 2);
	assert_int_equal(member_list_add(members, "a", &st, NULL), 0);
	assert_int_equal(member_list_miss(members, "b", false), 0);
	assert_int_equal(member_list_miss(members, "c", false), -E2BIG);
	assert_int_equal(member_list_add(members, "d", &st, NULL), -E2BIG);
	member_list_free(members);
	members = member_list_new(&budget, SIZE_MAX);
	do
		r = member_list_miss(members, "name", true);
	while (r == 0);
	assert_int_equal(r, -ENOBUFS);
	assert_true(members->missing_count > MANY / 2);
	member_list_free(members);
	assert_int_equal(budget.left, 20 * MANY);
}

/* There is room for what tells of them. */
static void one_more_can_be_added_after_trimming(void **state)
{
	const struct stat st = { .st_mode = S_IFREG };
	struct memory_budget budget;
	struct members *members;
	size_t left;

	(void)state;
	memory_budget_init(&budget, 20 * MANY);
	members = member_list_new(&budget, MANY);
	for (int i = 0; i < 16; i++)
		assert_int_equal(member_list_add(members, "a", &st, NULL), 0);
	assert_int_equal(member_list_miss(members, "b", false), 0);
	member_list_trim(members);
	left = budget.left;
	assert_int_equal(member_list_add(members, "c", &st, NULL), 0);
	assert_int_equal(budget.left, left);
	member_list_free(members);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_of_a_name_stays),
		cmocka_unit_test(many_names),
		cmocka_unit_test(missing_names_are_sorted_and_stay_once),
		cmocka_unit_test(missing_names_count),
		cmocka_unit_test(one_more_can_be_added_after_trimming),
	};

	return cmocka_run_group_tests_name("member_list", tests, NULL, NULL);
}
