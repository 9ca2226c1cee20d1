/* SPDX-License-Identifier: MIT */
/* Fuzz entry of fcgi_app/policy/content_disposition. The input is a name. */
#include "config.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "fcgi_app/policy/content_disposition.h"

/* Cut a prefix off *cursor. */
static bool take(const char **cursor, const char *prefix)
{
	size_t length = strlen(prefix);

	if (strncmp(*cursor, prefix, length) != 0)
		return false;
	*cursor += length;
	return true;
}

/* A quoted-string that needs no unquoting, up to its end. */
static void check_plain(const char **cursor)
{
	const char *start = *cursor;
	const char *p = start;

	for (; *p != '"'; p++) {
		require(*p >= 0x20 && *p <= 0x7e);
		require(*p != '/' && *p != '\\');
	}
	require(p > start && p - start <= CONTENT_DISPOSITION_NAME_MAX);
	*cursor = p + 1;
}

static int hex_value(char c)
{
	static const char digits[] = "0123456789ABCDEF";
	const char *at = c == '\0' ? NULL : strchr(digits, c);

	require(at != NULL);
	return (int)(at - digits);
}

/* Decode up to the end of the value. Returns the number of bytes. */
static size_t check_extended(const char *p)
{
	size_t length = 0;

	for (; *p != '\0'; p++, length++) {
		int byte = *p;

		if (*p == '%') {
			byte = hex_value(p[1]) << 4 | hex_value(p[2]);
			p += 2;
		}
		require(byte >= 0x20 && byte != 0x7f);
		require(byte != '/' && byte != '\\');
	}
	return length;
}

static void check(const char *name)
{
	char buf[CONTENT_DISPOSITION_MAX];
	const char *p = buf;

	require(content_disposition_format(
		    "attachment", name, buf, sizeof(buf)) == 0);
	require(take(&p, "attachment"));
	require((*p == '\0') == (*name == '\0'));
	if (*p == '\0')
		return;
	require(take(&p, "; filename=\""));
	check_plain(&p);
	if (*p == '\0')
		return;
	require(take(&p, "; filename*=UTF-8''"));
	require(check_extended(p) <= CONTENT_DISPOSITION_NAME_MAX);
}

int fuzz_content_disposition(const uint8_t *data, size_t size)
{
	char *name = strndup((const char *)data, size);

	require(name != NULL);
	check(name);
	free(name);
	return 0;
}
