/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "tests/unit/support/members_fixture.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/support/descriptors.h"
#include "tests/unit/support/unit.h"

#define MANY 1000000
#define PLENTY ((size_t)1 << 30)

int members_fixture_init(struct members_fixture *fixture)
{
	if (open_fixture_init(&fixture->open) < 0)
		return -1;
	fixture->place.root.fd = fixture->open.root_fd;
	memory_budget_init(&fixture->budget, PLENTY);
	return 0;
}

int members_fixture_make_file(const char *name)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	if (fd < 0 || write(fd, name, strlen(name)) < 0)
		return -1;
	return close(fd);
}

void members_fixture_done(void *context, int error, struct members *members)
{
	struct members_outcome *outcome = context;

	outcome->calls++;
	outcome->error = error;
	outcome->members = members;
}

struct members_outcome members_fixture_find(struct members_fixture *fixture,
    const char *below, const char *path,
    const struct member_search_params *wish)
{
	struct members_outcome outcome = { 0 };
	struct member_search_params whole = *wish;

	fixture->place.root.below = below;
	strcpy(fixture->place.path, path);
	whole.place = &fixture->place;
	if (whole.most == 0)
		whole.most = MANY;
	if (!whole.budget)
		whole.budget = &fixture->budget;
	assert_non_null(member_search_start(
	    &fixture->open.loop, &whole, members_fixture_done, &outcome));
	/* All of it was copied. */
	memset(fixture->place.path, 'x', sizeof(fixture->place.path) - 1);
	assert_int_equal(outcome.calls, 0);
	uv_run(&fixture->open.loop, UV_RUN_DEFAULT);
	assert_int_equal(outcome.calls, 1);
	assert_non_null(outcome.members);
	assert_int_equal(count_descriptors(), fixture->open.descriptors);
	return outcome;
}
