/* SPDX-License-Identifier: MIT */
/*
 * Unit tests of common/file/file_open, with a loop of libuv and a folder of
 *their own:
 *
 *	root/           where files are opened beneath
 *	    file, long/…, locked, fifo, socket
 *	    inside -> file, absolute -> /…/root/file, out -> ../outside, …
 *	    site/       a folder for `below`, with links into its neighbour
 *	    other/      its neighbour, with a file "secret"
 *	outside         a file
 */
#include "config.h"

#include "common/file/file_open.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/unit/support/descriptors.h"
#include "tests/unit/support/open_fixture.h"
#include "tests/unit/support/unit.h"

#define NOBODY 65534

static struct open_fixture fixture;

/* --- the folder --------------------------------------------------------- */

static int make_file(const char *name)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	if (fd < 0 || write(fd, "text", 4) != 4)
		return -1;
	return close(fd);
}

static int make_socket(const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int r;

	strcpy(address.sun_path, name);
	r = bind(fd, (struct sockaddr *)&address, sizeof(address));
	close(fd);
	return r;
}

static int make_links(void)
{
	static const struct {
		const char *target, *name;
	} links[] = {
		{ "file", "root/inside" },
		{ "site/page", "root/deeper" },
		{ "../root/file", "root/out_and_in" },
		{ "../outside", "root/out" },
		{ "..", "root/up" },
		{ "/etc/passwd", "root/absolute" },
		{ "/", "root/slash" },
		{ "loop", "root/loop" },
		{ "nothing", "root/dangling" },
		{ "site", "root/alias" },
		{ "page", "root/site/inside" },
		{ "../other", "root/site/neighbour" },
		{ "../other/secret", "root/site/secret" },
		{ "../file", "root/site/parent" },
	};

	for (size_t i = 0; i < ARRAY_LENGTH(links); i++)
		if (symlink(links[i].target, links[i].name) < 0)
			return -1;
	return 0;
}

static int make_tree(void)
{
	if (mkdir("root/site", 0755) < 0 || mkdir("root/other", 0755) < 0 ||
	    mkdir("root/empty", 0755) < 0)
		return -1;
	if (make_file("outside") < 0 || make_file("root/file") < 0 ||
	    make_file("root/site/page") < 0 ||
	    make_file("root/other/secret") < 0 || make_file("root/locked") < 0)
		return -1;
	if (mkfifo("root/fifo", 0644) < 0 || make_socket("root/socket") < 0)
		return -1;
	if (chmod("root/locked", 0) < 0)
		return -1;
	return make_links();
}

static int set_up(void **state)
{
	(void)state;
	if (open_fixture_init(&fixture) < 0 || make_tree() < 0)
		return -1;
	open_fixture_ready(&fixture);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	return open_fixture_fini(&fixture);
}

/* --- opening ------------------------------------------------------------ */

static struct file_open *start(int root_fd, const char *below, const char *path,
    struct open_outcome *outcome)
{
	/* Both names are copied: these are gone when the open runs. */
	char below_copy[2 * PATH_MAX], path_copy[2 * PATH_MAX];
	const struct file_open_target target = {
		.root_fd = root_fd,
		.below = strcpy(below_copy, below),
		.path = strcpy(path_copy, path),
	};
	struct file_open *open =
	    file_open_start(&fixture.loop, &target, open_fixture_done, outcome);

	assert_non_null(open);
	memset(below_copy, 'x', sizeof(below_copy));
	memset(path_copy, 'x', sizeof(path_copy));
	return open;
}

static struct open_outcome open_at(
    int root_fd, const char *below, const char *path)
{
	const struct file_open_target target = {
		.root_fd = root_fd,
		.below = below,
		.path = path,
	};
	struct open_outcome outcome = { 0 };

	start(root_fd, below, path, &outcome);
	/* Never from inside the call */
	assert_int_equal(outcome.calls, 0);
	uv_run(&fixture.loop, UV_RUN_DEFAULT);
	assert_int_equal(outcome.calls, 1);
	open_fixture_compare(&target, &outcome.result);
	return outcome;
}

/* Returns 0 or -errno; closes what was opened and checks that it was all. */
static int try_at(int root_fd, const char *below, const char *path)
{
	struct open_outcome outcome = open_at(root_fd, below, path);

	if (outcome.result.error == 0)
		close(outcome.result.fd);
	assert_int_equal(count_descriptors(), fixture.descriptors);
	return outcome.result.error;
}

struct open_case {
	const char *below;
	const char *path;
	int error;
};

static void check_opens(const struct open_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct open_case *c = &cases[i];
		int error = try_at(fixture.root_fd, c->below, c->path);

		if (error != c->error)
			fail_msg("\"%s\" beneath \"%s\": %s", c->path, c->below,
			    strerror(-error));
	}
}

