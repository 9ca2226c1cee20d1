/* SPDX-License-Identifier: MIT */
/*
 * Fuzz entry of fcgi_app/policy/content_coding. The input is an Accept-Encoding
 * field; if it has a newline, the offer stands behind that.
 */
#include "config.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "fcgi_app/policy/content_coding.h"

static void check(const char *offered, const char *accept)
{
	const struct content_coding *all[CONTENT_CODINGS_MAX];
	const struct content_coding *alone[CONTENT_CODINGS_MAX];
	size_t n = content_coding_choose(offered, accept, all);

	require(n <= CONTENT_CODINGS_MAX);
	for (size_t i = 0; i < n; i++) {
		/* Only what was offered, and accepted by name or by "*". */
		require(strcasestr(offered, all[i]->name) != NULL);
		require(
		    strchr(accept, '*') || strcasestr(accept, all[i]->name));
		for (size_t k = 0; k < i; k++)
			require(all[k] != all[i]);
		/* What else is offered makes no difference to it. */
		require(
		    content_coding_choose(all[i]->name, accept, alone) == 1);
		require(alone[0] == all[i]);
	}
}

int fuzz_content_coding(const uint8_t *data, size_t size)
{
	char *accept = strndup((const char *)data, size);
	char *newline;

	require(accept != NULL);
	newline = strchr(accept, '\n');
	if (newline)
		*newline = '\0';
	check(newline ? newline + 1 : "br zstd gzip", accept);
	free(accept);
	return 0;
}
