/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "tests/unit/support/open_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/support/descriptors.h"
#include "tests/unit/support/unit.h"

/* An open that blocks is killed. */
#define PATIENCE_SECONDS 60

static int remove_tree(
    const char *name, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	return remove(name);
}

int open_fixture_init(struct open_fixture *fixture)
{
	alarm(PATIENCE_SECONDS);
	strcpy(fixture->folder, "/tmp/fcgi-stream-open-XXXXXX");
	if (!mkdtemp(fixture->folder) || chmod(fixture->folder, 0755) < 0 ||
	    chdir(fixture->folder) < 0 || mkdir("root", 0755) < 0)
		return -1;
	fixture->root_fd = open("root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fixture->root_fd < 0 || uv_loop_init(&fixture->loop) != 0 ? -1
									 : 0;
}

void open_fixture_ready(struct open_fixture *fixture)
{
	fixture->descriptors = count_descriptors();
}

int open_fixture_fini(struct open_fixture *fixture)
{
	close(fixture->root_fd);
	alarm(0);
	if (uv_loop_close(&fixture->loop) != 0 || chdir("/") < 0)
		return -1;
	return nftw(fixture->folder, remove_tree, 16, FTW_DEPTH | FTW_PHYS);
}

void open_fixture_done(void *context, const struct file_open_result *result)
{
	struct open_outcome *outcome = context;

	outcome->calls++;
	outcome->result = *result;
}

void open_fixture_compare(const struct file_open_target *target,
    const struct file_open_result *expected)
{
	struct file_open_target local = *target;
	struct file_open_result result;
	int r;

	local.is_local = true;
	r = file_open_now(&local, &result);
	if (r == -EAGAIN)
		return;
	assert_int_equal(r, result.error);
	assert_int_equal(r, expected->error);
	assert_int_equal(result.variant, expected->variant);
	if (r < 0)
		return;
	assert_int_equal(result.stat.st_dev, expected->stat.st_dev);
	assert_int_equal(result.stat.st_ino, expected->stat.st_ino);
	assert_int_equal(result.attribute_length, 0);
	close(result.fd);
}
