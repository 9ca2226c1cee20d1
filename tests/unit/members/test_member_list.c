/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/members/member_list: names that came more than once.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>

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

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_of_a_name_stays),
		cmocka_unit_test(many_names),
	};

	return cmocka_run_group_tests_name("member_list", tests, NULL, NULL);
}
