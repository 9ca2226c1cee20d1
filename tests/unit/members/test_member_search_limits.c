/* SPDX-License-Identifier: MIT */
/*
 * The limits of fcgi_app/members/member_search, how it is cancelled, and what
 * changes meanwhile, in a folder of its own:
 *
 *	root/docs/      a, b, c
 *	root/many/      more files than a slice has steps
 *	root/links/     as many folders, for one test
 */
#include "config.h"

#include "fcgi_app/members/member_list.h"
#include "fcgi_app/members/member_search.h"

#include <errno.h>
#include <limits.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/support/descriptors.h"
#include "tests/unit/support/members_fixture.h"
#include "tests/unit/support/need_openat2.h"
#include "tests/unit/support/unit.h"

#define MANY 1500

static struct members_fixture fixture;

static int make_many(void)
{
	char name[64];

	for (int i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "root/many/%04d", (i * 7) % MANY);
		if (members_fixture_make_file(name) < 0)
			return -1;
	}
	return 0;
}

static int set_up(void **state)
{
	(void)state;
	if (members_fixture_init(&fixture) < 0 ||
	    mkdir("root/docs", 0755) < 0 || mkdir("root/many", 0755) < 0 ||
	    members_fixture_make_file("root/docs/a") < 0 ||
	    members_fixture_make_file("root/docs/b") < 0 ||
	    members_fixture_make_file("root/docs/c") < 0 || make_many() < 0)
		return -1;
	open_fixture_ready(&fixture.open);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	return open_fixture_fini(&fixture.open);
}

/* --- limits --------------------------------------------------------------- */

static void reads_more_than_a_slice(void **state)
{
	const struct member_search_params wish = { .trees = true };
	struct members_outcome outcome =
	    members_fixture_find(&fixture, "", "many", &wish);

	(void)state;
	assert_int_equal(outcome.error, 0);
	assert_int_equal(outcome.members->count, MANY);
	for (int i = 0; i < MANY; i++)
		assert_int_equal(atoi(outcome.members->list[i].name), i);
	member_list_free(outcome.members);
}

static void limits_how_many(void **state)
{
	static const char *const names[] = { "a", "b", "c" };
	struct member_search_params wish = { .names = names, .name_count = 3 };
	struct members_outcome outcome;

	(void)state;
	for (int i = 0; i < 2; i++) {
		wish.most = 3;
		outcome = members_fixture_find(&fixture, "", "docs", &wish);
		assert_int_equal(outcome.error, 0);
		assert_int_equal(outcome.members->count, 3);
		member_list_free(outcome.members);
		wish.most = 2;
		outcome = members_fixture_find(&fixture, "", "docs", &wish);
		assert_int_equal(outcome.error, -E2BIG);
		member_list_free(outcome.members);
		wish.names = NULL;
		wish.name_count = 0;
	}
}

static void limits_the_depth(void **state)
{
	const struct member_search_params wish = { .trees = true };
	char path[PATH_MAX] = "root/deep";
	struct members_outcome outcome;

	(void)state;
	assert_int_equal(mkdir(path, 0755), 0);
	for (int i = 0; i < MEMBER_SEARCH_DEPTH_MAX; i++)
		assert_int_equal(mkdir(strcat(path, "/x"), 0755), 0);
	outcome = members_fixture_find(&fixture, "", "deep", &wish);
	assert_int_equal(outcome.error, 0);
	assert_int_equal(outcome.members->count, MEMBER_SEARCH_DEPTH_MAX);
	member_list_free(outcome.members);
	assert_int_equal(mkdir(strcat(path, "/x"), 0755), 0);
	outcome = members_fixture_find(&fixture, "", "deep", &wish);
	assert_int_equal(outcome.error, -E2BIG);
	member_list_free(outcome.members);
}

