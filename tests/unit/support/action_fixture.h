/* SPDX-License-Identifier: MIT */
/* For tests of action.h: a mock request for each. */
#ifndef TESTS_UNIT_SUPPORT_ACTION_FIXTURE_H
#define TESTS_UNIT_SUPPORT_ACTION_FIXTURE_H

struct mock_request;

/* Makes *state a struct mock_request, for one request. */
int action_setup(void **state);

/* Fails if anything of it is left. */
int action_teardown(void **state);

/* Fails unless what has arrived has this. */
void check_head_has(struct mock_request *mock, const char *line);

#endif
