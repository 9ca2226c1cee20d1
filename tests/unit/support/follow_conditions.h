/* SPDX-License-Identifier: MIT */
/* What tests of follow_file wait for. */
#ifndef TESTS_UNIT_SUPPORT_FOLLOW_CONDITIONS_H
#define TESTS_UNIT_SUPPORT_FOLLOW_CONDITIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>

#include "tests/unit/support/follow_fixture.h"

/* Waits until a file has this size, and was cut so often. */
void follow_run_to_size(struct follow_fixture *f, struct follow_file *file,
    uint64_t size, unsigned int epoch);

/* Of a struct follow_file; for follow_fixture_run(). */
bool follow_is_finished(void *context);
bool follow_has_next(void *context);
bool follow_is_leaving(void *context);
bool follow_is_here(void *context);

/* No descriptor can be had from now on; *ret_limit is what to go back to. */
void follow_forbid_descriptors(struct rlimit *ret_limit);
void follow_allow_descriptors(const struct rlimit *limit);

#endif
