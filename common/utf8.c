/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "common/utf8.h"

#include <string.h>

static bool is_within(char c, unsigned char min, unsigned char max)
{
	return (unsigned char)c >= min && (unsigned char)c <= max;
}

/* Which second bytes may follow a first one (Unicode, table 3-7). */
static const struct lead {
	unsigned char first_min, first_max;
	unsigned char second_min, second_max;
	unsigned char length;
} leads[] = {
	{ 0x00, 0x7f, 0, 0, 1 },
	{ 0xc2, 0xdf, 0x80, 0xbf, 2 },
	{ 0xe0, 0xe0, 0xa0, 0xbf, 3 },
	{ 0xe1, 0xec, 0x80, 0xbf, 3 },
	{ 0xed, 0xed, 0x80, 0x9f, 3 }, /* no surrogates */
	{ 0xee, 0xef, 0x80, 0xbf, 3 },
	{ 0xf0, 0xf0, 0x90, 0xbf, 4 },
	{ 0xf1, 0xf3, 0x80, 0xbf, 4 },
	{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
};

static const struct lead *find_lead(char c)
{
	for (size_t i = 0; i < sizeof(leads) / sizeof(leads[0]); i++)
		if (is_within(c, leads[i].first_min, leads[i].first_max))
			return &leads[i];
	return NULL;
}

size_t utf8_take(const char *text, size_t length, bool *ret_valid)
{
	const struct lead *lead = find_lead(text[0]);
	size_t n = 1;

	*ret_valid = false;
	if (!lead)
		return 1;
	if (n < lead->length && n < length &&
	    is_within(text[n], lead->second_min, lead->second_max))
		n++;
	while (n > 1 && n < lead->length && n < length &&
	    is_within(text[n], 0x80, 0xbf))
		n++;
	*ret_valid = n == lead->length;
	return n;
}

size_t utf8_length(const char *text)
{
	bool valid;
	size_t n =
	    utf8_take(text, 1 + strnlen(text, UTF8_LENGTH_MAX - 1), &valid);

	return valid ? n : 0;
}

bool utf8_is_control(const char *character)
{
	return is_within(character[0], 0x00, 0x1f) || character[0] == 0x7f ||
	    (is_within(character[0], 0xc2, 0xc2) &&
		is_within(character[1], 0x80, 0x9f));
}

bool utf8_is_bidi_control(const char *character)
{
	static const char *const texts[] = { "\xd8\x9c", "\xe2\x80\x8e",
		"\xe2\x80\x8f", "\xe2\x80\xaa", "\xe2\x80\xab", "\xe2\x80\xac",
		"\xe2\x80\xad", "\xe2\x80\xae", "\xe2\x81\xa6", "\xe2\x81\xa7",
		"\xe2\x81\xa8", "\xe2\x81\xa9" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (strncmp(character, texts[i], strlen(texts[i])) == 0)
			return true;
	}
	return false;
}

bool utf8_is_line_end(const char *character)
{
	return strncmp(character, "\xe2\x80\xa8", 3) == 0 ||
	    strncmp(character, "\xe2\x80\xa9", 3) == 0;
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
