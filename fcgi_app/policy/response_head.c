/* SPDX-License-Identifier: MIT */
/*
 * Builder of a CGI response head. The text grows by whole lines: a line is
 * written after the last one, checked, and counted only if it is good.
 * Room for the empty line is kept free, so the end always fits.
 */
#include "config.h"

#include "fcgi_app/policy/response_head.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "fcgi_app/policy/field_value.h"
#include "fcgi_app/policy/http_status.h"

#define CRLF "\r\n"
#define CRLF_LENGTH (sizeof(CRLF) - 1)

/* Where a line may end at the latest, before its own CRLF. */
#define LINE_END_MAX (RESPONSE_HEAD_LENGTH_MAX - 2 * CRLF_LENGTH)

/* Counts in the line that has been written up to end. */
static void end_line(struct response_head *h, size_t end)
{
	memcpy(h->text + end, CRLF, sizeof(CRLF));
	h->length = end + CRLF_LENGTH;
}

/* Returns whether n bytes written at end have left room for two line ends. */
static bool fits(size_t end, size_t n)
{
	return end + n <= LINE_END_MAX;
}

/* Returns where the value goes, or -EINVAL or -ENOSPC. */
static int begin_line(struct response_head *h, const char *name)
{
	size_t end = h->length, length = field_value_token_length(name);

	if (length == 0 || name[length] != '\0')
		return -EINVAL;
	if (!fits(end, length + 2))
		return -ENOSPC;
	memcpy(h->text + end, name, length);
	memcpy(h->text + end + length, ": ", 2);
	return (int)(end + length + 2);
}

/* Looks at the value of `n` bytes at `at` and counts its line in. */
static int finish_value(struct response_head *h, size_t at, size_t n)
{
	if (!fits(at, n))
		return -ENOSPC;
	if (!field_value_is_valid(h->text + at))
		return -EINVAL;
	end_line(h, at + n);
	return 0;
}

/* Returns 0, -EINVAL or -ENOSPC; a failure changes no byte before `length`. */
static __attribute__((format(printf, 3, 0))) int add_line(
    struct response_head *h, const char *name, const char *format, va_list args)
{
	int at = begin_line(h, name);
	int n;

	if (at < 0)
		return at;
	n = vsnprintf(h->text + at, sizeof(h->text) - (size_t)at, format, args);
	return n < 0 ? -EINVAL : finish_value(h, (size_t)at, (size_t)n);
}

/* The same for a value that is a text already. */
static int put_line(
    struct response_head *h, const char *name, const char *value)
{
	int at = begin_line(h, name);
	size_t n = strlen(value);

	if (at < 0)
		return at;
	if (!fits((size_t)at, n))
		return -ENOSPC;
	memcpy(h->text + at, value, n + 1);
	return finish_value(h, (size_t)at, n);
}

static void add_status(struct response_head *h, int status)
{
	int n;

	assert(status >= 100 && status <= 999);
	h->status = status;
	n = snprintf(h->text + h->length, sizeof(h->text) - h->length,
	    "Status: %d %s", status, http_status_reason(status));
	assert(n > 0);
	if (fits(h->length, (size_t)n))
		end_line(h, h->length + (size_t)n);
	else if (!h->error)
		h->error = -ENOSPC;
}

static void clear(struct response_head *h)
{
	h->text[0] = '\0';
	h->length = 0;
	h->error = 0;
	h->bad_field = NULL;
}

/* Notes how the line of the field `name` went. */
static void note(struct response_head *h, const char *name, int error)
{
	if (error == 0)
		return;
	h->error = error;
	h->bad_field = name;
	/* Take back what a refused line has left. */
	h->text[h->length] = '\0';
}

void response_head_init(struct response_head *h, int status)
{
	clear(h);
	add_status(h, status);
}

void response_head_init_redirect(
    struct response_head *h, int status, const char *location)
{
	clear(h);
	response_head_add(h, "Location", "%s", location);
	add_status(h, status);
}

void response_head_add(
    struct response_head *h, const char *name, const char *format, ...)
{
	va_list args;

	if (h->error)
		return;
	va_start(args, format);
	note(h, name, add_line(h, name, format, args));
	va_end(args);
}

void response_head_put(
    struct response_head *h, const char *name, const char *value)
{
	if (!h->error)
		note(h, name, put_line(h, name, value));
}

bool response_head_has(const struct response_head *h, const char *name)
{
	size_t length = strlen(name);
	const char *line = h->text;

	while (line) {
		if (strncmp(line, name, length) == 0 && line[length] == ':')
			return true;
		line = strstr(line, CRLF);
		line = line ? line + CRLF_LENGTH : NULL;
	}
	return false;
}

int response_head_finish(struct response_head *h)
{
	if (h->error)
		return h->error;
	end_line(h, h->length);
	return 0;
}
