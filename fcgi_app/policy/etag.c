/* SPDX-License-Identifier: MIT */
/* Entity tags of files: writing them, and the strong comparison. */
#include "config.h"

#include "fcgi_app/policy/etag.h"

#include <inttypes.h>
#include <sodium.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

/*
 * Nanoseconds since 1970, modulo 2^64: two times that share a value lie 584
 * years apart.
 */
static uint64_t nanoseconds(const struct timespec *t)
{
	return (uint64_t)t->tv_sec * UINT64_C(1000000000) +
	    (uint64_t)t->tv_nsec;
}

void etag_format(
    const struct etag_content *content, const char *coding, char ret[ETAG_MAX])
{
	char digest[2 * crypto_hash_sha256_BYTES + 1];
	const char *plus = coding ? "+" : "";

	if (!coding)
		coding = "";
	if (!content->sha256) {
		snprintf(ret, ETAG_MAX, "\"%" PRIx64 "-%" PRIx64 "%s%s\"",
		    nanoseconds(&content->version.mtime), content->version.size,
		    plus, coding);
		return;
	}
	sodium_bin2hex(
	    digest, sizeof(digest), content->sha256, crypto_hash_sha256_BYTES);
	snprintf(ret, ETAG_MAX, "\"%s%s%s\"", digest, plus, coding);
}

/* etagc = %x21 / %x23-7E / obs-text (RFC 9110, 8.8.3) */
static bool is_etagc(unsigned char c)
{
	return c == 0x21 || (c >= 0x23 && c <= 0x7e) || c >= 0x80;
}

/* Returns the length of the opaque-tag that text starts with, or 0. */
static size_t opaque_tag_length(const char *text)
{
	const char *p = text;

	if (*p++ != '"')
		return 0;
	while (is_etagc((unsigned char)*p))
		p++;
	return *p == '"' ? (size_t)(p + 1 - text) : 0;
}

/* Returns the length of text if it is one strong tag, else 0. */
static size_t strong_tag_length(const char *text)
{
	/* A weak tag begins with W/ and fails here as well. */
	size_t length = opaque_tag_length(text);
	const char *rest = text + length;

	return rest[strspn(rest, " \t")] == '\0' ? length : 0;
}

bool etag_strong_equal(const char *a, const char *b)
{
	size_t length;

	if (!a || !b)
		return false;
	length = strong_tag_length(a);
	return length > 0 && length == strong_tag_length(b) &&
	    memcmp(a, b, length) == 0;
}

/*
 * What mod_deflate and mod_brotli of Apache add before the last quote of the
 * tag of what they compress, and do not take off again when it comes back.
 */
static const char *const suffixes[] = { "-gzip\"", "-br\"" };

/*
 * Returns whether the tag that `text` starts with is `etag`, or that with a
 * suffix, which names the same content; but not the same bytes, so it is no
 * match for a strong comparison.
 */
static bool names(
    const char *text, const char *etag, enum etag_comparison comparison)
{
	size_t length = strlen(etag) - 1;
	const char *rest;

	if (strncmp(text, etag, length) != 0)
		return false;
	rest = text + length;
	if (*rest == '"')
		return true;
	if (comparison == ETAG_STRONG)
		return false;
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
		if (strncmp(rest, suffixes[i], strlen(suffixes[i])) == 0)
			return true;
	return false;
}

bool etag_list_has(
    const char *list, const char *etag, enum etag_comparison comparison)
{
	const char *p = list + strspn(list, " \t");

	if (*p == '*')
		return p[1 + strspn(p + 1, " \t")] == '\0';
	for (;;) {
		bool weak;
		size_t length;

		p += strspn(p, " \t,");
		/* "W/" is case-sensitive (RFC 9110, 8.8.3). */
		weak = strncmp(p, "W/", 2) == 0;
		p += weak ? 2 : 0;
		length = opaque_tag_length(p);
		if (length == 0)
			return false;
		if (names(p, etag, comparison) &&
		    (!weak || comparison == ETAG_WEAK))
			return true;
		p += length;
		p += strspn(p, " \t");
		/* Tags are set apart by commas. */
		if (*p != ',')
			return false;
	}
}
