/* SPDX-License-Identifier: MIT */
/*
 * Unit tests of fcgi_app/members/member_search, in a folder of their own:
 *
 *	root/docs/      the folder that is searched
 *	    a, b.txt, c, sub/d, sub/deep/e, sub.txt, void/
 *	    .hidden, .dir/f
 *	    fifo, locked, shut/g
 *	    near -> a, away -> ../other/h, folder -> sub, out -> ../../outside,
 *	    dangling -> nothing
 *	root/other/h
 *	outside
 */
#include "config.h"

#include "fcgi_app/members/member_list.h"
#include "fcgi_app/members/member_search.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/support/members_fixture.h"
#include "tests/unit/support/need_openat2.h"
#include "tests/unit/support/unit.h"

#define NOBODY 65534

static struct members_fixture fixture;

/* --- the folder ----------------------------------------------------------- */

static int make_files(void)
{
	static const char *const folders[] = { "root/docs", "root/docs/sub",
		"root/docs/sub/deep", "root/docs/void", "root/docs/.dir",
		"root/docs/shut", "root/other" };
	static const char *const files[] = { "root/docs/a", "root/docs/b.txt",
		"root/docs/c", "root/docs/sub/d", "root/docs/sub/deep/e",
		"root/docs/sub.txt", "root/docs/.hidden", "root/docs/.dir/f",
		"root/docs/locked", "root/docs/shut/g", "root/other/h",
		"outside" };

	for (size_t i = 0; i < ARRAY_LENGTH(folders); i++)
		if (mkdir(folders[i], 0755) < 0)
			return -1;
	for (size_t i = 0; i < ARRAY_LENGTH(files); i++)
		if (members_fixture_make_file(files[i]) < 0)
			return -1;
	return mkfifo("root/docs/fifo", 0644);
}

static int make_links(void)
{
	static const struct {
		const char *target, *name;
	} links[] = {
		{ "a", "root/docs/near" },
		{ "../other/h", "root/docs/away" },
		{ "sub", "root/docs/folder" },
		{ "../../outside", "root/docs/out" },
		{ "nothing", "root/docs/dangling" },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(links); i++)
		if (symlink(links[i].target, links[i].name) < 0)
			return -1;
	return 0;
}

static int set_up(void **state)
{
	(void)state;
	if (members_fixture_init(&fixture) < 0 || make_files() < 0 ||
	    make_links() < 0)
		return -1;
	open_fixture_ready(&fixture.open);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	return open_fixture_fini(&fixture.open);
}

/* --- searching ------------------------------------------------------------ */

static void check_names(
    const struct members *members, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count && i < members->count; i++)
		if (strcmp(members->list[i].name, names[i]) != 0)
			fail_msg("member %zu: %s, not %s", i,
			    members->list[i].name, names[i]);
	assert_int_equal(members->count, count);
}

static void check_missing(
    const struct members *members, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count && i < members->missing_count; i++)
		assert_string_equal(members->missing[i], names[i]);
	assert_int_equal(members->missing_count, count);
}

static void check_found(const struct member_search_params *wish,
    const char *const *names, size_t count)
{
	struct members_outcome outcome =
	    members_fixture_find(&fixture, "", "docs/", wish);

	assert_int_equal(outcome.error, 0);
	assert_null(outcome.members->failed);
	check_names(outcome.members, names, count);
	member_list_free(outcome.members);
}

/* --- names ---------------------------------------------------------------- */

static void finds_names_in_their_order(void **state)
{
	static const char *const names[] = { "c", "sub/deep/e", "a", "c",
		".hidden", ".dir/f", "near", "away", "folder/d" };
	const struct member_search_params wish = {
		.names = names,
		.name_count = ARRAY_LENGTH(names),
	};

	(void)state;
	check_found(&wish, names, ARRAY_LENGTH(names));
}

static void says_what_a_member_is(void **state)
{
	static const char *const names[] = { "sub/d", "away" };
	static const char *const files[] = { "root/docs/sub/d",
		"root/other/h" };
	const struct member_search_params wish = { .names = names,
		.name_count = 2 };
	struct members_outcome outcome =
	    members_fixture_find(&fixture, "", "docs", &wish);

	(void)state;
	assert_int_equal(outcome.error, 0);
	for (size_t i = 0; i < ARRAY_LENGTH(files); i++) {
		const struct member *member = &outcome.members->list[i];
		struct stat st;

		assert_int_equal(stat(files[i], &st), 0);
		assert_int_equal(member->file.size, strlen(files[i]));
		assert_int_equal(member->file.device, st.st_dev);
		assert_int_equal(member->file.inode, st.st_ino);
		assert_int_equal(member->mode, st.st_mode);
		assert_true(
		    file_identity_same_time(&member->file.mtime, &st.st_mtim));
		assert_true(
		    file_identity_same_time(&member->file.ctime, &st.st_ctim));
	}
	member_list_free(outcome.members);
}

