/* SPDX-License-Identifier: MIT */
/*
 * Fuzz entry of fcgi_app/policy/multipart. The input is 16 bytes for the
 * boundary, then a line with the Content-Type, then a Range field.
 */
#include "config.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "fcgi_app/policy/byte_range.h"
#include "fcgi_app/policy/multipart.h"

static const uint64_t file_sizes[] = { 1, 2, 1000, UINT64_C(1) << 32,
	UINT64_MAX };

static const char *skip(const char *text, const char *prefix)
{
	size_t length = strlen(prefix);

	require(strncmp(text, prefix, length) == 0);
	return text + length;
}

/* A delimiter as a strict reader of RFC 2046 and RFC 9110 expects it. */
static void check_delimiter(
    const struct multipart *m, size_t index, const char *text)
{
	char range[BYTE_RANGE_CONTENT_RANGE_MAX];

	text = skip(skip(text, "\r\n--"), m->boundary);
	if (index == m->set->count) {
		require(strcmp(text, "--\r\n") == 0);
		return;
	}
	text = skip(skip(text, "\r\nContent-Type: "), m->content_type);
	require(byte_range_format_content_range(
		    range, sizeof(range), &m->set->parts[index], m->size) == 0);
	text = skip(skip(text, "\r\nContent-Range: "), range);
	require(strcmp(text, "\r\n\r\n") == 0);
}

/* The parts and what is around them are all of the body. */
static void check_body(const struct multipart *m, uint64_t length)
{
	for (size_t i = 0; i <= m->set->count; i++) {
		char text[MULTIPART_DELIMITER_MAX];
		size_t n;

		require(multipart_format_delimiter(
			    m, i, text, sizeof(text), &n) == 0);
		require(n == strlen(text) && n <= length);
		check_delimiter(m, i, text);
		length -= n;
		if (i == m->set->count)
			break;
		require(m->set->parts[i].length <= length);
		length -= m->set->parts[i].length;
	}
	require(length == 0);
}

static void check(struct multipart *m, const char *field, uint64_t file_size)
{
	struct byte_range_set set;
	uint64_t length;

	if (byte_range_parse(field, file_size, &set) != BYTE_RANGE_SATISFIABLE)
		return;
	m->size = file_size;
	m->set = &set;
	/* A failure is for want of room, or for a type that is none. */
	if (multipart_length(m, &length) == 0)
		check_body(m, length);
	else
		require(file_size == UINT64_MAX ||
		    strlen(m->content_type) > CONTENT_TYPE_MAX ||
		    strpbrk(m->content_type,
			"\x01\x02\x03\x04\x05\x06\x07\x08"
			"\n\x0b\x0c\r\x0e\x0f\x10\x11\x12"
			"\x13\x14\x15\x16\x17\x18\x19\x1a"
			"\x1b\x1c\x1d\x1e\x1f\x7f"));
}

int fuzz_multipart(const uint8_t *data, size_t size)
{
	char boundary[MULTIPART_BOUNDARY_MAX];
	struct multipart m = { .boundary = boundary };
	char *text, *field;

	if (size < MULTIPART_RANDOM_SIZE)
		return 0;
	multipart_boundary(data, boundary);
	/* bcharsnospace (RFC 2046, 5.1.1), and a token (RFC 9110, 5.6.2) */
	require(strspn(boundary, "0123456789abcdef") == sizeof(boundary) - 1);
	text = strndup((const char *)data + MULTIPART_RANDOM_SIZE,
	    size - MULTIPART_RANDOM_SIZE);
	require(text != NULL);
	field = strchr(text, '\n');
	if (field) {
		*field++ = '\0';
		m.content_type = text;
		for (size_t i = 0;
		     i < sizeof(file_sizes) / sizeof(file_sizes[0]); i++)
			check(&m, field, file_sizes[i]);
	}
	free(text);
	return 0;
}
