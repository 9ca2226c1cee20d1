/* SPDX-License-Identifier: MIT */
/* Unit tests of fcgi_app/policy/want_digest, by RFC 9530, 4. */
#include "config.h"

#include "fcgi_app/policy/want_digest.h"

#include "tests/unit/support/unit.h"

static void wanted(void **state)
{
	static const char *const fields[] = {
		"sha-256=1",
		"sha-256=10",
		"sha-256=3\t",
		"sha-512=3, sha-256=10, unixsum=0",
		"sha-512=10,sha-256=1",
		"md5=\"x\", other, list=(1 2), sha-256=5",
		"sha-256=5;a=b;c",
		"sha-256=0, sha-256=1",
		"sha-256, sha-256=1",
		"sha-256=05",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(fields); i++) {
		if (!want_digest_sha256(fields[i]))
			fail_msg("%s", fields[i]);
	}
}

static void not_wanted(void **state)
{
	static const char *const fields[] = {
		NULL,
		"",
		"sha-512=3",
		"sha-256=0",
		"sha-256=-1",
		"sha-256=11",
		"sha-256=999999999999999",
		"sha-256",
		"sha-256=5.0",
		"sha-256=?1",
		"sha-256=\"5\"",
		"sha-256=(5)",
		"sha-256=@5",
		"sha-256=x",
		"sha-2567=5",
		"sha-25=5",
		"sha-512;sha-256=5",
		"sha-512=\"sha-256=5\"",
		"sha-256=1, sha-256=0",
		"sha-256=1, sha-256",
		/* Malformed: nothing of it counts. */
		"SHA-256=5",
		"sha-256=5,",
		"sha-256=5, SHA-512=3",
		"sha-256=5, sha-512=",
		"sha-256=5 sha-512=3",
		"sha-256 = 5",
		"sha-256;q=0.5, *",
		"sha-256=5;",
		"sha-256=1000000000000000",
		", sha-256=5",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(fields); i++) {
		if (want_digest_sha256(fields[i]))
			fail_msg("%s", fields[i]);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(wanted),
		cmocka_unit_test(not_wanted),
	};

	return cmocka_run_group_tests_name("want_digest", tests, NULL, NULL);
}
