/* SPDX-License-Identifier: MIT */
/* Fuzz entry of fcgi_app/policy/etag. The input is an If-None-Match field. */
#include "config.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "fcgi_app/policy/etag.h"

static void check(const char *list)
{
	static const char tag[] = "\"a-b\"";
	bool strong = etag_list_has(list, tag, ETAG_STRONG);
	bool weak = etag_list_has(list, tag, ETAG_WEAK);

	/* What is the same tag strictly is so loosely. */
	require(!strong || weak);
	/* Only "*" and lists that spell the tag have it, or its beginning. */
	require(!strong || strchr(list, '*') || strstr(list, tag));
	require(!weak || strchr(list, '*') || strstr(list, "\"a-b"));
	/* A tag alone is a list of one. */
	require(!etag_strong_equal(list, tag) || strong);
}

int fuzz_etag(const uint8_t *data, size_t size)
{
	char *list = malloc(size + 1);

	require(list != NULL);
	memcpy(list, data, size);
	list[size] = '\0';
	check(list);
	free(list);
	return 0;
}
