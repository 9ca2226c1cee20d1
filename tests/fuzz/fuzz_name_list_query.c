/* SPDX-License-Identifier: MIT */
/* Fuzz entry of name_list_from_query(). The input is the query. */
#include "config.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "tests/fuzz/name_list_check.h"

int fuzz_name_list_query(const uint8_t *data, size_t size)
{
	char *query = strndup((const char *)data, size);
	struct name_list list;
	enum name_list_result result;

	require(query != NULL);
	result = name_list_from_query(query, NAME_LIST_CHECK_MOST, &list);
	name_list_check(&list, result, strlen(query));
	free(query);
	return 0;
}
