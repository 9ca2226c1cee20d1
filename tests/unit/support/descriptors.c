/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "tests/unit/support/descriptors.h"

#include <dirent.h>

#include "tests/unit/support/unit.h"

int count_descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	int count = 0;

	assert_non_null(folder);
	while (readdir(folder))
		count++;
	closedir(folder);
	return count;
}
