/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "tests/unit/support/own_folder.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int own_folder_enter(char ret_name[OWN_FOLDER_MAX])
{
	char name[] = "/tmp/fcgi-stream-test-XXXXXX";
	char *real;
	int r = -1;

	if (!mkdtemp(name) || chdir(name) < 0)
		return -1;
	/* /tmp may be a link itself. */
	real = realpath(".", NULL);
	if (real && strlen(real) < OWN_FOLDER_MAX) {
		strcpy(ret_name, real);
		r = 0;
	}
	free(real);
	return r;
}
