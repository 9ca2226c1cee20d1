/* SPDX-License-Identifier: MIT */
/*
 * Unit tests of common/file_open, with a loop of libuv and a folder of their
 * own:
 *
 *	root/           where files are opened beneath
 *	    file, long/…, locked, fifo, socket
 *	    inside -> file, absolute -> /…/root/file, out -> ../outside, …
 *	    site/       a folder for `below`, with links into its neighbour
 *	    other/      its neighbour, with a file "secret"
 *	outside         a file
 */
#include "config.h"

#include "common/file_open.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "common/aio_file.h"
#include "tests/unit/descriptors.h"
#include "tests/unit/unit.h"

/* An open that blocks is killed. */
#define PATIENCE_SECONDS 60
#define NOBODY 65534

static struct {
	char folder[64];
	uv_loop_t loop;
	int root_fd;
	int descriptors;
} fixture;

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
	if (mkdir("root", 0755) < 0 || mkdir("root/site", 0755) < 0 ||
	    mkdir("root/other", 0755) < 0 || mkdir("root/empty", 0755) < 0)
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

static int remove_tree(
    const char *name, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	return remove(name);
}

static int set_up(void **state)
{
	(void)state;
	alarm(PATIENCE_SECONDS);
	strcpy(fixture.folder, "/tmp/fcgi-stream-open-XXXXXX");
	if (!mkdtemp(fixture.folder) || chmod(fixture.folder, 0755) < 0 ||
	    chdir(fixture.folder) < 0 || make_tree() < 0)
		return -1;
	fixture.root_fd = open("root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fixture.root_fd < 0 || uv_loop_init(&fixture.loop) != 0)
		return -1;
	fixture.descriptors = count_descriptors();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	close(fixture.root_fd);
	alarm(0);
	if (uv_loop_close(&fixture.loop) != 0 || chdir("/") < 0)
		return -1;
	return nftw(fixture.folder, remove_tree, 16, FTW_DEPTH | FTW_PHYS);
}

/* --- opening ------------------------------------------------------------ */

struct outcome {
	int calls;
	struct file_open_result result;
};

static void on_done(void *context, const struct file_open_result *result)
{
	struct outcome *outcome = context;

	outcome->calls++;
	outcome->result = *result;
}

static struct file_open *start(
    int root_fd, const char *below, const char *path, struct outcome *outcome)
{
	/* Both names are copied: these are gone when the open runs. */
	char below_copy[2 * PATH_MAX], path_copy[2 * PATH_MAX];
	const struct file_open_target target = {
		.root_fd = root_fd,
		.below = strcpy(below_copy, below),
		.path = strcpy(path_copy, path),
	};
	struct file_open *open =
	    file_open_start(&fixture.loop, &target, on_done, outcome);

	assert_non_null(open);
	memset(below_copy, 'x', sizeof(below_copy));
	memset(path_copy, 'x', sizeof(path_copy));
	return open;
}

static struct outcome open_at(int root_fd, const char *below, const char *path)
{
	struct outcome outcome = { 0 };

	start(root_fd, below, path, &outcome);
	/* Never from inside the call */
	assert_int_equal(outcome.calls, 0);
	uv_run(&fixture.loop, UV_RUN_DEFAULT);
	assert_int_equal(outcome.calls, 1);
	return outcome;
}

/* Returns 0 or -errno; closes what was opened and checks that it was all. */
static int try_at(int root_fd, const char *below, const char *path)
{
	struct outcome outcome = open_at(root_fd, below, path);

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
	struct outcome outcome = open_at(fixture.root_fd, "", "file");
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
	static struct outcome outcomes[100];

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
		struct outcome outcome =
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
	if (root && seteuid(NOBODY) < 0) {
		print_message("# can't become another user: not tested\n");
		return;
	}
	error = try_at(fixture.root_fd, "", "locked");
	if (root)
		assert_int_equal(seteuid(0), 0);
	assert_int_equal(error, -EACCES);
}

/* --- variants and attributes -------------------------------------------- */

#define ATTRIBUTE "user.digest.test"

/* At once, and all strings of the target are gone when the open runs. */
static struct file_open_result open_variant(
    const char *path, const char *const *suffixes, const char *attribute)
{
	char path_copy[2 * PATH_MAX], name[64] = "", suffix[4][8];
	const char *variants[5] = { 0 };
	const struct file_open_target target = {
		.root_fd = fixture.root_fd,
		.below = "site",
		.path = strcpy(path_copy, path),
		.variants = suffixes ? variants : NULL,
		.attribute = attribute ? strcpy(name, attribute) : NULL,
	};
	struct outcome outcome = { 0 };

	for (size_t i = 0; suffixes && suffixes[i]; i++)
		variants[i] = strcpy(suffix[i], suffixes[i]);
	assert_non_null(
	    file_open_start(&fixture.loop, &target, on_done, &outcome));
	memset(path_copy, 'x', sizeof(path_copy));
	memset(name, 'x', sizeof(name));
	memset(suffix, 'x', sizeof(suffix));
	memset(variants, 0, sizeof(variants));
	uv_run(&fixture.loop, UV_RUN_DEFAULT);
	assert_int_equal(outcome.calls, 1);
	return outcome.result;
}

/* A file of two characters, modified at `seconds` and 5 ns. */
static void make_old(const char *name, const char *text, time_t seconds)
{
	const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT },
		{ .tv_sec = seconds, .tv_nsec = 5 } };
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_int_equal(write(fd, text, 2), 2);
	assert_int_equal(futimens(fd, times), 0);
	close(fd);
}