static void limits_the_path(void **state)
{
	char component[NAME_MAX + 1], name[PATH_MAX + NAME_MAX] = "";
	const char *const names[] = { name };
	const struct member_search_params wish = { .names = names,
		.name_count = 1 };
	struct members_outcome outcome;

	(void)state;
	memset(component, 'x', NAME_MAX);
	component[NAME_MAX] = '\0';
	while (strlen(name) < PATH_MAX - 5)
		strcat(strcat(name, component), "/x/");
	name[PATH_MAX - 6] = 'y';
	name[PATH_MAX - 5] = '\0';
	outcome = members_fixture_find(&fixture, "", "docs", &wish);
	/* The longest path that the kernel takes is one longer. */
	assert_int_equal(outcome.error, -ENAMETOOLONG);
	member_list_free(outcome.members);
	name[PATH_MAX - 6] = '\0';
	outcome = members_fixture_find(&fixture, "", "docs", &wish);
	assert_int_equal(outcome.error, -ENOENT);
	member_list_free(outcome.members);
}

/* 100,000 members with names of 60 bytes need less than 20 MB. */
static void needs_little_memory(void **state)
{
	enum { COUNT = 100000, LIMIT = 20000000 };
	const char *name = "a-name-of-sixty-bytes-as-a-file-in-an-archive-may"
			   "-well-have";
	const char **names = calloc(COUNT, sizeof(*names));
	const struct member_search_params wish = { .names = names,
		.name_count = COUNT };
	struct mallinfo2 before = mallinfo2(), after;
	size_t used;
	struct members_outcome outcome;

	(void)state;
	assert_non_null(names);
	assert_int_equal(chdir("root/docs"), 0);
	assert_int_equal(members_fixture_make_file(name), 0);
	for (size_t i = 0; i < COUNT; i++)
		names[i] = name;
	outcome = members_fixture_find(&fixture, "", "docs", &wish);
	after = mallinfo2();
	assert_int_equal(outcome.error, 0);
	assert_int_equal(outcome.members->count, COUNT);
	used = after.uordblks + after.hblkhd - before.uordblks - before.hblkhd;
	/* A sanitizer's malloc does not count. */
	if (used == 0)
		print_message("# malloc does not say how much is in use\n");
	else
		assert_in_range(used, COUNT * strlen(name), LIMIT);
	member_list_free(outcome.members);
	free(names);
	assert_int_equal(unlink(name), 0);
	assert_int_equal(chdir(fixture.open.folder), 0);
}

/* What is left of a budget is too little from one byte on. */
static void keeps_to_its_budget(void **state)
{
	struct memory_budget budget;
	const struct member_search_params wish = { .budget = &budget };
	struct members_outcome outcome;
	size_t used, enough = (size_t)1 << 20;

	(void)state;
	memory_budget_init(&budget, enough);
	outcome = members_fixture_find(&fixture, "", "many", &wish);
	assert_int_equal(outcome.error, 0);
	used = enough - budget.left;
	assert_true(
	    used >= MANY * (sizeof(struct member) + strlen("0000") + 1));
	assert_int_equal(member_list_reserve(outcome.members, budget.left), 0);
	assert_int_equal(member_list_reserve(outcome.members, 1), -ENOBUFS);
	member_list_free(outcome.members);
	assert_int_equal(budget.left, enough);
	memory_budget_init(&budget, used - 1);
	outcome = members_fixture_find(&fixture, "", "many", &wish);
	assert_int_equal(outcome.error, -ENOBUFS);
	member_list_free(outcome.members);
	assert_int_equal(budget.left, used - 1);
}

static void a_search_counts_too(void **state)
{
	static const char *const names[] = { "a", "b" };
	struct memory_budget budget;
	const struct member_search_params wish = {
		.place = &fixture.place,
		.names = names,
		.name_count = 2,
		.most = 2,
		.budget = &budget,
	};
	struct members_outcome outcome = { 0 };

	(void)state;
	memory_budget_init(&budget, 100);
	assert_null(member_search_start(
	    &fixture.open.loop, &wish, members_fixture_done, &outcome));
	assert_int_equal(errno, ENOBUFS);
	assert_int_equal(budget.left, 100);
}

/* --- cancelling ----------------------------------------------------------- */