static void finds_nothing_in_no_names(void **state)
{
	static const char *const names[1];
	const struct member_search_params wish = { .names = names };

	(void)state;
	check_found(&wish, names, 0);
}

static void says_which_name_is_wrong(void **state)
{
	static const struct {
		const char *name;
		int error;
	} rows[] = {
		{ "nothing", -ENOENT },
		{ "dangling", -ENOENT },
		{ "sub/nothing", -ENOENT },
		{ "a/b", -ENOTDIR },
		{ "sub", -EISDIR },
		{ "folder", -EISDIR },
		{ "fifo", -ENXIO },
		{ "out", -EXDEV },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		const char *const names[] = { "a", rows[i].name, "b.txt" };
		const struct member_search_params wish = {
			.names = names,
			.name_count = ARRAY_LENGTH(names),
		};
		struct members_outcome outcome =
		    members_fixture_find(&fixture, "", "docs/", &wish);

		assert_int_equal(outcome.error, rows[i].error);
		assert_string_equal(outcome.members->failed, rows[i].name);
		member_list_free(outcome.members);
	}
}

/* A process that waits to write to it would take an open for a reader. */
static void opens_no_named_pipe(void **state)
{
	static const char *const names[] = { "fifo" };
	struct member_search_params wish = { .names = names, .name_count = 1 };
	int watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	char events[1024];

	(void)state;
	fixture.open.descriptors++;
	assert_true(watch >= 0);
	assert_true(inotify_add_watch(watch, "root/docs/fifo", IN_OPEN) >= 0);
	for (int i = 0; i < 2; i++) {
		struct members_outcome outcome =
		    members_fixture_find(&fixture, "", "docs", &wish);

		assert_int_equal(outcome.error, -ENXIO);
		member_list_free(outcome.members);
		wish.trees = true;
	}
	assert_int_equal(read(watch, events, sizeof(events)), -1);
	assert_int_equal(errno, EAGAIN);
	close(watch);
	fixture.open.descriptors--;
}

static void looks_a_repeated_name_up_once(void **state)
{
	static const char *const names[] = { "a", "a", "c", "c", "a" };
	const struct member_search_params wish = {
		.names = names,
		.name_count = ARRAY_LENGTH(names),
	};
	struct members_outcome outcome =
	    members_fixture_find(&fixture, "", "docs", &wish);
	const struct member *list = outcome.members->list;

	(void)state;
	assert_int_equal(outcome.error, 0);
	assert_int_equal(outcome.members->count, ARRAY_LENGTH(names));
	for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
		assert_string_equal(list[i].name, names[i]);
	assert_memory_equal(&list[0], &list[1], sizeof(list[0]));
	assert_ptr_equal(list[2].name, list[3].name);
	assert_int_equal(list[4].file.inode, list[0].file.inode);
	member_list_free(outcome.members);
}

static void makes_a_tag_if_it_is_wished(void **state)
{
	static const char *const names[] = { "a", "c", "c" };
	struct member_search_params wish = { .names = names };
	char tags[4][ETAG_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(tags); i++) {
		struct members_outcome outcome;

		wish.tag = i > 0;
		wish.name_count = i;
		outcome = members_fixture_find(&fixture, "", "docs", &wish);
		strcpy(tags[i], outcome.members->etag);
		member_list_free(outcome.members);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(tags[k], tags[i]);
	}
	assert_string_equal(tags[0], "");
	assert_int_equal(tags[1][0], '"');
}

static void stays_beneath_the_document_root(void **state)
{
	static const char *const names[] = { "away" };
	const struct member_search_params wish = { .names = names,
		.name_count = 1 };
	struct members_outcome outcome =
	    members_fixture_find(&fixture, "docs", ".", &wish);

	(void)state;
	assert_int_equal(outcome.error, -EXDEV);
	member_list_free(outcome.members);
	outcome = members_fixture_find(&fixture, "", "docs", &wish);
	assert_int_equal(outcome.error, 0);
	member_list_free(outcome.members);
}

