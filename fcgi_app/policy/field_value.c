/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "fcgi_app/policy/field_value.h"

#include <string.h>

/* tchar of RFC 9110, 5.6.2 */
static const char token_chars[] = "!#$%&'*+-.^_`|~0123456789"
				  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				  "abcdefghijklmnopqrstuvwxyz";

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
	return strspn(text, token_chars);
}
