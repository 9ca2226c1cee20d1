/* SPDX-License-Identifier: MIT */
/* Fuzz entry of fcgi_app/policy/expires. The input is the operator's text. */
#include "config.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <string.h>

#include "fcgi_app/policy/expires.h"

#define NOW 1000000000

static void check(const char *text)
{
	struct expires expires = { .date = -5, .max_age = -5 };
	int err = expires_parse(text, NOW, &expires);

	require(err == 0 || err == -EINVAL || err == -ERANGE);
	if (err) {
		require(expires.date == -5 && expires.max_age == -5);
		return;
	}
	if (strcmp(text, "epoch") == 0 || strcmp(text, "max") == 0)
		return;
	require(expires.date == NOW + expires.max_age);
	require(llabs(expires.max_age) <= EXPIRES_SECONDS_MAX);
	require(expires.max_age >= 0 || strchr(text, '-'));
}

int fuzz_expires(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size);

	require(text != NULL);
	check(text);
	free(text);
	return 0;
}
