/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "fcgi_app/policy/qvalue.h"

bool qvalue_take(const char **cursor, int *ret)
{
	const char *p = *cursor;
	int value = 0;
	int factor = QVALUE_ONE;

	if (*p != '0' && *p != '1')
		return false;
	value = (*p++ - '0') * factor;
	if (*p == '.') {
		p++;
		for (; *p >= '0' && *p <= '9' && factor > 1; p++) {
			factor /= 10;
			value += (*p - '0') * factor;
		}
	}
	*cursor = p;
	*ret = value;
	return value <= QVALUE_ONE;
}
