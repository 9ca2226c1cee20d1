/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/setup/listener, in a folder of their own. */
#include "config.h"

#include "fcgi_app/setup/listener.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/unit/support/descriptors.h"
#include "tests/unit/support/own_folder.h"
#include "tests/unit/support/unit.h"

/* Longest path of a unix socket (unix(7)). */
#define PATH_MOST 107

static char folder[OWN_FOLDER_MAX];

static int set_up(void **state)
{
	(void)state;
	return own_folder_enter(folder);
}

/* Each test removes what it made, so that what is left is noticed. */
static int tear_down(void **state)
{
	(void)state;
	return chdir("/") == 0 ? rmdir(folder) : -1;
}

/* Opens one or two addresses (NULL: none); what is logged comes into `log`. */
static int open_two(struct listeners *listeners, const char *first,
    const char *second, char log[512])
{
	struct options options = { .listen_count = second ? 2 : 1 };
	int saved = dup(STDERR_FILENO);
	int fd = memfd_create("log", MFD_CLOEXEC);
	int r;

	assert_true(saved >= 0 && fd >= 0);
	options.listen[0] = first;
	options.listen[1] = second;
	dup2(fd, STDERR_FILENO);
	r = listeners_open(listeners, &options);
	dup2(saved, STDERR_FILENO);
	close(saved);
	memset(log, 0, 512);
	assert_true(pread(fd, log, 511, 0) >= 0);
	close(fd);
	return r;
}

static void open_one(struct listeners *listeners, const char *name)
{
	char log[512];
	int r = open_two(listeners, name, NULL, log);

	if (r != 0)
		fail_msg("%s: %d: %s", name, r, log);
	assert_string_equal(log, "");
	assert_int_equal(listeners->count, 1);
}

/* Refused with an error that names the option and the reason. */
static void check_refused(const char *name, int error, const char *reason)
{
	int before = count_descriptors();
	struct listeners listeners;
	char log[512], option[300];
	int r = open_two(&listeners, name, NULL, log);

	snprintf(option, sizeof(option), " error --listen=%s: ", name);
	if (r == 0) {
		listeners_remove_files(&listeners);
		listeners_close(&listeners);
	}
	if (r != error || !strstr(log, option) || !strstr(log, reason))
		fail_msg("%s: %d: %s", name, r, log);
	assert_int_equal(count_descriptors(), before);
}

static void close_all(struct listeners *listeners)
{
	listeners_remove_files(listeners);
	listeners_close(listeners);
}

static bool is_there(const char *name)
{
	struct stat st;

	return lstat(name, &st) == 0;
}

/* Whether somebody answers at the listener's own address. */
static bool answers(const struct listener *listener)
{
	struct sockaddr_storage address;
	socklen_t length = sizeof(address);
	bool connected;
	int fd;

	assert_int_equal(
	    getsockname(listener->fd, (struct sockaddr *)&address, &length), 0);
	fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	connected = connect(fd, (struct sockaddr *)&address, length) == 0;
	close(fd);
	return connected;
}

/*
 * A connection that we close first: the kernel keeps its port busy for a minute
 * (TIME_WAIT), which must not keep us from starting again.
 */
static void leave_a_connection_behind(int fd)
{
	struct sockaddr_in address;
	socklen_t length = sizeof(address);
	int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int ours;
	char byte;

	assert_int_equal(
	    getsockname(fd, (struct sockaddr *)&address, &length), 0);
	assert_int_equal(
	    connect(client, (struct sockaddr *)&address, length), 0);
	do
		ours = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
	while (ours < 0 && errno == EAGAIN);
	assert_true(ours >= 0);
	close(ours);
	assert_int_equal(read(client, &byte, 1), 0);
	close(client);
}

/* Workers share it, so none may wait in accept(). */
static void check_flags(int fd)
{
	assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
}

/* --- unix sockets --------------------------------------------------------- */

/* A socket file of another process, which listens if `backlog` is not 0. */
static int make_socket(const char *name, int backlog)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	strcpy(address.sun_path, name);
	assert_int_equal(
	    bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	if (backlog)
		assert_int_equal(listen(fd, backlog), 0);
	return fd;
}

