/* SPDX-License-Identifier: MIT */
/*
 * The doctor is a program of its own, so that the one that serves is not
 * linked with an HTTP client and all that it needs.
 */
#include "config.h"
#include "fcgi_app/command/doctor.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PROGRAM "fcgi-stream-doctor"
#define EXIT_NOT_FOUND 2

/* The name of the program beside the running one. */
static int find_sibling(char *name, size_t size)
{
	ssize_t length = readlink("/proc/self/exe", name, size);
	char *end;

	if (length < 0 || (size_t)length >= size)
		return -ENOENT;
	name[length] = '\0';
	end = strrchr(name, '/');
	if (!end || size - (size_t)(end + 1 - name) < sizeof(PROGRAM))
		return -ENOENT;
	memcpy(end + 1, PROGRAM, sizeof(PROGRAM));
	return 0;
}

/* After exec(3) of that file has failed. */
static int complain(const char *name)
{
	fprintf(stderr, "fcgi-stream doctor: %s: %s\n", name, strerror(errno));
	return EXIT_NOT_FOUND;
}

int doctor_command(int argc, char **argv)
{
	static const char installed[] = PKGLIBEXECDIR "/" PROGRAM;
	char sibling[PATH_MAX];

	(void)argc;
	if (find_sibling(sibling, sizeof(sibling)) == 0) {
		execv(sibling, argv);
		if (errno != ENOENT)
			return complain(sibling);
	}
	execv(installed, argv);
	return complain(installed);
}
