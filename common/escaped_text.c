/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "common/escaped_text.h"

#define ESCAPE_LENGTH 4

size_t escaped_text_copy(char *to, size_t size, const char *text, bool quoted)
{
	static const char hex[] = "0123456789abcdef";
	size_t n = 0;

	for (; *text && n < size; text++) {
		unsigned char c = (unsigned char)*text;
		bool is_control = c < 0x20 || c == 0x7f;

		if (!is_control && !(quoted && (c == '"' || c == '\\'))) {
			to[n++] = (char)c;
			continue;
		}
		if (size - n < ESCAPE_LENGTH)
			break;
		to[n++] = '\\';
		to[n++] = 'x';
		to[n++] = hex[c >> 4];
		to[n++] = hex[c & 15];
	}
	return n;
}
