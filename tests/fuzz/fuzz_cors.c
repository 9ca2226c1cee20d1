/* SPDX-License-Identifier: MIT */
/*
 * Fuzz entry of fcgi_app/policy/cors. The input is an Origin field; if it has
 * a newline, the list stands behind that.
 */
#include "config.h"
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <string.h>

#include "fcgi_app/policy/cors.h"

static void check(const char *list, const char *origin)
{
	enum cors_result result = cors_match(list, origin);
	char *longer = NULL;

	require((result == CORS_ANY) == (cors_match(list, NULL) == CORS_ANY));
	require(result != CORS_ANY || strchr(list, '*'));
	if (result != CORS_LISTED)
		return;
	/* What goes back to the client holds no line end and no list. */
	require(origin[0] != '\0');
	require(strpbrk(origin, "\r\n,") == NULL || strpbrk(list, "\r\n"));
	/* No more than one, and no other host. */
	require(asprintf(&longer, "%s,%s", origin, origin) > 0);
	require(cors_match(list, longer) == CORS_OTHER);
	free(longer);
}

int fuzz_cors(const uint8_t *data, size_t size)
{
	char *origin = strndup((const char *)data, size);
	char *newline;

	require(origin != NULL);
	newline = strchr(origin, '\n');
	if (newline)
		*newline = '\0';
	check(newline ? newline + 1 : "https://a.example null", origin);
	free(origin);
	return 0;
}
