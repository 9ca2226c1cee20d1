/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/actions/archive/missing_files. */
#include "config.h"

#include "fcgi_app/actions/archive/missing_files.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/memory_budget.h"
#include "fcgi_app/members/member_list.h"
#include "tests/unit/support/unit.h"

#define PLENTY ((size_t)1 << 20)

static struct memory_budget budget;

/* Members with these names; `missing`: some more that are missing. */
static struct members *list_of(const char *const *names, size_t count,
    const char *const *missing, size_t missing_count)
{
	struct members *members;

	memory_budget_init(&budget, PLENTY);
	members = member_list_new(&budget, 100);
	assert_non_null(members);
	for (size_t i = 0; i < count; i++) {
		const struct stat st = { .st_mode = S_IFREG,
			.st_mtim = { 1000 - (time_t)i, 5 } };

		assert_int_equal(
		    member_list_add(members, names[i], &st, NULL), 0);
	}
	for (size_t i = 0; i < missing_count; i++)
		assert_int_equal(
		    member_list_miss(members, missing[i], i % 2 == 1), 0);
	return members;
}

static void has_one_name_a_line(void **state)
{
	static const char *const names[] = { "a", "b" };
	static const char *const missing[] = { "c", "d/e", "new\nline", "nul",
		"\xc3\xbc \xff" };
	static const char expected[] =
	    "c\nd/e/\nnew%0Aline\n%6Eul/\n\xc3\xbc %FF\n";
	struct members *members = list_of(names, 2, missing, 5);
	const struct member *last;
	char *text;

	(void)state;
	assert_int_equal(missing_files_add(members, &text), 0);
	assert_int_equal(members->count, 3);
	last = &members->list[2];
	assert_string_equal(last->name, "MISSING-FILES.txt");
	assert_int_equal(last->mode, S_IFREG | 0644);
	assert_int_equal(last->file.mtime.tv_sec, 1000);
	assert_int_equal(last->file.mtime.tv_nsec, 0);
	assert_int_equal(last->file.size, strlen(expected));
	assert_memory_equal(text, expected, strlen(expected));
	free(text);
	member_list_free(members);
	assert_int_equal(budget.left, PLENTY);
}

static void its_name_is_nobody_elses(void **state)
{
	static const struct {
		const char *names[3];
		const char *expected;
	} rows[] = {
		{ { "a", "MISSING-FILES.txt.gz", "x/MISSING-FILES.txt" },
		    "MISSING-FILES.txt" },
		{ { "a", "MISSING-FILES.txt", "b" }, "_MISSING-FILES.txt" },
		{ { "a", "b", "missing-Files.TXT" }, "_MISSING-FILES.txt" },
		{ { "__MISSING-FILES.txt", "a", "b" }, "___MISSING-FILES.txt" },
		{ { "_MISSING-FILES.txt", "MISSING-FILES.txt", "b" },
		    "__MISSING-FILES.txt" },
		{ { "MISSING-FILES.txt/a", "a", "b" }, "_MISSING-FILES.txt" },
		{ { "_", "__MISSING-FILES", "___a" }, "MISSING-FILES.txt" },
	};
	static const char *const missing[] = { "m" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		struct members *members = list_of(rows[i].names, 3, missing, 1);
		char *text;

		assert_int_equal(missing_files_add(members, &text), 0);
		assert_string_equal(members->list[3].name, rows[i].expected);
		free(text);
		member_list_free(members);
	}
}

static void it_takes_memory_from_the_budget(void **state)
{
	static const char *const missing[] = { "m" };
	struct members *members = list_of(NULL, 0, missing, 1);
	char *text = NULL;
	size_t left = atomic_load(&budget.left);

	(void)state;
	assert_true(memory_budget_take(&budget, left));
	assert_int_equal(missing_files_add(members, &text), -ENOBUFS);
	assert_null(text);
	memory_budget_give_back(&budget, left);
	member_list_free(members);
}

static void a_refusal_names_the_first(void **state)
{
	static char long_name[2000];
	static const char *const missing[] = { "a\"\n", "b", "c", "d" };
	const char *const longest[] = { long_name, long_name, long_name };
	struct members *members = list_of(NULL, 0, missing, 4);
	char text[MISSING_FILES_REFUSAL_MAX];

	(void)state;
	missing_files_refusal(members, text);
	assert_string_equal(text, "\"a\\x22\\x0a\"\n\"b/\"\n\"c\"\n");
	member_list_free(members);
	memset(long_name, '\n', sizeof(long_name) - 1);
	members = list_of(NULL, 0, longest, 3);
	missing_files_refusal(members, text);
	assert_true(strlen(text) > 600 && strlen(text) < sizeof(text));
	assert_int_equal(text[strlen(text) - 1], '\n');
	member_list_free(members);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(has_one_name_a_line),
		cmocka_unit_test(its_name_is_nobody_elses),
		cmocka_unit_test(it_takes_memory_from_the_budget),
		cmocka_unit_test(a_refusal_names_the_first),
	};

	return cmocka_run_group_tests_name("missing_files", tests, NULL, NULL);
}