static void refuses_a_bad_folder(void **state)
{
	static const struct {
		const char *below, *path;
		int error;
	} rows[] = {
		{ "", "nothing", -ENOENT },
		{ "nothing", ".", -ENOENT },
		{ "", "docs/a", -ENOTDIR },
		{ "docs/a", ".", -ENOTDIR },
	};
	static const char *const names[] = { "a" };

	(void)state;
	for (size_t i = 0; i < 2 * ARRAY_LENGTH(rows); i++) {
		struct member_search_params wish = { .trees = true };
		struct members_outcome outcome;

		if (i % 2) {
			wish.names = names;
			wish.name_count = 1;
		}
		outcome = members_fixture_find(
		    &fixture, rows[i / 2].below, rows[i / 2].path, &wish);
		assert_int_equal(outcome.error, rows[i / 2].error);
		assert_null(outcome.members->failed);
		member_list_free(outcome.members);
	}
}

/* Root may read everything. The threads of the pool change as well. */
static void lose_rights(uid_t user)
{
	if (getuid() == 0)
		assert_int_equal(seteuid(user), 0);
}

/*
 * Of a name or, if that is NULL, of the whole tree. `failed`: a file, or a
 * folder with its slash.
 */
static void check_unreadable(const char *name, const char *failed, mode_t mode)
{
	const char *const names[] = { name };
	const struct member_search_params wish = {
		.names = name ? names : NULL,
		.name_count = name ? 1 : 0,
		.trees = true,
	};
	char path[64];
	struct members_outcome outcome;

	snprintf(path, sizeof(path), "root/docs/%s", failed);
	assert_int_equal(chmod(path, 0), 0);
	lose_rights(NOBODY);
	outcome = members_fixture_find(&fixture, "", "docs", &wish);
	lose_rights(0);
	assert_int_equal(chmod(path, mode), 0);
	assert_int_equal(outcome.error, -EACCES);
	assert_string_equal(outcome.members->failed, failed);
	assert_int_equal(outcome.members->missing_count, 1);
	member_list_free(outcome.members);
}

static void refuses_what_can_not_be_read(void **state)
{
	(void)state;
	check_unreadable("locked", "locked", 0644);
	check_unreadable(NULL, "locked", 0644);
	check_unreadable("shut", "shut/", 0755);
	check_unreadable(NULL, "shut/", 0755);
}

static void chmod_all(const char *const *names, size_t count, mode_t mode)
{
	char path[64];

	for (size_t i = 0; i < count; i++) {
		bool is_folder = names[i][strlen(names[i]) - 1] == '/';

		snprintf(path, sizeof(path), "root/docs/%s", names[i]);
		assert_int_equal(
		    chmod(path, is_folder && mode ? mode | 0111 : mode), 0);
	}
}

/* A link to what may not be read counts as that. */
static void goes_on_without_what_can_not_be_read(void **state)
{
	static const char *const missing[] = { "a", "near", "shut/" };
	static const char *const found[] = { "away", "b.txt", "c", "locked",
		"sub", "sub.txt", "sub/d", "sub/deep", "sub/deep/e", "void" };
	static const char *const wanted[] = { "shut/g", "a", "a", "c", "shut" };
	static const char *const missed[] = { "a", "shut/", "shut/g" };
	static const char *const changed[] = { "a", "shut/" };
	struct member_search_params wish = { .trees = true, .may_miss = true };
	struct members_outcome tree, names;

	(void)state;
	chmod_all(changed, 2, 0);
	lose_rights(NOBODY);
	tree = members_fixture_find(&fixture, "", "docs", &wish);
	wish.names = wanted;
	wish.name_count = ARRAY_LENGTH(wanted);
	names = members_fixture_find(&fixture, "", "docs", &wish);
	lose_rights(0);
	chmod_all(changed, 2, 0644);
	assert_int_equal(tree.error, 0);
	check_names(tree.members, found, ARRAY_LENGTH(found));
	check_missing(tree.members, missing, ARRAY_LENGTH(missing));
	assert_int_equal(names.error, 0);
	assert_int_equal(names.members->count, 1);
	check_missing(names.members, missed, ARRAY_LENGTH(missed));
	member_list_free(tree.members);
	member_list_free(names.members);
}

