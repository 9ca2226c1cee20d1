/* SPDX-License-Identifier: MIT */
/*
 * Unit tests of fcgi_app/setup/roots, in a folder of their own:
 *
 *	srv/films/new/
 *	srv/link -> ../data
 *	data/sets/
 *	file
 */
#include "config.h"

#include "fcgi_app/setup/roots.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/file/root_folder.h"
#include "fcgi_app/setup/options.h"
#include "tests/unit/support/own_folder.h"
#include "tests/unit/support/unit.h"

static char folder[OWN_FOLDER_MAX];

static int set_up(void **state)
{
	(void)state;
	if (own_folder_enter(folder) < 0)
		return -1;
	if (mkdir("srv", 0755) < 0 || mkdir("srv/films", 0755) < 0 ||
	    mkdir("srv/films/new", 0755) < 0 || mkdir("data", 0755) < 0 ||
	    mkdir("data/sets", 0755) < 0)
		return -1;
	if (symlink("../data", "srv/link") < 0)
		return -1;
	return mknod("file", S_IFREG | 0644, 0);
}

static int tear_down(void **state)
{
	static const char *const names[] = { "srv/films/new", "srv/films",
		"srv/link", "srv", "data/sets", "data", "file" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
		if (remove(names[i]) < 0)
			return -1;
	return chdir("/") < 0 ? -1 : rmdir(folder);
}

/* `name`, beneath the test's folder if it begins with "@". */
static const char *in_folder(const char *name, char path[PATH_MAX])
{
	snprintf(path, PATH_MAX, "%s%s", name[0] == '@' ? folder : "",
	    name[0] == '@' ? name + 1 : name);
	return path;
}

/* Opens up to three roots; what is logged comes into `log`. */
static struct roots *open_roots(
    const char *const names[3], char *log, size_t size)
{
	static struct options options;
	static char paths[3][PATH_MAX];
	int saved = dup(STDERR_FILENO);
	int fd = memfd_create("log", MFD_CLOEXEC);
	struct roots *roots;

	assert_true(saved >= 0 && fd >= 0);
	options.root_count = 0;
	for (size_t i = 0; i < 3 && names[i]; i++) {
		options.roots[i] = in_folder(names[i], paths[i]);
		options.root_count++;
	}
	dup2(fd, STDERR_FILENO);
	roots = roots_open(&options);
	dup2(saved, STDERR_FILENO);
	close(saved);
	memset(log, 0, size);
	assert_true(pread(fd, log, size - 1, 0) >= 0);
	close(fd);
	return roots;
}

/* Whether the root and the rest of the name lead to the folder. */
static bool leads_to(const struct roots_place *place, const char *path)
{
	const char *below = place->below[0] ? place->below : ".";
	struct stat there, expected;

	return fstatat(place->fd, below, &there, 0) == 0 &&
	    stat(path, &expected) == 0 && there.st_dev == expected.st_dev &&
	    there.st_ino == expected.st_ino;
}

struct find_case {
	const char *roots[3];
	const char *document_root;
	const char *below; /* NULL: not to be found */
};

static void check_finds(const struct find_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct find_case *c = &cases[i];
		char log[512], path[PATH_MAX];
		struct roots *roots = open_roots(c->roots, log, sizeof(log));
		struct roots_place place = { .fd = -47 };
		bool leads;
		int r;

		assert_non_null(roots);
		assert_string_equal(log, "");
		r = roots_find(
		    roots, in_folder(c->document_root, path), &place);
		leads = r == 0 && leads_to(&place, path);
		roots_close(roots);
		if (r != (c->below ? 0 : -EXDEV))
			fail_msg("%s: %d", c->document_root, r);
		if (!c->below)
			assert_int_equal(place.fd, -47);
		else if (strcmp(place.below, c->below) != 0 || !leads)
			fail_msg("%s: %s", c->document_root, place.below);
		/* The rest lies in the name that was asked for. */
		if (c->below)
			assert_ptr_equal(place.below,
			    path + strlen(path) - strlen(c->below));
	}
}

