/* SPDX-License-Identifier: MIT */
#include "config.h"
#include "common/escaped_text.h"

#include <string.h>

#include "common/utf8.h"

#define ESCAPE_LENGTH 4

/* Most of a text is ASCII, and logs have much of it. */
static bool is_plain(unsigned char c, bool quoted)
{
	return c >= 0x20 && c < 0x7f && !(quoted && (c == '"' || c == '\\'));
}

/* Returns the length of a character beyond ASCII that may stand as it is. */
static size_t harmless_length(const char *text)
{
	size_t length = (unsigned char)*text < 0x80 ? 0 : utf8_length(text);

	if (length > 0 &&
	    (utf8_is_control(text) || utf8_is_bidi_control(text) ||
		utf8_is_line_end(text)))
		return 0;
	return length;
}

/* Writes a byte as ESCAPE_LENGTH characters. */
static void put_escape(char *to, unsigned char c)
{
	static const char hex[] = "0123456789abcdef";

	to[0] = '\\';
	to[1] = 'x';
	to[2] = hex[c >> 4];
	to[3] = hex[c & 15];
}

size_t escaped_text_copy(char *to, size_t size, const char *text, bool quoted)
{
	size_t n = 0;

	while (*text && n < size) {
		size_t length;

		if (is_plain((unsigned char)*text, quoted)) {
			to[n++] = *text++;
			continue;
		}
		length = harmless_length(text);
		if (size - n < (length > 0 ? length : ESCAPE_LENGTH))
			break;
		if (length > 0) {
			memcpy(to + n, text, length);
			n += length;
			text += length;
		} else {
			put_escape(to + n, (unsigned char)*text++);
			n += ESCAPE_LENGTH;
		}
	}
	return n;
}
