/* SPDX-License-Identifier: MIT */
/* Fuzz entry of fcgi_app/actions/probe/probe_query. The input is a query
 * string. */
#include "config.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <string.h>

#include "fcgi_app/actions/probe/probe_query.h"

static void check(const char *text)
{
	struct probe_query query = { .size = UINT64_MAX };
	int r = probe_query_parse(text, &query);

	require(r == 0 || r == -EINVAL || r == -ERANGE);
	if (r < 0) {
		require(query.size == UINT64_MAX);
		return;
	}
	require(query.test <= PROBE_STATUS);
	require(query.size <= PROBE_FLOOD_MAX);
	require(query.pause_ms <= PROBE_PAUSE_MAX_MS);
	require(query.test != PROBE_HEAD || query.size <= PROBE_HEAD_MAX);
	require(query.test != PROBE_HEAD || query.size >= PROBE_HEAD_MIN);
	require((query.token != 0) == (strstr(text, "token=") != NULL));
}

int fuzz_probe_query(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	require(text != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	check(text);
	/* A path ends where its query begins. */
	require(!probe_query_is_path(text) || strstr(text, PROBE_PATH_NAME));
	free(text);
	return 0;
}