/* Or the first in order would depend on the order of the folder. */
static void finds_all_that_can_not_be_read(void **state)
{
	static const char *const names[] = { "locked", "c", "b.txt", "a" };
	static const char *const missing[] = { "a", "b.txt", "c", "locked" };
	const struct member_search_params wish = { .names = names,
		.name_count = ARRAY_LENGTH(names) };
	struct members_outcome outcome;

	(void)state;
	chmod_all(names, ARRAY_LENGTH(names), 0);
	lose_rights(NOBODY);
	outcome = members_fixture_find(&fixture, "", "docs", &wish);
	lose_rights(0);
	chmod_all(names, ARRAY_LENGTH(names), 0644);
	assert_int_equal(outcome.error, -EACCES);
	assert_string_equal(outcome.members->failed, "a");
	check_missing(outcome.members, missing, ARRAY_LENGTH(missing));
	member_list_free(outcome.members);
}

/* A name that leads nowhere is the mistake of the one who asks. */
static void what_is_not_there_is_not_missing(void **state)
{
	static const char *const names[] = { "nothing" };
	const struct member_search_params wish = {
		.names = names, .name_count = 1, .may_miss = true
	};
	struct members_outcome outcome =
	    members_fixture_find(&fixture, "", "docs", &wish);

	(void)state;
	assert_int_equal(outcome.error, -ENOENT);
	assert_string_equal(outcome.members->failed, "nothing");
	assert_int_equal(outcome.members->missing_count, 0);
	member_list_free(outcome.members);
}

/* --- trees ---------------------------------------------------------------- */

static void reads_a_folder(void **state)
{
	static const char *const files[] = { "a", "away", "b.txt", "c",
		"locked", "near", "sub.txt" };
	const struct member_search_params wish = { .names = NULL };

	(void)state;
	check_found(&wish, files, ARRAY_LENGTH(files));
}

static void reads_a_tree(void **state)
{
	static const char *const plain[] = { "a", "away", "b.txt", "c",
		"locked", "near", "shut", "shut/g", "sub", "sub.txt", "sub/d",
		"sub/deep", "sub/deep/e", "void" };
	static const char *const hidden[] = { ".dir", ".dir/f", ".hidden", "a",
		"away", "b.txt", "c", "locked", "near", "shut", "shut/g", "sub",
		"sub.txt", "sub/d", "sub/deep", "sub/deep/e", "void" };
	struct member_search_params wish = { .trees = true };

	(void)state;
	check_found(&wish, plain, ARRAY_LENGTH(plain));
	wish.hidden = true;
	check_found(&wish, hidden, ARRAY_LENGTH(hidden));
}

static void reads_named_trees(void **state)
{
	static const char *const names[] = { "sub", "c", ".dir", "void",
		"folder", "sub/deep", "a" };
	static const char *const found[] = { "sub", "sub/d", "sub/deep",
		"sub/deep/e", "c", ".dir", ".dir/f", "void", "folder",
		"folder/d", "folder/deep", "folder/deep/e", "sub/deep",
		"sub/deep/e", "a" };
	const struct member_search_params wish = {
		.names = names,
		.name_count = ARRAY_LENGTH(names),
		.trees = true,
	};

	(void)state;
	check_found(&wish, found, ARRAY_LENGTH(found));
}

static void reads_the_root(void **state)
{
	const struct member_search_params wish = { .trees = true };
	struct members_outcome outcome =
	    members_fixture_find(&fixture, "docs/sub", ".", &wish);
	static const char *const names[] = { "d", "deep", "deep/e" };

	(void)state;
	assert_int_equal(outcome.error, 0);
	check_names(outcome.members, names, ARRAY_LENGTH(names));
	assert_int_equal(outcome.members->list[1].file.size, 0);
	assert_true(S_ISDIR(outcome.members->list[1].mode));
	member_list_free(outcome.members);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_names_in_their_order),
		cmocka_unit_test(says_what_a_member_is),
		cmocka_unit_test(finds_nothing_in_no_names),
		cmocka_unit_test(says_which_name_is_wrong),
		cmocka_unit_test(opens_no_named_pipe),
		cmocka_unit_test(looks_a_repeated_name_up_once),
		cmocka_unit_test(makes_a_tag_if_it_is_wished),
		cmocka_unit_test(stays_beneath_the_document_root),
		cmocka_unit_test(refuses_a_bad_folder),
		cmocka_unit_test(refuses_what_can_not_be_read),
		cmocka_unit_test(goes_on_without_what_can_not_be_read),
		cmocka_unit_test(finds_all_that_can_not_be_read),
		cmocka_unit_test(what_is_not_there_is_not_missing),
		cmocka_unit_test(reads_a_folder),
		cmocka_unit_test(reads_a_tree),
		cmocka_unit_test(reads_named_trees),
		cmocka_unit_test(reads_the_root),
	};

	need_openat2();
	return cmocka_run_group_tests_name("members", tests, set_up, tear_down);
}
