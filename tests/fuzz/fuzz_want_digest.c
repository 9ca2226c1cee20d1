/* SPDX-License-Identifier: MIT */
/*
 * Fuzz entry of fcgi_app/policy/want_digest and of the structured_field that it
 * stands on. The input is a Want-Repr-Digest field.
 */
#include "config.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "fcgi_app/policy/structured_field.h"
#include "fcgi_app/policy/want_digest.h"

#define INTEGER_MAX INT64_C(999999999999999)

/* Whether the field is a dictionary. */
static bool check_members(const char *field)
{
	const char *cursor = field;
	struct structured_member m;
	int result;

	while ((result = structured_dictionary_next(&cursor, &m)) > 0) {
		require(m.key >= field && m.key_length > 0);
		require(m.key + m.key_length <= cursor);
		require(m.is_integer || m.integer == 0);
		require(llabs(m.integer) <= INTEGER_MAX);
	}
	require(result == 0 || result == -EINVAL);
	require(result != 0 || *cursor == '\0');
	return result == 0;
}

/* What another member behind the field makes of it. */
static bool wanted_with(const char *field, const char *more)
{
	char *text = NULL;
	bool wanted;

	require(asprintf(&text, "%s,%s", field, more) > 0);
	wanted = want_digest_sha256(text);
	free(text);
	return wanted;
}

static void check(const char *field)
{
	bool wanted = want_digest_sha256(field);
	bool good = check_members(field);

	require(!wanted || good);
	require(!wanted || strstr(field, "sha-256="));
	if (!good || field[strspn(field, " \t")] == '\0')
		return;
	require(wanted_with(field, "sha-256=10"));
	require(!wanted_with(field, "sha-256=0"));
	require(wanted_with(field, "sha-512=(1 2);a") == wanted);
	require(!wanted_with(field, ""));
}

int fuzz_want_digest(const uint8_t *data, size_t size)
{
	char *field = strndup((const char *)data, size);

	require(field != NULL);
	check(field);
	free(field);
	return 0;
}
