/* SPDX-License-Identifier: MIT */
/*
 * libfcgi has an answer of its own, but it formats values into a small fixed
 * buffer and reads from a blocking descriptor; so management records never
 * reach it.
 */
#include "config.h"
#include "common/fcgi/fcgi_management.h"

#include <fastcgi.h>
#include <stdio.h>
#include <string.h>

#include "common/fcgi/fcgi_record.h"
#include "common/min.h"

/* The variables of 4.1; each is answered once, however often asked. */
enum variable { MAX_CONNS, MAX_REQS, MPXS_CONNS, VARIABLES };

static const char *const names[VARIABLES] = {
	[MAX_CONNS] = FCGI_MAX_CONNS,
	[MAX_REQS] = FCGI_MAX_REQS,
	[MPXS_CONNS] = FCGI_MPXS_CONNS,
};

/* --- reading -------------------------------------------------------------- */

/* A length of one byte, or of four with the top bit set. */
static void take_length(struct fcgi_management *management, uint8_t byte)
{
	uint32_t *to = management->part == FCGI_MANAGEMENT_NAME_LENGTH
	    ? &management->name_left
	    : &management->value_left;

	if (management->length_left > 0) {
		management->length_left--;
		*to = *to << 8 | byte;
	} else {
		management->length_left = byte & 0x80 ? 3 : 0;
		*to = byte & 0x7f;
	}
	if (management->length_left == 0)
		management->part++;
}

/* Of a name that is too long to be known its length alone counts. */
static void take_name(
    struct fcgi_management *management, const uint8_t *bytes, size_t length)
{
	size_t at = size_min(management->name_length, FCGI_MANAGEMENT_NAME_MAX);

	memcpy(management->name + at, bytes,
	    size_min(length, FCGI_MANAGEMENT_NAME_MAX - at));
	management->name_length += length;
}

/* Takes bytes of the part under way. Returns how many. */
static size_t take(
    struct fcgi_management *management, const uint8_t *bytes, size_t length)
{
	size_t n;

	switch (management->part) {
	case FCGI_MANAGEMENT_NAME_LENGTH:
	case FCGI_MANAGEMENT_VALUE_LENGTH:
		take_length(management, *bytes);
		return 1;
	case FCGI_MANAGEMENT_NAME:
		n = size_min(length, management->name_left);
		take_name(management, bytes, n);
		management->name_left -= (uint32_t)n;
		return n;
	case FCGI_MANAGEMENT_VALUE:
		n = size_min(length, management->value_left);
		management->value_left -= (uint32_t)n;
		return n;
	}
	return length;
}

/* The pair is whole. */
static void end_pair(struct fcgi_management *management)
{
	for (int i = 0; i < VARIABLES; i++)
		if (strlen(names[i]) == management->name_length &&
		    memcmp(names[i], management->name,
			management->name_length) == 0)
			management->wanted |= 1u << i;
	management->name_length = 0;
	management->part = FCGI_MANAGEMENT_NAME_LENGTH;
}

void fcgi_management_read(
    struct fcgi_management *management, const uint8_t *content, size_t length)
{
	while (length > 0) {
		size_t n = take(management, content, length);

		content += n;
		length -= n;
		if (management->part == FCGI_MANAGEMENT_NAME &&
		    management->name_left == 0)
			management->part = FCGI_MANAGEMENT_VALUE;
		if (management->part == FCGI_MANAGEMENT_VALUE &&
		    management->value_left == 0)
			end_pair(management);
	}
}

/* --- the answer ----------------------------------------------------------- */

/* Appends one short pair at `to` and returns its length. */
static size_t write_pair(uint8_t *to, const char *name, unsigned int value)
{
	char digits[16];
	int digits_length = snprintf(digits, sizeof(digits), "%u", value);
	size_t name_length = strlen(name);

	to[0] = (uint8_t)name_length;
	to[1] = (uint8_t)digits_length;
	memcpy(to + 2, name, name_length);
	memcpy(to + 2 + name_length, digits, (size_t)digits_length);
	return 2 + name_length + (size_t)digits_length;
}

static size_t answer_values(uint8_t *content, unsigned int wanted,
    const struct fcgi_management_limits *limits)
{
	const unsigned int values[VARIABLES] = {
		[MAX_CONNS] = limits->max_connections,
		/* One request at a time on each connection. */
		[MAX_REQS] = limits->max_connections,
		[MPXS_CONNS] = 0,
	};
	size_t length = 0;

	for (int i = 0; i < VARIABLES; i++)
		if (wanted & 1u << i)
			length +=
			    write_pair(content + length, names[i], values[i]);
	return length;
}

size_t fcgi_management_answer(struct fcgi_management *management, uint8_t type,
    const struct fcgi_management_limits *limits,
    uint8_t ret_answer[FCGI_MANAGEMENT_ANSWER_MAX])
{
	uint8_t *body = ret_answer + FCGI_RECORD_HEADER_SIZE;
	struct fcgi_record record = { .type = FCGI_GET_VALUES_RESULT };
	size_t body_length;

	memset(ret_answer, 0, FCGI_MANAGEMENT_ANSWER_MAX);
	if (type == FCGI_GET_VALUES) {
		body_length = answer_values(body, management->wanted, limits);
	} else {
		record.type = FCGI_UNKNOWN_TYPE;
		body[0] = type;
		body_length = sizeof(FCGI_UnknownTypeBody);
	}
	*management = (struct fcgi_management){ 0 };
	record.content_length = (uint16_t)body_length;
	record.padding_length = fcgi_record_padding(body_length);
	fcgi_record_encode(ret_answer, &record);
	return FCGI_RECORD_HEADER_SIZE + body_length + record.padding_length;
}
