/* SPDX-License-Identifier: MIT */
/*
 * The text of a multipart/byteranges body. The CRLF before a delimiter line
 * belongs to the delimiter (RFC 2046, 5.1.1). The first one has it, too, after
 * an empty preamble (RFC 9110, 14.6), as nginx sends it: zsync reads nothing
 * from a body without, and asks for the same ranges for ever.
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

/*
 * Writes a delimiter and the head of its part, as snprintf(3) does, into
 * MULTIPART_DELIMITER_MAX bytes. Returns the length or -errno.
 */
static int format_start(const struct multipart *m, size_t index, char *text)
{
	const char *type = m->content_type;
	char range[BYTE_RANGE_CONTENT_RANGE_MAX];

	if (type && strlen(type) > CONTENT_TYPE_MAX)
		return -ENOSPC;
	if (type && !field_value_is_valid(type))
		return -EINVAL;
	byte_range_format_content_range(
	    range, sizeof(range), &m->set->parts[index], m->size);
	return snprintf(text, MULTIPART_DELIMITER_MAX,
	    CRLF "--%s" CRLF "%s%s%sContent-Range: %s" CRLF CRLF, m->boundary,
	    type ? "Content-Type: " : "", type ? type : "", type ? CRLF : "",
	    range);
}

int multipart_format_delimiter(const struct multipart *m, size_t index,
    char *buf, size_t n, size_t *ret_length)
{
	char text[MULTIPART_DELIMITER_MAX];
	int length;

	assert(index <= m->set->count);
	/* close-delimiter (RFC 2046, 5.1.1); its last CRLF is the epilogue's */
	if (index == m->set->count)
		length = snprintf(
		    text, sizeof(text), CRLF "--%s--" CRLF, m->boundary);
	else
		length = format_start(m, index, text);
	if (length < 0)
		return length;
	if ((size_t)length >= sizeof(text) || (size_t)length >= n)
		return -ENOSPC;
	memcpy(buf, text, (size_t)length + 1);
	*ret_length = (size_t)length;
	return 0;
}

int multipart_length(const struct multipart *m, uint64_t *ret_length)
{
	const struct byte_range_set *set = m->set;
	char text[MULTIPART_DELIMITER_MAX];
	uint64_t length = 0;

	for (size_t i = 0; i <= set->count; i++) {
		uint64_t part = i < set->count ? set->parts[i].length : 0;
		size_t delimiter;
		int r = multipart_format_delimiter(
		    m, i, text, sizeof(text), &delimiter);

		if (r < 0)
			return r;
		if (__builtin_add_overflow(length, delimiter, &length) ||
		    __builtin_add_overflow(length, part, &length))
			return -EOVERFLOW;
	}
	*ret_length = length;
	return 0;
}
