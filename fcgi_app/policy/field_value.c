/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "fcgi_app/policy/field_value.h"

bool field_value_is_valid(const char *value)
{
	for (const char *p = value; *p != '\0'; p++) {
		unsigned char c = (unsigned char)*p;

		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return false;
	}
	return true;
}