static void opens_a_unix_socket(void **state)
{
	struct listeners listeners;
	struct stat st;
	mode_t mask = umask(0);

	(void)state;
	open_one(&listeners, "unix:socket");
	/* The process's own mask does not matter, and is not changed. */
	assert_int_equal(umask(0777), 0);
	assert_int_equal(lstat("socket", &st), 0);
	assert_int_equal(st.st_mode, S_IFSOCK | 0660);
	assert_string_equal(listeners.list[0].name, "unix:socket");
	assert_string_equal(listeners.list[0].path, "socket");
	check_flags(listeners.list[0].fd);
	assert_true(answers(&listeners.list[0]));
	close_all(&listeners);
	assert_false(is_there("socket"));
	open_one(&listeners, "unix:socket");
	assert_int_equal(lstat("socket", &st), 0);
	assert_int_equal(st.st_mode, S_IFSOCK | 0660);
	close_all(&listeners);
	umask(mask);
}

static void replaces_a_stale_socket(void **state)
{
	struct listeners listeners;
	struct stat before, after;

	(void)state;
	close(make_socket("socket", 0));
	assert_int_equal(lstat("socket", &before), 0);
	open_one(&listeners, "unix:socket");
	assert_int_equal(lstat("socket", &after), 0);
	assert_true(answers(&listeners.list[0]));
	assert_int_equal(after.st_mode, S_IFSOCK | 0660);
	close_all(&listeners);
	assert_false(is_there("socket"));
}

