/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "tests/unit/support/action_fixture.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/support/mock_request.h"
#include "tests/unit/support/unit.h"

int action_setup(void **state)
{
	*state = calloc(1, sizeof(struct mock_request));
	assert_non_null(*state);
	mock_request_init(*state);
	return 0;
}

int action_teardown(void **state)
{
	mock_request_fini(*state);
	free(*state);
	return 0;
}

void check_head_has(struct mock_request *mock, const char *line)
{
	if (!strstr(mock_request_text(mock), line))
		fail_msg("no %s in %s", line, mock_request_text(mock));
}