static void make_variants(void)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT },
		{ .tv_sec = 1000, .tv_nsec = 4 } };

	make_old("root/site/v", "v0", 1000);
	make_old("root/site/v.same", "sa", 1000);
	make_old("root/site/v.newer", "ne", 1001);
	make_old("root/site/v.older", "ol", 999);
	make_old("root/site/v.less", "le", 1000);
	assert_int_equal(utimensat(AT_FDCWD, "root/site/v.less", times, 0), 0);
	assert_int_equal(mkdir("root/site/v.dir", 0755), 0);
	assert_int_equal(mkfifo("root/site/v.fifo", 0644), 0);
	assert_int_equal(symlink("../../outside", "root/site/v.out"), 0);
	assert_int_equal(symlink("v.newer", "root/site/v.link"), 0);
	make_old("root/site/v.lock", "lo", 1001);
	assert_int_equal(chmod("root/site/v.lock", 0), 0);
}

static const struct {
	const char *suffixes[5];
	int variant;
	const char *text;
} variant_rows[] = {
	{ { NULL }, -1, "v0" },
	{ { ".none", NULL }, -1, "v0" },
	{ { ".newer", NULL }, 0, "ne" },
	{ { ".same", ".newer", NULL }, 0, "sa" },
	{ { ".newer", ".same", NULL }, 0, "ne" },
	{ { ".none", ".newer", NULL }, 1, "ne" },
	/* Made from other bytes */
	{ { ".older", NULL }, -1, "v0" },
	{ { ".less", NULL }, -1, "v0" },
	{ { ".older", ".less", ".same", NULL }, 2, "sa" },
	{ { ".dir", ".fifo", NULL }, -1, "v0" },
	{ { ".out", ".link", NULL }, 1, "ne" },
	/* Three are tried, a fourth is not. */
	{ { ".none", ".dir", ".same", NULL }, 2, "sa" },
	{ { ".none", ".dir", ".out", ".same", NULL }, -1, "v0" },
};

static void check_text(
    const struct file_open_result *result, const char *expected)
{
	char text[8] = "";
	struct stat st;

	assert_int_equal(result->error, 0);
	assert_int_equal(read(result->fd, text, sizeof(text)), 2);
	assert_string_equal(text, expected);
	/* All that is told is of the file that was opened. */
	assert_int_equal(fstat(result->fd, &st), 0);
	assert_int_equal(st.st_ino, result->stat.st_ino);
	assert_int_equal(st.st_mtim.tv_sec, result->stat.st_mtim.tv_sec);
	assert_int_equal(
	    result->close_blocks, aio_file_close_blocks(result->fd));
}

static void opens_the_best_variant(void **state)
{
	(void)state;
	make_variants();
	for (size_t i = 0; i < ARRAY_LENGTH(variant_rows); i++) {
		struct file_open_result result =
		    open_variant("v", variant_rows[i].suffixes, NULL);

		if (result.variant != variant_rows[i].variant)
			fail_msg("row %zu: %d", i, result.variant);
		check_text(&result, variant_rows[i].text);
		close(result.fd);
		assert_int_equal(count_descriptors(), fixture.descriptors);
	}
}

static void skips_a_variant_that_it_may_not_read(void **state)
{
	static const char *const suffixes[] = { ".lock", ".same", NULL };
	bool root = geteuid() == 0;
	struct file_open_result result;

	(void)state;
	if (root && seteuid(NOBODY) < 0)
		return;
	result = open_variant("v", suffixes, NULL);
	if (root)
		assert_int_equal(seteuid(0), 0);
	assert_int_equal(result.variant, 1);
	check_text(&result, "sa");
	close(result.fd);
}

