/* SPDX-License-Identifier: MIT */
/*
 * The text of a multipart/byteranges body. There is no preamble, and the CRLF
 * before a delimiter line belongs to the delimiter (RFC 2046, 5.1.1): the first
 * one does without.
 */
#include "config.h"

#include "fcgi_app/policy/multipart.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "fcgi_app/policy/byte_range.h"
#include "fcgi_app/policy/field_value.h"

#define CRLF "\r\n"

void multipart_boundary(const uint8_t random[MULTIPART_RANDOM_SIZE],
    char ret_boundary[MULTIPART_BOUNDARY_MAX])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < MULTIPART_RANDOM_SIZE; i++) {
		ret_boundary[2 * i] = digits[random[i] >> 4];
		ret_boundary[2 * i + 1] = digits[random[i] & 15];
	}
	ret_boundary[MULTIPART_BOUNDARY_MAX - 1] = '\0';
}

/* Turns what snprintf() returned into 0 or -errno. */
static int check_length(int length, size_t room, size_t *ret_length)
{
	if (length < 0 || (size_t)length >= room)
		return -ENOSPC;
	*ret_length = (size_t)length;
	return 0;
}

/* close-delimiter (RFC 2046, 5.1.1); the CRLF after it is the epilogue's. */
static int format_end(
    const struct multipart *m, char *text, size_t room, size_t *ret_length)
{
	int length = snprintf(text, room, CRLF "--%s--" CRLF, m->boundary);

	return check_length(length, room, ret_length);
}

/* A delimiter and the head of its part; `text` is MULTIPART_DELIMITER_MAX. */
static int format_start(
    const struct multipart *m, size_t index, char *text, size_t *ret_length)
{
	const char *type = m->content_type;
	char range[BYTE_RANGE_CONTENT_RANGE_MAX];
	int length;

	if (type && strlen(type) > CONTENT_TYPE_MAX)
		return -ENOSPC;
	if (type && !field_value_is_valid(type))
		return -EINVAL;
	byte_range_format_content_range(
	    range, sizeof(range), &m->set->parts[index], m->size);
	length = snprintf(text, MULTIPART_DELIMITER_MAX,
	    "%s--%s" CRLF "%s%s%sContent-Range: %s" CRLF CRLF,
	    index > 0 ? CRLF : "", m->boundary, type ? "Content-Type: " : "",
	    type ? type : "", type ? CRLF : "", range);
	return check_length(length, MULTIPART_DELIMITER_MAX, ret_length);
}

int multipart_format_delimiter(const struct multipart *m, size_t index,
    char *buf, size_t n, size_t *ret_length)
{
	char text[MULTIPART_DELIMITER_MAX];
	size_t length;
	int r;

	assert(index <= m->set->count);
	if (index == m->set->count)
		r = format_end(m, text, sizeof(text), &length);
	else
		r = format_start(m, index, text, &length);
	if (r < 0)
		return r;
	if (length >= n)
		return -ENOSPC;
	memcpy(buf, text, length + 1);
	*ret_length = length;
	return 0;
}

/* Adds the text before part `index`, or after the last part. */
static int add_delimiter(
    const struct multipart *m, size_t index, uint64_t *length)
{
	char text[MULTIPART_DELIMITER_MAX];
	size_t added;
	int r;

	r = multipart_format_delimiter(m, index, text, sizeof(text), &added);
	if (r < 0)
		return r;
	if (__builtin_add_overflow(*length, added, length))
		return -EOVERFLOW;
	return 0;
}

int multipart_length(const struct multipart *m, uint64_t *ret_length)
{
	const struct byte_range_set *set = m->set;
	uint64_t length = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i <= set->count; i++) {
		r = add_delimiter(m, i, &length);
		if (r == 0 && i < set->count &&
		    __builtin_add_overflow(
			length, set->parts[i].length, &length))
			r = -EOVERFLOW;
	}
	if (r == 0)
		*ret_length = length;
	return r;
}
