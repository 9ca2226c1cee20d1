/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/setup/processors, on kernels of several sizes. */
#include "config.h"

#include "fcgi_app/setup/processors.h"

#include <errno.h>
#include <sched.h>
#include <string.h>

#include "tests/unit/support/unit.h"

/* The kernel that answers. */
static struct {
	size_t
	    possible; /* processors that it knows: its sets have so many bits */
	size_t usable; /* the last of them may be used */
	int error;
} kernel;

/* In place of the C library's. */
int sched_getaffinity(pid_t pid, size_t size, cpu_set_t *set)
{
	assert_int_equal(pid, 0);
	if (kernel.error || size * 8 < kernel.possible) {
		errno = kernel.error ? kernel.error : EINVAL;
		return -1;
	}
	memset(set, 0, size);
	for (size_t i = 0; i < kernel.usable; i++)
		CPU_SET_S(kernel.possible - 1 - i, size, set);
	return 0;
}

static void counts_those_that_may_be_used(void **state)
{
	static const struct {
		size_t possible, usable;
		unsigned int count;
	} rows[] = {
		{ 1, 1, 1 },
		{ 64, 3, 3 },
		{ 1024, 1024, 1024 },
		/* More than a cpu_set_t has bits for */
		{ 1025, 1, 1 },
		{ 1088, 1088, 1088 },
		{ 8192, 8192, 8192 },
		{ 65536, 5, 5 },
		/* More than is believed */
		{ 65537, 5, 1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++) {
		kernel.possible = rows[i].possible;
		kernel.usable = rows[i].usable;
		assert_int_equal(processors_count(), rows[i].count);
	}
}

static void is_one_if_the_kernel_does_not_tell(void **state)
{
	(void)state;
	kernel.error = ENOSYS;
	assert_int_equal(processors_count(), 1);
	kernel.error = EPERM;
	assert_int_equal(processors_count(), 1);
	kernel.error = 0;
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_those_that_may_be_used),
		cmocka_unit_test(is_one_if_the_kernel_does_not_tell),
	};

	return cmocka_run_group_tests_name("processors", tests, NULL, NULL);
}