static void stops_when_it_is_cancelled(void **state)
{
	const struct member_search_params wish = {
		.place = &fixture.place,
		.trees = true,
		.most = MANY,
		.budget = &fixture.budget,
	};
	size_t left = fixture.budget.left;

	(void)state;
	fixture.place.root.below = "";
	strcpy(fixture.place.path, "many");
	for (int turns = 0; turns < 4; turns++) {
		struct members_outcome outcome = { 0 };
		struct member_search *search = member_search_start(
		    &fixture.open.loop, &wish, members_fixture_done, &outcome);

		assert_non_null(search);
		for (int i = 0; i < turns && outcome.calls == 0; i++)
			uv_run(&fixture.open.loop, UV_RUN_ONCE);
		if (outcome.calls == 0)
			member_search_cancel(search);
		else
			member_list_free(outcome.members);
		uv_run(&fixture.open.loop, UV_RUN_DEFAULT);
		/* Four slices: not before the fourth turn. */
		assert_int_equal(outcome.calls, 0);
		assert_int_equal(count_descriptors(), fixture.open.descriptors);
		assert_int_equal(fixture.budget.left, left);
	}
}

/* --- what changes between two steps --------------------------------------- */

/* A job of the pool, which has one thread here, that waits for its end. */
struct gate {
	uv_work_t work;
	uv_sem_t open;
};

static void wait_at_gate(uv_work_t *work)
{
	uv_sem_wait(&((struct gate *)(void *)work)->open);
}

static void passed_gate(uv_work_t *work, int status)
{
	(void)work;
	(void)status;
}

static void make_folders(void)
{
	char name[64];

	assert_int_equal(mkdir("root/links", 0755), 0);
	for (int i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "root/links/%04d", i);
		assert_int_equal(mkdir(name, 0755), 0);
	}
}

/* With links to another folder, which has files. */
static void replace_folders(const char *target)
{
	char name[64];

	for (int i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "root/links/%04d", i);
		assert_int_equal(rmdir(name), 0);
		assert_int_equal(symlink(target, name), 0);
	}
}

/*
 * After the first slice they are links: what was found is not entered, and the
 * rest is left out.
 */
static void enters_no_folder_that_became_a_link(void **state)
{
	struct members_outcome outcome = { 0 };
	const struct member_search_params wish = {
		.place = &fixture.place,
		.trees = true,
		.most = 2 * MANY * MANY,
		.budget = &fixture.budget,
	};
	struct gate gate;
	char name[64];

	(void)state;
	make_folders();
	assert_int_equal(uv_sem_init(&gate.open, 0), 0);
	fixture.place.root.below = "";
	strcpy(fixture.place.path, "links");
	assert_non_null(member_search_start(
	    &fixture.open.loop, &wish, members_fixture_done, &outcome));
	uv_queue_work(
	    &fixture.open.loop, &gate.work, wait_at_gate, passed_gate);
	uv_run(&fixture.open.loop, UV_RUN_ONCE);
	replace_folders("../docs");
	uv_sem_post(&gate.open);
	uv_run(&fixture.open.loop, UV_RUN_DEFAULT);
	uv_sem_destroy(&gate.open);
	assert_int_equal(outcome.error, 0);
	assert_in_range(outcome.members->count, 1, MANY - 1);
	for (size_t i = 0; i < outcome.members->count; i++)
		assert_null(strchr(outcome.members->list[i].name, '/'));
	member_list_free(outcome.members);
	for (int i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "root/links/%04d", i);
		assert_int_equal(unlink(name), 0);
	}
	assert_int_equal(rmdir("root/links"), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_more_than_a_slice),
		cmocka_unit_test(limits_how_many),
		cmocka_unit_test(limits_the_depth),
		cmocka_unit_test(limits_the_path),
		cmocka_unit_test(needs_little_memory),
		cmocka_unit_test(keeps_to_its_budget),
		cmocka_unit_test(a_search_counts_too),
		cmocka_unit_test(stops_when_it_is_cancelled),
		cmocka_unit_test(enters_no_folder_that_became_a_link),
	};

	need_openat2();
	/* Its jobs run one after another. */
	setenv("UV_THREADPOOL_SIZE", "1", 1);
	return cmocka_run_group_tests_name(
	    "members_limits", tests, set_up, tear_down);
}
