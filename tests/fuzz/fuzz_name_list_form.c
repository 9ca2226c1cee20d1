/* SPDX-License-Identifier: MIT */
/* Fuzz entry of name_list_from_form(). The input is the form. */
#include "config.h"
#include "tests/fuzz/fuzz.h"

#include "tests/fuzz/name_list_check.h"

int fuzz_name_list_form(const uint8_t *data, size_t size)
{
	struct name_list list;
	enum name_list_result result = name_list_from_form(
	    (const char *)data, size, NAME_LIST_CHECK_MOST, &list);

	name_list_check(&list, result, size);
	return 0;
}
