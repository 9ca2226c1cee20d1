/* SPDX-License-Identifier: MIT */
/*
 * Unit tests of common/file/file_open: what a kernel refuses that does not know
 * RESOLVE_CACHED (before Linux 5.12), and what only a file system does. Both
 * say EINVAL, so both stand here in place of the real openat2(2).
 */
#include "config.h"

#include "common/file/file_open.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdarg.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/unit/support/need_openat2.h"
#include "tests/unit/support/open_fixture.h"
#include "tests/unit/support/unit.h"

/* Linux 5.12; the headers may be older. */
#ifndef RESOLVE_CACHED
#define RESOLVE_CACHED 0x20
#endif

#define ARGUMENTS 6

typedef long syscall_fn(long number, ...);

static struct open_fixture fixture;
static const char *refused_name; /* by its file system; NULL: none is */
static bool is_old;              /* the kernel does not know the flag */
static unsigned int cached_opens;

/* Whether the call is refused as it would be there. */
static bool refuses(const char *path, const struct open_how *how)
{
	if (how->resolve & RESOLVE_CACHED)
		cached_opens++;
	if (is_old && (how->resolve & RESOLVE_CACHED))
		return true;
	return refused_name && strcmp(path, refused_name) == 0;
}

/* In place of syscall(2), which the C library has no openat2() besides. */
long syscall(long number, ...)
{
	syscall_fn *real = (syscall_fn *)dlsym(RTLD_NEXT, "syscall");
	long a[ARGUMENTS];
	va_list args;

	va_start(args, number);
	for (int i = 0; i < ARGUMENTS; i++)
		a[i] = va_arg(args, long);
	va_end(args);
	if (number == SYS_openat2 &&
	    refuses((const char *)a[1], (const struct open_how *)a[2])) {
		errno = EINVAL;
		return -1;
	}
	return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

static int set_up(void **state)
{
	(void)state;
	if (open_fixture_init(&fixture) < 0 ||
	    close(creat("root/file", 0644)) < 0)
		return -1;
	open_fixture_ready(&fixture);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	return open_fixture_fini(&fixture);
}

static struct file_open_target target_of(const char *path)
{
	return (struct file_open_target){ .root_fd = fixture.root_fd,
		.below = "",
		.path = path,
		.is_local = true };
}

/* What the loop says of it; the name has just been looked up. */
static int open_now(const char *path)
{
	struct file_open_target target = target_of(path);
	struct file_open_result result;
	int r;

	close(open("root/file", O_RDONLY | O_CLOEXEC));
	r = file_open_now(&target, &result);
	if (r == 0)
		close(result.fd);
	return r;
}

/* The pool is asked about it, and the others stay with the loop. */
static void a_file_system_refuses_one_name(void **state)
{
	struct file_open_target target = target_of("odd");
	struct open_outcome outcome = { 0 };

	(void)state;
	if (open_now("file") < 0)
		skip();
	refused_name = "odd";
	for (int i = 0; i < 3; i++) {
		assert_int_equal(open_now("odd"), -EAGAIN);
		assert_int_equal(open_now("file"), 0);
	}
	assert_non_null(file_open_start(
	    &fixture.loop, &target, open_fixture_done, &outcome));
	uv_run(&fixture.loop, UV_RUN_DEFAULT);
	assert_int_equal(outcome.calls, 1);
	assert_int_equal(outcome.result.error, -EINVAL);
	refused_name = NULL;
}

/* It is not asked again: no try could succeed. To be the last test. */
static void an_old_kernel_refuses_all(void **state)
{
	(void)state;
	is_old = true;
	assert_int_equal(open_now("file"), -EAGAIN);
	cached_opens = 0;
	assert_int_equal(open_now("file"), -EAGAIN);
	assert_int_equal(cached_opens, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_system_refuses_one_name),
		cmocka_unit_test(an_old_kernel_refuses_all),
	};

	need_openat2();
	return cmocka_run_group_tests_name(
	    "file_open_refused", tests, set_up, tear_down);
}