static void opens_a_file_for_reading(void **state)
{
	struct open_outcome outcome = open_at(fixture.root_fd, "", "file");
	const struct file_open_result *result = &outcome.result;
	char text[8] = "";

	(void)state;
	assert_int_equal(result->error, 0);
	assert_true(S_ISREG(result->stat.st_mode));
	assert_int_equal(result->stat.st_size, 4);
	assert_int_equal(read(result->fd, text, sizeof(text)), 4);
	assert_string_equal(text, "text");
	assert_int_equal(fcntl(result->fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(fcntl(result->fd, F_GETFL) & (O_ACCMODE | O_NONBLOCK),
	    O_RDONLY | O_NONBLOCK);
	close(result->fd);
}

static void opens_files_at_once(void **state)
{
	static struct open_outcome outcomes[100];

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(outcomes); i++)
		start(fixture.root_fd, i % 2 ? "site" : "",
		    i % 2 ? "page" : "nothing", &outcomes[i]);
	uv_run(&fixture.loop, UV_RUN_DEFAULT);
	for (size_t i = 0; i < ARRAY_LENGTH(outcomes); i++) {
		assert_int_equal(outcomes[i].calls, 1);
		assert_int_equal(outcomes[i].result.error, i % 2 ? 0 : -ENOENT);
		if (i % 2)
			close(outcomes[i].result.fd);
	}
	assert_int_equal(count_descriptors(), fixture.descriptors);
}

static void tells_why_it_could_not(void **state)
{
	static const struct open_case cases[] = {
		{ "", "file", 0 },
		{ "", "./file", 0 },
		{ "", "site/page", 0 },
		{ "", "site//page", 0 },
		{ "site", "page", 0 },
		{ "./site/", "page", 0 },
		{ "", "nothing", -ENOENT },
		{ "", "nothing/file", -ENOENT },
		{ "", "", -ENOENT },
		{ "", "file/", -ENOTDIR },
		{ "", "file/file", -ENOTDIR },
		{ "", "dangling", -ENOENT },
		{ "", "loop", -ELOOP },
		{ "nothing", "file", -ENOENT },
		{ "file", "file", -ENOTDIR },
		{ "loop", "file", -ELOOP },
		{ "site", "file", -ENOENT },
		{ "", "socket", -ENXIO },
	};

	(void)state;
	check_opens(cases, ARRAY_LENGTH(cases));
}

/* What is no regular file is for the caller to judge; nothing may hang. */
static void opens_what_is_no_file(void **state)
{
	static const struct {
		const char *path;
		mode_t kind;
	} cases[] = { { "site", S_IFDIR }, { "site/", S_IFDIR },
		{ ".", S_IFDIR }, { "fifo", S_IFIFO } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		struct open_outcome outcome =
		    open_at(fixture.root_fd, "", cases[i].path);

		assert_int_equal(outcome.result.error, 0);
		assert_int_equal(
		    outcome.result.stat.st_mode & S_IFMT, cases[i].kind);
		close(outcome.result.fd);
	}
}

/* --- staying beneath ---------------------------------------------------- */

static void stays_beneath_the_root(void **state)
{
	static const struct open_case cases[] = {
		{ "", "inside", 0 },
		{ "", "deeper", 0 },
		{ "", "site/../file", 0 },
		{ "alias", "page", 0 },
		{ "", "out", -EXDEV },
		{ "", "out_and_in", -EXDEV },
		{ "", "up", -EXDEV },
		{ "", "up/outside", -EXDEV },
		{ "", "absolute", -EXDEV },
		{ "", "slash/etc/passwd", -EXDEV },
		{ "", "..", -EXDEV },
		{ "", "../outside", -EXDEV },
		{ "", "../root/file", -EXDEV },
		{ "", "site/../../outside", -EXDEV },
		{ "", "/etc/passwd", -EXDEV },
		{ "", "/", -EXDEV },
		{ "..", "outside", -EXDEV },
		{ "up", "outside", -EXDEV },
		{ "slash", "etc/passwd", -EXDEV },
		{ "/etc", "passwd", -EXDEV },
		{ "site/../..", "outside", -EXDEV },
	};

	(void)state;
	check_opens(cases, ARRAY_LENGTH(cases));
}

/* One site must not show another one's files through a link. */
static void stays_beneath_its_folder(void **state)
{
	static const struct open_case cases[] = {
		{ "site", "inside", 0 },
		{ "site", "neighbour/secret", -EXDEV },
		{ "site", "secret", -EXDEV },
		{ "site", "parent", -EXDEV },
		{ "site", "../file", -EXDEV },
		{ "site", "../site/page", -EXDEV },
		{ "alias", "neighbour/secret", -EXDEV },
		{ "empty", "../site/page", -EXDEV },
		/* From the root they are within bounds. */
		{ "", "site/secret", 0 },
		{ "", "site/neighbour/secret", 0 },
	};

	(void)state;
	check_opens(cases, ARRAY_LENGTH(cases));
}

/* A link of /proc/PID/fd leads to a file without a look at its path. */
static void follows_no_magic_links(void **state)
{
	int fd = open("root/file", O_RDONLY | O_CLOEXEC);
	int folder = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);
	char path[32];

	(void)state;
	assert_true(fd >= 0 && folder >= 0);
	snprintf(path, sizeof(path), "fd/%d", fd);
	fixture.descriptors += 2;
	assert_int_equal(try_at(folder, "", path), -ELOOP);
	assert_int_equal(try_at(folder, "fd", path + 3), -ELOOP);
	assert_int_equal(try_at(folder, "", "cwd/file"), -ELOOP);
	assert_int_equal(try_at(folder, "cwd", "root/file"), -ELOOP);
	assert_int_equal(try_at(folder, "root", "etc/passwd"), -ELOOP);
	assert_int_equal(try_at(folder, "", "status"), 0);
	fixture.descriptors -= 2;
	close(folder);
	close(fd);
}