static void finds_what_lies_beneath(void **state)
{
	static const struct find_case cases[] = {
		{ { "@/srv" }, "@/srv", "" },
		{ { "@/srv" }, "@/srv/films", "films" },
		{ { "@/srv" }, "@/srv/films/new", "films/new" },
		{ { "@/srv/" }, "@/srv/films", "films" },
		{ { "@//srv/./films/" }, "@/srv/films/new", "new" },
		{ { "@/srv", "@/data" }, "@/data/sets", "sets" },
		{ { "@/srv" }, "@/data", NULL },
		{ { "@/srv" }, "@/srv-2", NULL },
		{ { "@/srv" }, "@/sr", NULL },
		{ { "@/srv" }, "@", NULL },
		{ { "@/srv" }, "/", NULL },
		{ { "@/srv/films" }, "@/srv", NULL },
	};

	(void)state;
	check_finds(cases, ARRAY_LENGTH(cases));
}

static void finds_all_beneath_the_system_root(void **state)
{
	static const char *const names[3] = { "/" };
	char log[512], path[PATH_MAX];
	struct roots *roots = open_roots(names, log, sizeof(log));
	struct roots_place place;

	(void)state;
	assert_non_null(roots);
	assert_int_equal(
	    roots_find(roots, in_folder("@/srv", path), &place), 0);
	assert_ptr_equal(place.below, path + 1);
	assert_true(leads_to(&place, path));
	assert_int_equal(roots_find(roots, "/", &place), 0);
	assert_string_equal(place.below, "");
	roots_close(roots);
}

static void takes_relative_names(void **state)
{
	static const struct find_case cases[] = {
		{ { "srv" }, "@/srv/films", "films" },
		{ { "./srv" }, "@/srv", "" },
		{ { "." }, "@/srv/films", "srv/films" },
		{ { "srv/link" }, "@/srv/link/sets", "sets" },
		{ { "srv/link" }, "@/data/sets", "sets" },
		{ { "srv" }, "/srv", NULL },
	};

	(void)state;
	check_finds(cases, ARRAY_LENGTH(cases));
}

/* Such a name goes by its real name alone. */
static void takes_names_with_dots(void **state)
{
	static const struct find_case cases[] = {
		{ { "@/srv/../data" }, "@/data/sets", "sets" },
		{ { "srv/.." }, "@/data", "data" },
		{ { "srv/films/../films" }, "@/srv/films/new", "new" },
		/* Through the link, ".." is the real folder's parent. */
		{ { "srv/link/.." }, "@/srv", "srv" },
		{ { "srv/link/../data" }, "@/data", "" },
	};

	(void)state;
	check_finds(cases, ARRAY_LENGTH(cases));
}

/* nginx passes $document_root or $realpath_root. */
static void finds_a_linked_root_by_both_names(void **state)
{
	static const struct find_case cases[] = {
		{ { "@/srv/link" }, "@/srv/link", "" },
		{ { "@/srv/link" }, "@/data", "" },
		{ { "@/srv/link" }, "@/srv/link/sets", "sets" },
		{ { "@/srv/link" }, "@/data/sets", "sets" },
		{ { "@/srv/link" }, "@/srv", NULL },
		{ { "@/srv/link/sets" }, "@/data/sets", "" },
		/* The real name alone: the link is not known. */
		{ { "@/data" }, "@/srv/link", NULL },
	};

	(void)state;
	check_finds(cases, ARRAY_LENGTH(cases));
}

/*
 * The innermost root wins in any order. Above all that which is a link: from
 * the outer root its files could not be opened.
 */
static void finds_the_innermost_of_nested_roots(void **state)
{
	static const struct find_case cases[] = {
		{ { "@/srv/films", "@/srv" }, "@/srv/films/new", "new" },
		{ { "@/srv", "@/srv/films" }, "@/srv/films/new", "new" },
		{ { "@/srv", "@/srv/films" }, "@/srv/films", "" },
		{ { "@/srv", "@/srv/films" }, "@/srv", "" },
		{ { "@/srv/link", "@/srv" }, "@/srv/link/sets", "sets" },
		{ { "@/srv", "@/srv/link" }, "@/srv/link/sets", "sets" },
		{ { "@/srv", "@/srv/link" }, "@/srv/link", "" },
	};

	(void)state;
	check_finds(cases, ARRAY_LENGTH(cases));
}

