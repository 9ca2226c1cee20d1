/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "tests/unit/support/follow_conditions.h"

#include "tests/unit/support/unit.h"

struct expected {
	const struct follow_file *file;
	uint64_t size;
	unsigned int epoch;
};

static bool has_size(void *context)
{
	const struct expected *expected = context;

	return expected->file->size == expected->size &&
	    expected->file->epoch == expected->epoch;
}

void follow_run_to_size(struct follow_fixture *f, struct follow_file *file,
    uint64_t size, unsigned int epoch)
{
	struct expected expected = { file, size, epoch };

	follow_fixture_run(f, has_size, &expected);
}

bool follow_is_finished(void *context)
{
	return ((const struct follow_file *)context)->finished;
}

bool follow_has_next(void *context)
{
	return ((const struct follow_file *)context)->next != NULL;
}

bool follow_is_leaving(void *context)
{
	return ((const struct follow_file *)context)->state ==
	    FOLLOW_STATE_LEAVING;
}

bool follow_is_here(void *context)
{
	return ((const struct follow_file *)context)->state ==
	    FOLLOW_STATE_HERE;
}

void follow_forbid_descriptors(struct rlimit *ret_limit)
{
	struct rlimit none;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, ret_limit), 0);
	none = (struct rlimit){ .rlim_max = ret_limit->rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
}

void follow_allow_descriptors(const struct rlimit *limit)
{
	assert_int_equal(setrlimit(RLIMIT_NOFILE, limit), 0);
}
