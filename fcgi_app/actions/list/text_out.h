/* SPDX-License-Identifier: MIT */
/*
 * Bounded builder of text: HTML, JSON and URLs, escaped as they need. What does
 * not fit is left out and sets `overflow`, so single calls need no check. There
 * is nothing to free.
 */
#ifndef FCGI_APP_ACTIONS_LIST_TEXT_OUT_H
#define FCGI_APP_ACTIONS_LIST_TEXT_OUT_H

#include <stdbool.h>
#include <stddef.h>

/*
 * What a byte of a name becomes at most: "&quot;" or "\u0001". In a path of a
 * URL it is PERCENT_ENCODED_MAX.
 */
#define TEXT_OUT_ESCAPED_MAX 6

struct text_out {
	char *text; /* the caller's; not terminated */
	size_t size;
	size_t length;
	bool overflow;
};

/* Returns how many bytes fit in. */
size_t text_out_room(const struct text_out *out);

/* Appends all of it or nothing. */
void text_out_put(struct text_out *out, const char *text);

/* The same for text as of printf(3), of less than 256 bytes. */
void text_out_format(struct text_out *out, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * Appends a name of any bytes as the text of an HTML element or a quoted
 * attribute (HTML, 13.1.2). A control character up to U+001F, and U+007F, is
 * shown by its picture in U+2400 to U+2421. Other control characters, those of
 * utf8_is_bidi_control() among them, and invalid UTF-8 become U+FFFD.
 */
void text_out_html(struct text_out *out, const char *name);

/*
 * The same for text that is not shown, such as what a form sends: characters
 * that set the direction stay as they are.
 */
void text_out_html_hidden(struct text_out *out, const char *name);

/*
 * Appends a name as the inside of a JSON string (RFC 8259, 7). Invalid UTF-8
 * becomes U+FFFD.
 */
void text_out_json(struct text_out *out, const char *name);

/*
 * Appends the first `length` bytes at `path` as a path of a URL (RFC 3986,
 * 3.3): slashes and unreserved characters as they are, any other byte
 * percent-encoded. So it needs no escape in HTML or JSON.
 */
void text_out_url(struct text_out *out, const char *path, size_t length);

/*
 * Appends the first `length` bytes at `text`, of a query (RFC 3986, 3.4) and
 * without "&", as they are. But what may not stand there is percent-encoded,
 * and so is "'": it needs no escape in HTML.
 */
void text_out_query(struct text_out *out, const char *text, size_t length);

#endif