/* As when a link is switched: both names lead to the new folder. */
static void leads_to_what_it_is_given(void **state)
{
	static const char *const names[3] = { "@/srv/link" };
	char log[512], path[PATH_MAX];
	struct roots *roots = open_roots(names, log, sizeof(log));
	struct root_folder *films = NULL, *before;
	struct roots_place place;

	(void)state;
	assert_non_null(roots);
	assert_int_equal(roots_count(roots), 1);
	assert_string_equal(
	    roots_name(roots, 0), in_folder("@/srv/link", path));
	assert_int_equal(root_folder_open("srv/films", &films), 0);
	before = roots_exchange(roots, 0, films);
	assert_ptr_equal(roots_folder(roots, 0), films);
	assert_string_equal(before->real, in_folder("@/data", path));
	assert_int_equal(roots_find(roots, path, &place), -EXDEV);
	root_folder_unref(before);
	assert_int_equal(
	    roots_find(roots, in_folder("@/srv/link", path), &place), 0);
	assert_ptr_equal(place.folder, films);
	assert_int_equal(place.fd, films->fd);
	assert_int_equal(
	    roots_find(roots, in_folder("@/srv/films/new", path), &place), 0);
	assert_true(leads_to(&place, path));
	roots_close(roots);
}

/* It is still the one that has the name. */
static void says_that_a_root_is_not_there(void **state)
{
	static const char *const names[3] = { "@/srv", "@/srv/films" };
	char log[512], path[PATH_MAX];
	struct roots *roots = open_roots(names, log, sizeof(log));
	struct roots_place place = { .fd = -47 };
	struct root_folder *films;

	(void)state;
	films = roots_exchange(roots, 1, NULL);
	assert_null(roots_folder(roots, 1));
	assert_int_equal(
	    roots_find(roots, in_folder("@/srv/films/new", path), &place),
	    -ENOENT);
	assert_int_equal(place.fd, -47);
	assert_int_equal(
	    roots_find(roots, in_folder("@/srv", path), &place), 0);
	assert_null(roots_exchange(roots, 1, films));
	assert_int_equal(
	    roots_find(roots, in_folder("@/srv/films/new", path), &place), 0);
	roots_close(roots);
}

static void warns_of_what_it_may_not_enter(void **state)
{
	static const char *const names[3] = { "@/srv", "@/data" };
	char log[512];
	bool is_root = geteuid() == 0;
	struct roots *roots;

	(void)state;
	assert_int_equal(chmod(folder, 0755), 0);
	assert_int_equal(chmod("data", 0600), 0);
	if (is_root)
		assert_int_equal(seteuid(65534), 0);
	roots = open_roots(names, log, sizeof(log));
	if (is_root)
		assert_int_equal(seteuid(0), 0);
	assert_int_equal(chmod("data", 0755), 0);
	assert_non_null(roots);
	assert_true(roots_folder(roots, 0)->may_enter);
	assert_false(roots_folder(roots, 1)->may_enter);
	roots_close(roots);
	assert_non_null(strstr(log, " warning --root="));
	assert_non_null(strstr(log, "/data: user "));
	assert_non_null(strstr(log, " may not enter this folder"));
	assert_null(strstr(log, "/srv:"));
}

/* The name in the log is that of the option. */
static void refuses_what_it_cannot_open(void **state)
{
	static const struct {
		const char *roots[3];
		const char *name, *reason;
	} cases[] = {
		{ { "@/nothing" }, "/nothing: ", "No such file" },
		{ { "@/file" }, "/file: ", "Not a directory" },
		{ { "nothing" }, "--root=nothing: ", "No such file" },
		{ { "@/srv", "nothing", "@/data" },
		    "--root=nothing: ", "No such file" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		char log[512];

		assert_null(open_roots(cases[i].roots, log, sizeof(log)));
		assert_non_null(strstr(log, "--root="));
		assert_non_null(strstr(log, cases[i].name));
		assert_non_null(strstr(log, cases[i].reason));
	}
	roots_close(NULL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_what_lies_beneath),
		cmocka_unit_test(finds_all_beneath_the_system_root),
		cmocka_unit_test(takes_relative_names),
		cmocka_unit_test(takes_names_with_dots),
		cmocka_unit_test(finds_a_linked_root_by_both_names),
		cmocka_unit_test(finds_the_innermost_of_nested_roots),
		cmocka_unit_test(leads_to_what_it_is_given),
		cmocka_unit_test(says_that_a_root_is_not_there),
		cmocka_unit_test(warns_of_what_it_may_not_enter),
		cmocka_unit_test(refuses_what_it_cannot_open),
	};

	return cmocka_run_group_tests_name("roots", tests, set_up, tear_down);
}
