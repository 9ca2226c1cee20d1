/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "fcgi_app/policy/utf8.h"

static bool is_within(char c, unsigned char min, unsigned char max)
{
	return (unsigned char)c >= min && (unsigned char)c <= max;
}

size_t utf8_length(const char *text)
{
	static const struct {
		unsigned char first_min, first_max;
		unsigned char second_min, second_max;
		unsigned char length;
	} forms[] = {
		{ 0xc2, 0xdf, 0x80, 0xbf, 2 },
		{ 0xe0, 0xe0, 0xa0, 0xbf, 3 },
		{ 0xe1, 0xec, 0x80, 0xbf, 3 },
		{ 0xed, 0xed, 0x80, 0x9f, 3 }, /* no surrogates */
		{ 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 },
		{ 0xf1, 0xf3, 0x80, 0xbf, 4 },
		{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};
	size_t i = 0;
	size_t length = 2;

	if (is_within(text[0], 0x00, 0x7f))
		return 1;
	while (!is_within(text[0], forms[i].first_min, forms[i].first_max)) {
		if (++i == sizeof(forms) / sizeof(forms[0]))
			return 0;
	}
	if (!is_within(text[1], forms[i].second_min, forms[i].second_max))
		return 0;
	for (; length < forms[i].length; length++) {
		if (!is_within(text[length], 0x80, 0xbf))
			return 0;
	}
	return length;
}

bool utf8_is_control(const char *character)
{
	return is_within(character[0], 0x00, 0x1f) || character[0] == 0x7f ||
	    (is_within(character[0], 0xc2, 0xc2) &&
		is_within(character[1], 0x80, 0x9f));
}

bool utf8_is_valid(const char *text)
{
	while (*text) {
		size_t length = utf8_length(text);

		if (length == 0)
			return false;
		text += length;
	}
	return true;
}
