/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/actions/follow/rotated_name. */
#include "config.h"

#include "fcgi_app/actions/follow/rotated_name.h"

#include "tests/unit/support/unit.h"

static void kin(void **state)
{
	static const struct {
		const char *log, *name;
		bool expected;
	} rows[] = {
		{ "r.log", "r.log.1", true },
		{ "r.log", "r.log-20261130", true },
		{ "r.log", "r.log_old", true },
		{ "r.log", "r.1.log", true },
		{ "r.log", "r-20261130.log.gz", true },
		{ "r.log", "r.txt", true },
		{ "log", "log.1", true },
		{ ".log", ".log.1", true },
		{ "r.log", "r", false },
		{ "r.log", "rr.log", false },
		{ "r.log", "rest", false },
		{ "r.log", "s.log", false },
		{ "log", "logs", false },
		{ "log", "", false },
		{ ".log", "-log", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
		if (rotated_name_is_kin(rows[i].log, rows[i].name) !=
		    rows[i].expected)
			fail_msg("row %zu: %s", i, rows[i].name);
}

static void kinds(void **state)
{
	static const struct {
		const char *log, *model, *name;
		enum rotated_kind expected;
	} rows[] = {
		{ "r.log", "r.log.2", "r.log.1", ROTATED_PLAIN },
		{ "r.log", "r.log.2", "r.log.10", ROTATED_PLAIN },
		{ "r.log", "r.log.2", "r.log.1.gz", ROTATED_PACKED },
		{ "r.log", "r.log.2", "r.log.2", ROTATED_PLAIN },
		{ "r.log", "r.log-20261130", "r.log-20261201", ROTATED_PLAIN },
		{ "r.log", "r.log-20261130", "r.log-20261201.xz",
		    ROTATED_PACKED },
		{ "r.log", "r.log-2026-11-30T10:00:00Z",
		    "r.log-2026-12-01T10:00:00Z.zst", ROTATED_PACKED },
		{ "r.log", "r.2.log", "r.1.log", ROTATED_PLAIN },
		{ "r.log", "r-20261130.log", "r-20261201.log.gz",
		    ROTATED_PACKED },
		{ "log", "log-1", "log-2", ROTATED_PLAIN },
		/* Of another series. */
		{ "r.log", "r.log.2", "r.log-20261130", ROTATED_NONE },
		{ "r.log", "r.log.2", "r.1.log", ROTATED_NONE },
		{ "r.log", "r.2.log", "r-1.log", ROTATED_NONE },
		{ "r.log", "r.2.log", "r.1.txt", ROTATED_NONE },
		{ "r.log", "r.log.2", "r.log", ROTATED_NONE },
		{ "r.log", "r.log.2", "r.log.", ROTATED_NONE },
		{ "r.log", "r.log.2", "r.log.1.bak", ROTATED_NONE },
		{ "r.log", "r.log.2", "r.log.1-", ROTATED_NONE },
		{ "r.log", "r.log.2", "r.log.x", ROTATED_NONE },
		{ "r.log", "r.log.2", "s.log.1", ROTATED_NONE },
		/* The first is of no series. */
		{ "r.log", "r.log.old", "r.log.1", ROTATED_NONE },
		{ "r.log", "other", "r.log.1", ROTATED_NONE },
		{ "r.log", "r.log.1x", "r.log.1", ROTATED_NONE },
		{ "r.log", "", "", ROTATED_NONE },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(rows); i++)
		if (rotated_name_kind(rows[i].log, rows[i].model,
			rows[i].name) != rows[i].expected)
			fail_msg("row %zu: %s of %s", i, rows[i].name,
			    rows[i].model);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(kin),
		cmocka_unit_test(kinds),
	};

	return cmocka_run_group_tests_name("rotated_name", tests, NULL, NULL);
}
