/* SPDX-License-Identifier: MIT */
/* A folder whose files are searched, as fcgi_app/members/member_search does. */
#ifndef TESTS_UNIT_SUPPORT_MEMBERS_FIXTURE_H
#define TESTS_UNIT_SUPPORT_MEMBERS_FIXTURE_H

#include "common/memory_budget.h"
#include "fcgi_app/members/member_list.h"
#include "fcgi_app/members/member_search.h"
#include "fcgi_app/request/request_place.h"
#include "tests/unit/support/open_fixture.h"

struct members_fixture {
	struct open_fixture open;
	struct request_place place;
	struct memory_budget budget; /* plenty */
};

/* How a search went. */
struct members_outcome {
	unsigned int calls;
	int error;
	struct members *members;
};

/* As open_fixture_init(). */
int members_fixture_init(struct members_fixture *fixture);

/* A file beneath the folder, as many bytes long as its name. 0 or -1. */
int members_fixture_make_file(const char *name);

/* A member_search_done_fn; `context` is a struct members_outcome. */
void members_fixture_done(void *context, int error, struct members *members);

/*
 * Searches `path` beneath `below` by a wish that lacks its place, and maybe its
 * `most` and its budget; the caller frees the members. All descriptors must be
 * closed then.
 */
struct members_outcome members_fixture_find(struct members_fixture *fixture,
    const char *below, const char *path,
    const struct member_search_params *wish);

#endif
