/* SPDX-License-Identifier: MIT */
/* They go through libfcgi's parser, as those of a real request do. */
#include "config.h"
#include "tests/unit/support/make_params.h"

#include <fastcgi.h>
#include <string.h>

#include "common/fcgi/fcgi_params.h"
#include "tests/unit/support/unit.h"

#define RECORD_HEADER 8
#define PAIRS_MAX 61440

static size_t put_header(uint8_t *to, int type, size_t length)
{
	memset(to, 0, RECORD_HEADER);
	to[0] = FCGI_VERSION_1;
	to[1] = (uint8_t)type;
	to[3] = 1;
	to[4] = (uint8_t)(length >> 8);
	to[5] = (uint8_t)length;
	return RECORD_HEADER;
}

/* One byte, or four with the first bit set (FastCGI specification, 3.4). */
static size_t put_length(uint8_t *to, size_t length)
{
	if (length < 128) {
		to[0] = (uint8_t)length;
		return 1;
	}
	to[0] = 0x80;
	to[1] = (uint8_t)(length >> 16);
	to[2] = (uint8_t)(length >> 8);
	to[3] = (uint8_t)length;
	return 4;
}

static size_t put_pair(uint8_t *to, const char *name, const char *value)
{
	size_t name_length = strlen(name), value_length = strlen(value);

	size_t n = put_length(to, name_length);

	n += put_length(to + n, value_length);
	assert_true(name_length < 128 && value_length <= MAKE_PARAMS_VALUE_MAX);
	memcpy(to + n, name, name_length);
	memcpy(to + n + name_length, value, value_length);
	return n + name_length + value_length;
}

struct fcgi_params *make_params(const char *const *names_and_values)
{
	static const uint8_t begin[8] = { 0, FCGI_RESPONDER };
	static uint8_t head[PAIRS_MAX + MAKE_PARAMS_VALUE_MAX + 1024];
	struct fcgi_params_parser *parser = NULL;
	struct fcgi_params *params = NULL;
	size_t end, start;

	end = put_header(head, FCGI_BEGIN_REQUEST, sizeof(begin));
	memcpy(head + end, begin, sizeof(begin));
	start = end += sizeof(begin);
	end += RECORD_HEADER;
	for (; *names_and_values; names_and_values += 2) {
		assert_true(end < PAIRS_MAX);
		end += put_pair(
		    head + end, names_and_values[0], names_and_values[1]);
	}
	/* Without pairs the first record is the empty one. */
	put_header(head + start, FCGI_PARAMS, end - start - RECORD_HEADER);
	if (end > start + RECORD_HEADER)
		end += put_header(head + end, FCGI_PARAMS, 0);
	assert_int_equal(fcgi_params_parser_new(&parser), 0);
	assert_int_equal(fcgi_params_parse(parser, head, end, &params), 0);
	fcgi_params_parser_free(parser);
	return params;
}
