/* SPDX-License-Identifier: MIT */
/*
 * The Content-Disposition field. The name is first brought into a clean form
 * (valid UTF-8, no separators or control characters, bounded), from which both
 * parameters are then made.
 *
 * A quote is not escaped by a backslash as a quoted-string would allow: curl
 * and wget end the name at such a quote, and then drop it altogether.
 */
#include "config.h"

#include "fcgi_app/policy/content_disposition.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "common/utf8.h"
#include "fcgi_app/policy/percent.h"

#define NAME_SIZE (CONTENT_DISPOSITION_NAME_MAX + 1)

/* attr-char of RFC 8187, 3.2.1 */
static const char attr_chars[] = "!#$&+-.^_`|~0123456789"
				 "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				 "abcdefghijklmnopqrstuvwxyz";

/* A name in its clean form, and how long it is. */
struct name {
	char text[NAME_SIZE];
	size_t length;
};

/* Some bytes in place of a character. */
struct piece {
	const char *bytes;
	size_t length;
};

/* --- the clean form ------------------------------------------------------- */

/* Takes a character off *cursor. Returns what stands for it. */
static struct piece take_clean(const char **cursor)
{
	const char *p = *cursor;
	size_t length = utf8_length(p);

	*cursor += length > 0 ? length : 1;
	if (length == 0)
		return (
		    struct piece){ UTF8_REPLACEMENT, strlen(UTF8_REPLACEMENT) };
	if (*p == '/' || *p == '\\' || utf8_is_control(p))
		return (struct piece){ "_", 1 };
	return (struct piece){ p, length };
}

/* Returns the length of the clean form of what lies between two pointers. */
static size_t clean_length(const char *from, const char *end)
{
	size_t length = 0;

	while (from < end)
		length += take_clean(&from).length;
	return length;
}

/* Appends the clean form, up to the last character that ends within limit. */
static void append_clean(
    struct name *name, const char *from, const char *end, size_t limit)
{
	while (from < end) {
		struct piece piece = take_clean(&from);

		if (piece.length > limit - name->length)
			break;
		memcpy(name->text + name->length, piece.bytes, piece.length);
		name->length += piece.length;
	}
	name->text[name->length] = '\0';
}

static void make_clean(const char *filename, struct name *ret)
{
	const char *end = filename + strlen(filename);
	const char *dot = strrchr(filename, '.');
	const char *stem_end = end;
	size_t limit = CONTENT_DISPOSITION_NAME_MAX;

	ret->length = 0;
	if (dot && dot > filename && clean_length(filename, end) > limit &&
	    clean_length(dot, end) <= CONTENT_DISPOSITION_EXTENSION_MAX) {
		stem_end = dot;
		limit -= clean_length(dot, end);
	}
	append_clean(ret, filename, stem_end, limit);
	append_clean(ret, stem_end, end, CONTENT_DISPOSITION_NAME_MAX);
	/* These name folders, wherever the client saves. */
	if (strcmp(ret->text, ".") == 0 || strcmp(ret->text, "..") == 0)
		memset(ret->text, '_', ret->length);
}

/* --- the parameters ------------------------------------------------------- */

/*
 * Writes the name for a quoted-string that needs no escape.
 * Returns whether that is the whole name.
 */
static bool make_plain(const struct name *name, char ret[NAME_SIZE])
{
	const char *p = name->text;
	bool whole = true;

	while (*p != '\0') {
		bool safe = *p >= 0x20 && *p <= 0x7e && *p != '"' &&
		    !percent_is_escape(p);

		*ret++ = safe ? *p : '_';
		whole &= safe;
		p += utf8_length(p);
	}
	*ret = '\0';
	return whole;
}

/* value-chars of RFC 8187, 3.2.1; ret: three bytes for each, and a NUL. */
static void make_extended(const struct name *name, char *ret)
{
	for (const char *p = name->text; *p != '\0'; p++)
		ret += percent_encode_byte(*p, attr_chars, ret);
	*ret = '\0';
}

/* Returns the length that was written or, as snprintf(3), would have been. */
static int format_with_name(
    const char *type, const char *filename, char ret[CONTENT_DISPOSITION_MAX])
{
	struct name name;
	char plain[NAME_SIZE];
	char extended[PERCENT_ENCODED_MAX * NAME_SIZE];

	make_clean(filename, &name);
	if (make_plain(&name, plain))
		return snprintf(ret, CONTENT_DISPOSITION_MAX,
		    "%s; filename=\"%s\"", type, plain);
	make_extended(&name, extended);
	return snprintf(ret, CONTENT_DISPOSITION_MAX,
	    "%s; filename=\"%s\"; filename*=UTF-8''%s", type, plain, extended);
}

int content_disposition_format(
    const char *type, const char *filename, char *buf, size_t n)
{
	static const char *const types[] = { "attachment", "inline" };
	char text[CONTENT_DISPOSITION_MAX];
	size_t i = 0;
	int length;

	while (strcasecmp(type, types[i]) != 0) {
		if (++i == sizeof(types) / sizeof(types[0]))
			return -EINVAL;
	}
	if (filename && filename[0] != '\0')
		length = format_with_name(types[i], filename, text);
	else
		length = snprintf(text, sizeof(text), "%s", types[i]);
	if (length < 0 || (size_t)length >= n)
		return -ENOSPC;
	memcpy(buf, text, (size_t)length + 1);
	return 0;
}
