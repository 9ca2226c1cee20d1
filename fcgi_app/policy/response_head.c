/* SPDX-License-Identifier: MIT */
/*
 * Builder of a CGI response head. The text grows by whole lines: a line is
 * written behind the last one, looked at, and counted in only if it is good.
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

#include "fcgi_app/policy/errno_status.h"
#include "fcgi_app/policy/field_value.h"

#define CRLF "\r\n"
#define CRLF_LENGTH (sizeof(CRLF) - 1)

/* Where a line may end at the latest, before its own CRLF. */
#define LINE_END_MAX (RESPONSE_HEAD_LENGTH_MAX - 2 * CRLF_LENGTH)

static bool is_token(const char *name)
{
	size_t length = field_value_token_length(name);

	return length > 0 && name[length] == '\0';
}

/* Count in the line that has been written up to end. */
static void end_line(struct response_head *h, size_t end)
{
	memcpy(h->text + end, CRLF, sizeof(CRLF));
	h->length = end + CRLF_LENGTH;
}

/* Whether n bytes written at end have left room for two line ends. */
static bool fits(size_t end, int n)
{
	return end + (size_t)n <= LINE_END_MAX;
}

/* Returns 0, -EINVAL or -ENOSPC; on failure only bytes behind length change. */
static __attribute__((format(printf, 3, 0))) int add_line(
    struct response_head *h, const char *name, const char *format, va_list args)
{
	size_t end = h->length;
	const char *value;
	int n;

	if (!is_token(name))
		return -EINVAL;
	n = snprintf(h->text + end, sizeof(h->text) - end, "%s: ", name);
	if (n < 0 || !fits(end, n))
		return -ENOSPC;
	end += (size_t)n;
	value = h->text + end;
	n = vsnprintf(h->text + end, sizeof(h->text) - end, format, args);
	if (n < 0)
		return -EINVAL;
	if (!fits(end, n))
		return -ENOSPC;
	if (!field_value_is_valid(value))
		return -EINVAL;
	end_line(h, end + (size_t)n);
	return 0;
}

static void add_status(struct response_head *h, int status)
{
	int n;

	assert(status >= 100 && status <= 999);
	h->status = status;
	n = snprintf(h->text + h->length, sizeof(h->text) - h->length,
	    "Status: %d %s", status, status_reason(status));
	assert(n > 0);
	if (fits(h->length, n))
		end_line(h, h->length + (size_t)n);
	else if (!h->error)
		h->error = -ENOSPC;
}

static void clear(struct response_head *h)
{
	h->text[0] = '\0';
	h->length = 0;
	h->error = 0;
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
	h->error = add_line(h, name, format, args);
	va_end(args);
	/* Take back what a refused line has left. */
	if (h->error)
		h->text[h->length] = '\0';
}

int response_head_finish(struct response_head *h)
{
	if (h->error)
		return h->error;
	end_line(h, h->length);
	return 0;
}