static void leaves_a_live_socket_alone(void **state)
{
	int fd = make_socket("socket", 1);
	struct stat before, after;

	(void)state;
	assert_int_equal(lstat("socket", &before), 0);
	check_refused("unix:socket", -EINVAL, "another process listens on it");
	assert_int_equal(lstat("socket", &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	close(fd);
	assert_int_equal(unlink("socket"), 0);
}

/* A backlog that is full refuses with EAGAIN: somebody is there. */
static void leaves_a_busy_socket_alone(void **state)
{
	int fd = make_socket("socket", 1);
	int clients[64];
	int count = 0;
	struct sockaddr_un address = { .sun_family = AF_UNIX,
		.sun_path = "socket" };

	(void)state;
	do {
		clients[count] = socket(
		    AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		assert_true(clients[count] >= 0);
		count++;
	} while (count < 64 &&
	    connect(clients[count - 1], (struct sockaddr *)&address,
		sizeof(address)) == 0);
	assert_true(count < 64);
	check_refused("unix:socket", -EINVAL, "another process listens on it");
	while (count > 0)
		close(clients[--count]);
	close(fd);
	assert_int_equal(unlink("socket"), 0);
}

static void leaves_other_files_alone(void **state)
{
	static const char reason[] = "is not a socket";

	(void)state;
	assert_int_equal(mknod("file", S_IFREG | 0644, 0), 0);
	assert_int_equal(mkfifo("fifo", 0644), 0);
	assert_int_equal(symlink("file", "link"), 0);
	assert_int_equal(symlink("nothing", "dangling"), 0);
	check_refused("unix:file", -EINVAL, reason);
	check_refused("unix:fifo", -EINVAL, reason);
	check_refused("unix:link", -EINVAL, reason);
	check_refused("unix:dangling", -EINVAL, reason);
	check_refused("unix:.", -EINVAL, reason);
	assert_false(is_there("nothing"));
	assert_int_equal(unlink("file"), 0);
	assert_int_equal(unlink("fifo"), 0);
	assert_int_equal(unlink("link"), 0);
	assert_int_equal(unlink("dangling"), 0);
}

static void says_why_a_path_is_wrong(void **state)
{
	(void)state;
	assert_int_equal(mknod("file", S_IFREG | 0644, 0), 0);
	check_refused("unix:", -EINVAL, "no path after unix:");
	check_refused("unix:nothing/socket", -ENOENT, "No such file");
	check_refused("unix:file/socket", -ENOTDIR, "Not a directory");
	assert_int_equal(unlink("file"), 0);
}

/* "unix:./././socket" with a path of `length` bytes. */
static void put_name(char *name, size_t length)
{
	char *path = stpcpy(name, "unix:");

	for (size_t i = 0; i < length; i++)
		path[i] = i % 2 ? '/' : '.';
	path[length - 7] = '/';
	strcpy(path + length - 6, "socket");
}

static void limits_a_path(void **state)
{
	struct listeners listeners;
	char name[PATH_MOST + 16];

	(void)state;
	put_name(name, PATH_MOST);
	open_one(&listeners, name);
	assert_true(is_there("socket"));
	assert_string_equal(listeners.list[0].name, name);
	assert_string_equal(listeners.list[0].path, name + 5);
	assert_true(answers(&listeners.list[0]));
	close_all(&listeners);
	assert_false(is_there("socket"));
	put_name(name, PATH_MOST + 1);
	check_refused(name, -EINVAL, "longer than 107 bytes");
	assert_false(is_there("socket"));
}

static void removes_only_its_own_file(void **state)
{
	struct listeners listeners;

	(void)state;
	open_one(&listeners, "unix:socket");
	/* A newer process has replaced it. */
	assert_int_equal(rename("socket", "kept"), 0);
	close(make_socket("socket", 0));
	listeners_remove_files(&listeners);
	assert_true(is_there("socket"));
	assert_int_equal(unlink("socket"), 0);
	/* It is gone: that is no error. */
	listeners_remove_files(&listeners);
	listeners_close(&listeners);
	assert_int_equal(unlink("kept"), 0);
}

/* Workers close theirs, while the master's file stays. */
static void closes_without_removing(void **state)
{
	int before = count_descriptors();
	struct listeners listeners;
	int fd;

	(void)state;
	open_one(&listeners, "unix:socket");
	fd = listeners.list[0].fd;
	listeners_close(&listeners);
	assert_int_equal(count_descriptors(), before);
	assert_true(is_there("socket"));
	/* Again, when the number is somebody else's */
	assert_int_equal(dup2(STDOUT_FILENO, fd), fd);
	listeners_close(&listeners);
	assert_int_equal(close(fd), 0);
	listeners_remove_files(&listeners);
	assert_false(is_there("socket"));
}

/* --- TCP ------------------------------------------------------------------ */

static bool has_ipv6(void)
{
	struct sockaddr_in6 address = { .sin6_family = AF_INET6,
		.sin6_addr = IN6ADDR_LOOPBACK_INIT };
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool works;

	if (fd < 0)
		return false;
	works = bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0;
	close(fd);
	return works;
}

static void opens_tcp_sockets(void **state)
{
	static const struct {
		const char *name, *bound; /* up to the port */
	} cases[] = {
		{ "127.0.0.1:0", "127.0.0.1:" },
		{ "0.0.0.0:0", "0.0.0.0:" },
		{ "[::1]:0", "[::1]:" },
		{ "[::]:0", "[::]:" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		size_t length = strlen(cases[i].bound);
		struct listeners listeners;
		const struct listener *listener = &listeners.list[0];

		if (cases[i].name[0] == '[' && !has_ipv6()) {
			print_message("# no IPv6 here: not tested\n");
			continue;
		}
		open_one(&listeners, cases[i].name);
		check_flags(listener->fd);
		assert_memory_equal(listener->name, cases[i].bound, length);
		/* The port is the one that was bound. */
		assert_true(atoi(listener->name + length) > 0);
		assert_string_equal(listener->path, "");
		assert_true(answers(listener));
		close_all(&listeners);
	}
}

static void says_that_a_port_is_taken(void **state)
{
	struct listeners listeners;
	char name[LISTENER_NAME_MAX];

	(void)state;
	open_one(&listeners, "127.0.0.1:0");
	strcpy(name, listeners.list[0].name);
	check_refused(name, -EADDRINUSE, "Address already in use");
	leave_a_connection_behind(listeners.list[0].fd);
	close_all(&listeners);
	/* And free again */
	open_one(&listeners, name);
	assert_string_equal(listeners.list[0].name, name);
	close_all(&listeners);
}

#define X64 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

static void says_why_an_address_is_wrong(void **state)
{
	static const struct {
		const char *name, *reason;
	} cases[] = {
		{ "", "not unix:PATH, HOST:PORT or [V6]:PORT" },
		{ "9000", "not unix:PATH, HOST:PORT or [V6]:PORT" },
		{ "127.0.0.1", "not unix:PATH, HOST:PORT or [V6]:PORT" },
		{ "127.0.0.1:", "not unix:PATH, HOST:PORT or [V6]:PORT" },
		{ "/run/socket", "not unix:PATH, HOST:PORT or [V6]:PORT" },
		{ "[::1]:", "not unix:PATH, HOST:PORT or [V6]:PORT" },
		{ ":9000", "host is missing" },
		{ "[]:9000", "host is missing" },
		{ X64 X64 X64 X64 ":9000", "host is missing or too long" },
		{ "::1:9000", "needs brackets" },
		{ "fe80::1:9000", "needs brackets" },
		{ "127.0.0.1:port", "" },
		{ "127.0.0.1:80x", "" },
		{ "127.0.0.1:65536", "" },
		{ "127.0.0.1:99999", "" },
		{ "127.0.0.1:-1", "" },
		{ "127.0.0.1:+0", "" },
		{ "127.0.0.1: 0", "" },
		{ "127.0.0.1:0x0", "" },
		{ "256.0.0.1:0", "" },
		{ "[::g]:0", "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
		check_refused(cases[i].name, -EINVAL, cases[i].reason);
}

/* --- several -------------------------------------------------------------- */

static void opens_several(void **state)
{
	struct listeners listeners;
	char log[512];

	(void)state;
	assert_int_equal(
	    open_two(&listeners, "unix:socket", "127.0.0.1:0", log), 0);
	assert_int_equal(listeners.count, 2);
	assert_string_equal(listeners.list[0].name, "unix:socket");
	assert_memory_equal(listeners.list[1].name, "127.0.0.1:", 10);
	assert_true(answers(&listeners.list[0]));
	assert_true(answers(&listeners.list[1]));
	close_all(&listeners);
	assert_false(is_there("socket"));
}

/* A mistake in one leaves nothing of the others. */
static void opens_all_or_none(void **state)
{
	int before = count_descriptors();
	struct listeners listeners;
	char log[512];

	(void)state;
	assert_int_equal(
	    open_two(&listeners, "unix:socket", "nonsense", log), -EINVAL);
	assert_non_null(strstr(log, "--listen=nonsense: "));
	assert_false(is_there("socket"));
	assert_int_equal(count_descriptors(), before);
	/* The same path twice: the first one is live. */
	assert_int_equal(
	    open_two(&listeners, "unix:socket", "unix:./socket", log), -EINVAL);
	assert_non_null(strstr(log, "another process"));
	assert_false(is_there("socket"));
	assert_int_equal(count_descriptors(), before);
}

/* --- the socket on descriptor 0 ------------------------------------------- */

/* As spawn-fcgi passes it (FastCGI specification, 2.2). */
static void takes_the_socket_on_descriptor_0(void **state)
{
	struct options options = { .listen_count = 0 };
	int saved = dup(STDIN_FILENO);
	int fd = make_socket("socket", 1);
	struct listeners listeners;
	int r;

	(void)state;
	unsetenv("LISTEN_FDS");
	dup2(fd, STDIN_FILENO);
	close(fd);
	r = listeners_open(&listeners, &options);
	assert_int_equal(r, 0);
	assert_int_equal(listeners.count, 1);
	assert_int_equal(listeners.list[0].fd, STDIN_FILENO);
	assert_string_equal(listeners.list[0].name, "unix:socket");
	assert_true(fcntl(STDIN_FILENO, F_GETFL) & O_NONBLOCK);
	/* The file is not ours. */
	listeners_remove_files(&listeners);
	assert_true(is_there("socket"));
	listeners_close(&listeners);
	if (saved >= 0) {
		dup2(saved, STDIN_FILENO);
		close(saved);
	}
	assert_int_equal(unlink("socket"), 0);
}

static void says_that_there_is_nothing_to_listen_on(void **state)
{
	struct options options = { .listen_count = 0 };
	int saved_in = dup(STDIN_FILENO), saved_err = dup(STDERR_FILENO);
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int fd = memfd_create("log", MFD_CLOEXEC);
	struct listeners listeners;
	char log[512] = "";
	int r;

	(void)state;
	unsetenv("LISTEN_FDS");
	dup2(null, STDIN_FILENO);
	dup2(fd, STDERR_FILENO);
	r = listeners_open(&listeners, &options);
	dup2(saved_err, STDERR_FILENO);
	if (saved_in >= 0)
		dup2(saved_in, STDIN_FILENO);
	close(saved_in);
	close(saved_err);
	close(null);
	assert_true(pread(fd, log, sizeof(log) - 1, 0) > 0);
	close(fd);
	assert_int_equal(r, -EINVAL);
	assert_non_null(strstr(log, "nothing to listen on"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(opens_a_unix_socket),
		cmocka_unit_test(replaces_a_stale_socket),
		cmocka_unit_test(leaves_a_live_socket_alone),
		cmocka_unit_test(leaves_a_busy_socket_alone),
		cmocka_unit_test(leaves_other_files_alone),
		cmocka_unit_test(says_why_a_path_is_wrong),
		cmocka_unit_test(limits_a_path),
		cmocka_unit_test(removes_only_its_own_file),
		cmocka_unit_test(closes_without_removing),
		cmocka_unit_test(opens_tcp_sockets),
		cmocka_unit_test(says_that_a_port_is_taken),
		cmocka_unit_test(says_why_an_address_is_wrong),
		cmocka_unit_test(opens_several),
		cmocka_unit_test(opens_all_or_none),
		cmocka_unit_test(takes_the_socket_on_descriptor_0),
		cmocka_unit_test(says_that_there_is_nothing_to_listen_on),
	};

	return cmocka_run_group_tests_name(
	    "listener", tests, set_up, tear_down);
}
