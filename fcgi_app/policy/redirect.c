/* SPDX-License-Identifier: MIT */
/* Where a folder is that was asked for without its slash. */
#include "config.h"

#include "fcgi_app/policy/redirect.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "fcgi_app/policy/percent.h"

#define ALPHA "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define DIGIT "0123456789"

/* Legal bytes (RFC 3986, 3.3 and 3.4), without the percent sign. */
#define PCHAR ALPHA DIGIT "-._~!$&'()*+,;=:@"
#define QUERY_CHAR PCHAR "/?"

/* A stretch of text, not terminated. */
struct part {
	const char *text;
	size_t length;
};

/* The reference in the making; text is terminated when it is handed out. */
struct reference {
	char text[REDIRECT_MAX];
	size_t length;
	bool overflow;
};

static void append(struct reference *r, const char *bytes, size_t length)
{
	if (r->overflow || length > sizeof(r->text) - 1 - r->length) {
		r->overflow = true;
		return;
	}
	memcpy(r->text + r->length, bytes, length);
	r->length += length;
}

/* Appends literal bytes, and encodes the rest but for escapes if `encoded`. */
static void append_encoded(struct reference *r, const struct part *part,
    const char *literal, bool encoded)
{
	for (size_t i = 0; i < part->length; i++) {
		char bytes[PERCENT_ENCODED_MAX];
		const char *p = part->text + i;

		/* An escape ends within the part: hex digits end none. */
		if (encoded && percent_is_escape(p))
			append(r, p, 1);
		else
			append(
			    r, bytes, percent_encode_byte(*p, literal, bytes));
	}
}

/* --- the request ---------------------------------------------------------- */

/*
 * The path and what follows of a request-target (RFC 9112, 3.2), or NULL if it
 * has none of a form that we know.
 */
static const char *find_path(const char *uri)
{
	if (uri[0] == '/')
		return uri;
	/* scheme "://" authority (RFC 3986, 3) */
	if (strspn(uri, ALPHA) == 0)
		return NULL;
	uri += strspn(uri, ALPHA DIGIT "+-.");
	if (strncmp(uri, "://", 3) != 0)
		return NULL;
	uri += 3;
	uri += strcspn(uri, "/?#");
	return uri;
}

static struct part last_segment(const char *path, size_t length)
{
	size_t start = length;

	while (start > 0 && path[start - 1] != '/')
		start--;
	return (struct part){ path + start, length - start };
}

/* Takes a dot, which may be encoded if anything may, off a segment. */
static bool take_dot(struct part *s, bool encoded)
{
	size_t length = 0;

	if (s->length >= 1 && s->text[0] == '.')
		length = 1;
	else if (encoded && s->length >= 3 &&
	    strncasecmp(s->text, "%2e", 3) == 0)
		length = 3;
	s->text += length;
	s->length -= length;
	return length > 0;
}

/* Returns whether a segment is a folder by its name: "", "." or "..". */
static bool is_folder(struct part segment, bool encoded)
{
	take_dot(&segment, encoded);
	take_dot(&segment, encoded);
	return segment.length == 0;
}

int redirect_to_folder(
    const char *request_uri, const char *path, char *buf, size_t n)
{
	const char *uri = request_uri ? find_path(request_uri) : NULL;
	size_t length = uri ? strcspn(uri, "?#") : strlen(path);
	struct part segment = last_segment(uri ? uri : path, length);
	const char *rest = uri ? uri + length : "";
	/* "?" and what follows it up to a fragment; or nothing. */
	struct part query = { rest, *rest == '?' ? strcspn(rest, "#") : 0 };
	struct reference r = { .length = 0 };

	if (is_folder(segment, uri != NULL))
		return -ELOOP;
	append(&r, "./", 2);
	append_encoded(&r, &segment, PCHAR, uri != NULL);
	append(&r, "/", 1);
	append_encoded(&r, &query, QUERY_CHAR, true);
	if (r.overflow || r.length >= n)
		return -ENOSPC;
	memcpy(buf, r.text, r.length);
	buf[r.length] = '\0';
	return 0;
}