/* The file itself decides; its neighbours do not stand in for it. */
static void wants_the_file_itself_first(void **state)
{
	static const struct {
		const char *path;
		const char *suffix;
		int error;
	} cases[] = {
		{ "nothing", "/../v", -ENOENT },
		{ "v.n", "ewer", -ENOENT },
		{ "v.out", "", -EXDEV },
		/* Opened, but no regular file */
		{ "v.dir", "/../v", 0 },
		{ ".", "./site/v", 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		const char *const suffixes[] = { cases[i].suffix, NULL };
		struct file_open_result result =
		    open_variant(cases[i].path, suffixes, NULL);

		assert_int_equal(result.error, cases[i].error);
		assert_int_equal(result.variant, -1);
		if (result.error == 0) {
			assert_true(S_ISDIR(result.stat.st_mode));
			close(result.fd);
		}
		assert_int_equal(count_descriptors(), fixture.descriptors);
	}
}

/* A name that only the suffix makes too long is just not there. */
static void limits_a_variant(void **state)
{
	static const char *const suffixes[] = { ".same", NULL };
	char name[NAME_MAX + 1];
	char path[sizeof("root/site/") + sizeof(name)];
	struct file_open_result result;

	(void)state;
	memset(name, 'n', NAME_MAX);
	name[NAME_MAX] = '\0';
	snprintf(path, sizeof(path), "root/site/%s", name);
	make_old(path, "lo", 1000);
	result = open_variant(name, suffixes, NULL);
	assert_int_equal(result.variant, -1);
	check_text(&result, "lo");
	close(result.fd);
}

static void check_attribute(size_t length, size_t expected)
{
	static const char *const suffixes[] = { ".newer", NULL };
	char value[FILE_OPEN_ATTRIBUTE_MAX + 1];
	struct file_open_result result;

	memset(value, 'a', sizeof(value));
	assert_int_equal(
	    setxattr("root/site/v", ATTRIBUTE, value, length, 0), 0);
	value[0] = 'b';
	assert_int_equal(
	    setxattr("root/site/v.newer", ATTRIBUTE, value, length, 0), 0);
	for (int i = 0; i < 2; i++) {
		result = open_variant("v", i ? suffixes : NULL, ATTRIBUTE);
		value[0] = i ? 'b' : 'a';
		assert_int_equal(result.error, 0);
		assert_int_equal(result.attribute_length, expected);
		assert_memory_equal(result.attribute, value, expected);
		close(result.fd);
	}
}

static void reads_an_attribute(void **state)
{
	struct file_open_result result = open_variant("v", NULL, ATTRIBUTE);

	(void)state;
	assert_int_equal(result.error, 0);
	assert_int_equal(result.attribute_length, 0);
	close(result.fd);
	if (setxattr("root/site/v", ATTRIBUTE, "x", 1, 0) < 0) {
		print_message("# no user attributes here: not tested\n");
		return;
	}
	check_attribute(1, 1);
	check_attribute(0, 0);
	check_attribute(FILE_OPEN_ATTRIBUTE_MAX, FILE_OPEN_ATTRIBUTE_MAX);
	check_attribute(FILE_OPEN_ATTRIBUTE_MAX + 1, 0);
	/* Nobody asked for it. */
	result = open_variant("v", NULL, NULL);
	assert_int_equal(result.attribute_length, 0);
	close(result.fd);
	assert_int_equal(count_descriptors(), fixture.descriptors);
}

/* --- cancelling --------------------------------------------------------- */

static void closes_what_nobody_wants(void **state)
{
	struct outcome outcomes[3] = { 0 };

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

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_supported),
		cmocka_unit_test(opens_a_file_for_reading),
		cmocka_unit_test(opens_files_at_once),
		cmocka_unit_test(tells_why_it_could_not),
		cmocka_unit_test(opens_what_is_no_file),
		cmocka_unit_test(stays_beneath_the_root),
		cmocka_unit_test(stays_beneath_its_folder),
		cmocka_unit_test(follows_no_magic_links),
		cmocka_unit_test(limits_a_path),
		cmocka_unit_test(minds_permissions),
		cmocka_unit_test(opens_the_best_variant),
		cmocka_unit_test(skips_a_variant_that_it_may_not_read),
		cmocka_unit_test(wants_the_file_itself_first),
		cmocka_unit_test(limits_a_variant),
		cmocka_unit_test(reads_an_attribute),
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
