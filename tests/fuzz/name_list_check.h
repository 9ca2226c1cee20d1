/* SPDX-License-Identifier: MIT */
/* What holds for every list of names, whatever it was read from. */
#ifndef TESTS_FUZZ_NAME_LIST_CHECK_H
#define TESTS_FUZZ_NAME_LIST_CHECK_H

#include <stddef.h>

#include "fcgi_app/members/name_list.h"

/* The names that the entries take at most. */
#define NAME_LIST_CHECK_MOST 100

/* Checks the result for `length` bytes of text, and clears the list. */
void name_list_check(
    struct name_list *list, enum name_list_result result, size_t length);

#endif