/* --- limits and permissions --------------------------------------------- */

/* "././…/file" of `length` bytes. */
static void put_path(char *path, size_t length)
{
	memset(path, '.', length);
	for (size_t i = 1; i < length - 4; i += 2)
		path[i] = '/';
	/* An odd rest takes another slash. */
	path[length - 5] = '/';
	strcpy(path + length - 4, "file");
}

static void limits_a_path(void **state)
{
	char path[PATH_MAX + 8];

	(void)state;
	put_path(path, PATH_MAX - 1);
	assert_int_equal(try_at(fixture.root_fd, "", path), 0);
	put_path(path, PATH_MAX);
	assert_int_equal(try_at(fixture.root_fd, "", path), -ENAMETOOLONG);
	assert_int_equal(try_at(fixture.root_fd, path, ""), -ENAMETOOLONG);
	memset(path, 'x', sizeof(path));
	path[NAME_MAX] = '\0';
	assert_int_equal(try_at(fixture.root_fd, "", path), -ENOENT);
	path[NAME_MAX] = 'x';
	path[NAME_MAX + 1] = '\0';
	assert_int_equal(try_at(fixture.root_fd, "", path), -ENAMETOOLONG);
}

/* The C library changes the user of the pool's threads, too. */
static void minds_permissions(void **state)
{
	bool root = geteuid() == 0;
	int error;

	(void)state;
	if (root && seteuid(NOBODY) < 0)
		skip();
	error = try_at(fixture.root_fd, "", "locked");
	if (root)
		assert_int_equal(seteuid(0), 0);
	assert_int_equal(error, -EACCES);
}

/* --- cancelling --------------------------------------------------------- */

static void closes_what_nobody_wants(void **state)
{
	struct open_outcome outcomes[3] = { 0 };

	(void)state;
	for (int i = 0; i < 3; i++)
		file_open_cancel(start(fixture.root_fd, "",
		    i == 1 ? "nothing" : "file", &outcomes[i]));
	uv_run(&fixture.loop, UV_RUN_DEFAULT);
	for (int i = 0; i < 3; i++)
		assert_int_equal(outcomes[i].calls, 0);
	assert_int_equal(count_descriptors(), fixture.descriptors);
}

static void is_supported(void **state)
{
	(void)state;
	assert_int_equal(file_open_supported(), 0);
	assert_int_equal(count_descriptors(), fixture.descriptors);
}

/* valgrind up to 3.21 does not know openat2(2). */
static void says_that_it_is_not_supported(void **state)
{
	(void)state;
	assert_int_equal(file_open_supported(), -ENOSYS);
	assert_int_equal(try_at(fixture.root_fd, "", "file"), -ENOSYS);
	assert_int_equal(try_at(fixture.root_fd, "site", "page"), -ENOSYS);
}

static void some_errors_say_that_nothing_is_there(void **state)
{
	static const int absent[] = { ENOENT, ENOTDIR, ELOOP, EXDEV, EACCES,
		EPERM, ENAMETOOLONG, EINVAL, ENXIO, ENODEV, ENOSYS };
	static const int others[] = { 0, EMFILE, ENFILE, ENOMEM, EAGAIN, EIO,
		EINTR, ESTALE, ECANCELED, ETIMEDOUT };

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(absent); i++)
		assert_true(file_open_is_absent(-absent[i]));
	for (size_t i = 0; i < ARRAY_LENGTH(others); i++)
		assert_false(file_open_is_absent(-others[i]));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_supported),
		cmocka_unit_test(some_errors_say_that_nothing_is_there),
		cmocka_unit_test(opens_a_file_for_reading),
		cmocka_unit_test(opens_files_at_once),
		cmocka_unit_test(tells_why_it_could_not),
		cmocka_unit_test(opens_what_is_no_file),
		cmocka_unit_test(stays_beneath_the_root),
		cmocka_unit_test(stays_beneath_its_folder),
		cmocka_unit_test(follows_no_magic_links),
		cmocka_unit_test(limits_a_path),
		cmocka_unit_test(minds_permissions),
		cmocka_unit_test(closes_what_nobody_wants),
	};
	static const struct CMUnitTest without[] = {
		cmocka_unit_test(says_that_it_is_not_supported),
		cmocka_unit_test(closes_what_nobody_wants),
	};

	if (file_open_supported() != -ENOSYS)
		return cmocka_run_group_tests_name(
		    "file_open", tests, set_up, tear_down);
	print_message("# openat2 is not known here: most is not tested\n");
	return cmocka_run_group_tests_name(
	    "file_open", without, set_up, tear_down);
}
