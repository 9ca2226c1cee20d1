/* SPDX-License-Identifier: MIT */
/*
 * Fuzz entry of fcgi_app/policy/request_path. The input is the parameters in
 * the order of their struct, one on each line; what is left is the last one.
 */
#include "config.h"
#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <string.h>

#include "fcgi_app/policy/request_path.h"

/* Encodes each byte, so that decoding it once gives the path again. */
static void check_round_trip(const char *path)
{
	size_t length = strlen(path), size = 3 * length + 32;
	char *url = malloc(size), *again = malloc(length + 1);
	const struct request_path_params params = { .script_filename = url };
	size_t n;

	require(url && again);
	n = (size_t)snprintf(url, size, "proxy:fcgi://h/");
	for (size_t i = 1; i < length; i++)
		n += (size_t)snprintf(
		    url + n, size - n, "%%%02X", (unsigned char)path[i]);
	require(
	    request_path_find(&params, again, length + 1) == REQUEST_PATH_OK);
	require(strcmp(again, path) == 0);
	free(again);
	free(url);
}

static void check(const struct request_path_params *params)
{
	size_t bound = request_path_bound(params);
	char *path = malloc(bound), *tight;
	size_t length;

	require(path != NULL);
	path[0] = '#';
	if (request_path_find(params, path, bound) != REQUEST_PATH_OK) {
		require(path[0] == '#');
		free(path);
		return;
	}
	length = strlen(path);
	require(length < bound);
	tight = malloc(length + 1);
	require(tight != NULL);
	require(
	    request_path_find(params, tight, length) == REQUEST_PATH_TOO_LONG);
	require(
	    request_path_find(params, tight, length + 1) == REQUEST_PATH_OK);
	require(strcmp(path, tight) == 0);
	if (path[0] == '/')
		check_round_trip(path);
	free(tight);
	free(path);
}

int fuzz_request_path(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size), *rest = text;
	struct request_path_params params;

	require(text != NULL);
	params.stream_path = strsep(&rest, "\n");
	params.document_uri = strsep(&rest, "\n");
	params.script_name = strsep(&rest, "\n");
	params.path_info = strsep(&rest, "\n");
	params.script_filename = rest;
	check(&params);
	free(text);
	return 0;
}
