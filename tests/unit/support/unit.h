/* SPDX-License-Identifier: MIT */
/* What every unit test needs before and around cmocka. */
#ifndef TESTS_UNIT_SUPPORT_UNIT_H
#define TESTS_UNIT_SUPPORT_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define ARRAY_LENGTH(a) (sizeof(a) / sizeof((a)[0]))

#endif
