/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "fcgi_app/setup/processors.h"

#include <errno.h>
#include <sched.h>
#include <stddef.h>

/* Sets of processors are tried up to this size. */
#define PROCESSORS_MAX (1 << 16)

/* Returns the number, or -EINVAL if the kernel knows more than `most`. */
static int count_in(int most)
{
	size_t size = CPU_ALLOC_SIZE(most);
	cpu_set_t *set = CPU_ALLOC(most);
	int n;

	if (!set)
		return -ENOMEM;
	n = sched_getaffinity(0, size, set) < 0 ? -errno
						: CPU_COUNT_S(size, set);
	CPU_FREE(set);
	return n;
}

unsigned int processors_count(void)
{
	int n = -EINVAL;

	for (int most = CPU_SETSIZE; n == -EINVAL && most <= PROCESSORS_MAX;
	     most *= 2)
		n = count_in(most);
	return n > 0 ? (unsigned int)n : 1;
}
