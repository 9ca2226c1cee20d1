/* SPDX-License-Identifier: MIT */
/* For tests that open files as the program does. */
#ifndef TESTS_UNIT_SUPPORT_NEED_OPENAT2_H
#define TESTS_UNIT_SUPPORT_NEED_OPENAT2_H

#include <errno.h>
#include <stdlib.h>

#include "common/file/file_open.h"
#include "tests/unit/support/unit.h"

/*
 * Skips the whole program where openat2(2) is not known, as valgrind up to 3.21
 * does not. To be called first.
 */
static inline void need_openat2(void)
{
	if (file_open_supported() != -ENOSYS)
		return;
	print_message("1..0 # SKIP openat2 is not known here\n");
	exit(EXIT_SUCCESS);
}

#endif
