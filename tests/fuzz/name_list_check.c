/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "tests/fuzz/name_list_check.h"

#include <limits.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"

static void check_name(const char *name)
{
	char padded[PATH_MAX + 2];

	require(strlen(name) > 0 && strlen(name) < PATH_MAX);
	require(name[0] != '/' && name[strlen(name) - 1] != '/');
	padded[0] = '/';
	strcpy(stpcpy(padded + 1, name), "/");
	require(!strstr(padded, "//"));
	require(!strstr(padded, "/./"));
	require(!strstr(padded, "/../"));
}

void name_list_check(
    struct name_list *list, enum name_list_result result, size_t length)
{
	size_t bytes = 0;

	require(list->count <= NAME_LIST_CHECK_MOST);
	for (size_t i = 0; i < list->count; i++) {
		check_name(list->names[i]);
		bytes += strlen(list->names[i]) + 1;
	}
	/* The end of the text counts as that of a line. */
	require(bytes <= length + 1);
	if (result == NAME_LIST_OK) {
		require(list->failed == 0);
		require(name_list_status(result) == 200);
	} else {
		require(list->count == 0);
		require(list->failed <= NAME_LIST_CHECK_MOST + 1);
		require(name_list_status(result) >= 400);
		require(name_list_reason(result)[0] != '\0');
	}
	name_list_clear(list);
	require(list->count == 0 && !list->names);
}
