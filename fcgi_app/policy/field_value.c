/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "fcgi_app/policy/field_value.h"

/* tchar of RFC 9110, 5.6.2; strspn(3) would make such a table each time. */
static const bool is_tchar[256] = {
	['0' ... '9'] = true,
	['A' ... 'Z'] = true,
	['a' ... 'z'] = true,
	['!'] = true,
	['#' ... '\''] = true, /* # $ % & ' */
	['*'] = true,
	['+'] = true,
	['-'] = true,
	['.'] = true,
	['^' ... '`'] = true, /* ^ _ ` */
	['|'] = true,
	['~'] = true,
};

bool field_value_is_valid(const char *value)
{
	for (const char *p = value; *p != '\0'; p++) {
		unsigned char c = (unsigned char)*p;

		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return false;
	}
	return true;
}

size_t field_value_token_length(const char *text)
{
	size_t length = 0;

	while (is_tchar[(unsigned char)text[length]])
		length++;
	return length;
}
