/* SPDX-License-Identifier: MIT */
/* Percent-encoding. Which bytes need it differs from grammar to grammar. */
#include "config.h"

#include "fcgi_app/policy/percent.h"

#include <string.h>

/* Unlike isxdigit(), it does not depend on the locale. */
static bool is_hex(char c)
{
	return c != '\0' && strchr("0123456789abcdefABCDEF", c);
}

bool percent_is_escape(const char *text)
{
	return text[0] == '%' && is_hex(text[1]) && is_hex(text[2]);
}

static int hex_value(char c)
{
	return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
}

char percent_decode_byte(const char *escape)
{
	return (char)(hex_value(escape[1]) << 4 | hex_value(escape[2]));
}

size_t percent_decode_form(const char *text, size_t length, char *ret)
{
	const char *end = text + length;
	char *to = ret;

	while (text < end) {
		if (end - text >= PERCENT_ENCODED_MAX &&
		    percent_is_escape(text)) {
			*to++ = percent_decode_byte(text);
			text += PERCENT_ENCODED_MAX;
			continue;
		}
		*to++ = *text == '+' ? ' ' : *text;
		text++;
	}
	return (size_t)(to - ret);
}

size_t percent_encode_byte(char byte, const char *literal, char *ret)
{
	static const char digits[] = "0123456789ABCDEF";
	unsigned char c = (unsigned char)byte;

	if (byte != '\0' && strchr(literal, byte)) {
		ret[0] = byte;
		return 1;
	}
	ret[0] = '%';
	ret[1] = digits[c >> 4];
	ret[2] = digits[c & 0xf];
	return PERCENT_ENCODED_MAX;
}
