/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "fcgi_app/actions/list/text_out.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/utf8.h"
#include "fcgi_app/policy/percent.h"

#define FORMAT_MAX 256

/* RFC 3986, 2.3. */
#define UNRESERVED                   \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZ" \
	"abcdefghijklmnopqrstuvwxyz0123456789-._~"

size_t text_out_room(const struct text_out *out)
{
	return out->size - out->length;
}

static void put_bytes(struct text_out *out, const char *bytes, size_t length)
{
	if (out->overflow || length > text_out_room(out)) {
		out->overflow = true;
		return;
	}
	memcpy(out->text + out->length, bytes, length);
	out->length += length;
}

void text_out_put(struct text_out *out, const char *text)
{
	put_bytes(out, text, strlen(text));
}

void text_out_format(struct text_out *out, const char *format, ...)
{
	char text[FORMAT_MAX];
	va_list arguments;
	int n;

	va_start(arguments, format);
	n = vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (n < 0 || (size_t)n >= sizeof(text))
		out->overflow = true;
	else
		put_bytes(out, text, (size_t)n);
}

/* --- HTML ----------------------------------------------------------------- */

/* Returns a picture of the control character, or NULL if it has none. */
static const char *picture(char c, char buf[4])
{
	unsigned char byte = (unsigned char)c;

	if (byte > 0x1f && byte != 0x7f)
		return NULL;
	memcpy(buf, "\xe2\x90\x80", 4);
	buf[2] = (char)(0x80 + (byte == 0x7f ? 0x21 : byte));
	return buf;
}

/* Returns what replaces a character, or NULL if it stands for itself. */
static const char *html_escape(const char *character, char buf[4])
{
	switch (*character) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	}
	if (utf8_length(character) > 1)
		return utf8_is_control(character) ? UTF8_REPLACEMENT : NULL;
	return picture(*character, buf);
}

static void put_html(struct text_out *out, const char *name, bool shown)
{
	while (*name != '\0') {
		size_t length = utf8_length(name);
		char buf[4];
		const char *escape =
		    length > 0 ? html_escape(name, buf) : UTF8_REPLACEMENT;

		if (shown && utf8_is_bidi_control(name))
			escape = UTF8_REPLACEMENT;
		if (escape)
			text_out_put(out, escape);
		else
			put_bytes(out, name, length);
		name += length > 0 ? length : 1;
	}
}

void text_out_html(struct text_out *out, const char *name)
{
	put_html(out, name, true);
}

void text_out_html_hidden(struct text_out *out, const char *name)
{
	put_html(out, name, false);
}

/* --- JSON ----------------------------------------------------------------- */

void text_out_json(struct text_out *out, const char *name)
{
	while (*name != '\0') {
		size_t length = utf8_length(name);

		if (length == 0)
			text_out_put(out, UTF8_REPLACEMENT);
		else if (*name == '"' || *name == '\\')
			text_out_format(out, "\\%c", *name);
		else if (length == 1 && (unsigned char)*name < 0x20)
			text_out_format(out, "\\u%04x", *name);
		else
			put_bytes(out, name, length);
		name += length > 0 ? length : 1;
	}
}

/* --- URLs ----------------------------------------------------------------- */

static void put_encoded(
    struct text_out *out, const char *text, size_t length, const char *literal)
{
	for (size_t i = 0; i < length; i++) {
		char bytes[PERCENT_ENCODED_MAX];

		put_bytes(
		    out, bytes, percent_encode_byte(text[i], literal, bytes));
	}
}

void text_out_url(struct text_out *out, const char *path, size_t length)
{
	put_encoded(out, path, length, UNRESERVED "/");
}

void text_out_query(struct text_out *out, const char *text, size_t length)
{
	put_encoded(out, text, length, UNRESERVED "%!$()*+,;=:@/?");
}
