/* SPDX-License-Identifier: MIT */
/*
 * Fuzz entry of fcgi_app/policy/redirect. The input is a REQUEST_URI, and once
 * more a decoded path.
 */
#include "config.h"
#include "tests/fuzz/fuzz.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "fcgi_app/policy/redirect.h"

/* Characters of a URI (RFC 3986, 2) but "#", "[" and "]". */
static void check_characters(const char *text)
{
	static const char hex[] = "0123456789abcdefABCDEF";
	static const char legal[] = "-._~:/?@!$&'()*+,;=%0123456789"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "abcdefghijklmnopqrstuvwxyz";

	require(text[strspn(text, legal)] == '\0');
	for (const char *p = text; *p != '\0'; p++)
		require(*p != '%' || strspn(p + 1, hex) >= 2);
}

/* "./", one segment that is not empty or dots, "/", and a query or not */
static void check_reference(const char *text)
{
	static const char *const dots[] = { "./", "../", "%2e/", "%2e./",
		".%2e/", "%2e%2e/" };
	const char *segment = text + 2;
	size_t length = strcspn(segment, "/?");

	require(strncmp(text, "./", 2) == 0 && length > 0);
	require(segment[length] == '/');
	require(segment[length + 1] == '\0' || segment[length + 1] == '?');
	for (size_t i = 0; i < sizeof(dots) / sizeof(dots[0]); i++)
		require(strncasecmp(segment, dots[i], strlen(dots[i])) != 0);
}

static void check(const char *request_uri, const char *path)
{
	char buf[REDIRECT_MAX];
	char again[REDIRECT_MAX];
	int err = redirect_to_folder(request_uri, path, buf, sizeof(buf));

	require(err == 0 || err == -ENOSPC || err == -ELOOP);
	if (err)
		return;
	check_characters(buf);
	check_reference(buf);
	/* Where it leads is not redirected any more. */
	require(
	    redirect_to_folder(buf + 1, "/x", again, sizeof(again)) == -ELOOP);
}

int fuzz_redirect(const uint8_t *data, size_t size)
{
	char *text = strndup((const char *)data, size);

	require(text != NULL);
	check(text, "/a/b");
	check(NULL, text);
	free(text);
	return 0;
}
