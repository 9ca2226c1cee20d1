/* SPDX-License-Identifier: MIT */
/*
 * libfcgi has an answer of its own, but it formats values into a small fixed
 * buffer and reads from a blocking descriptor; so management records never
 * reach it.
 */
#include "config.h"
#include "common/fcgi/fcgi_management.h"

#include <fastcgi.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/fcgi/fcgi_pairs.h"
#include "common/fcgi/fcgi_record.h"

/* The variables of 4.1; each is answered once, however often asked. */
enum variable { MAX_CONNS, MAX_REQS, MPXS_CONNS, VARIABLES };

static const char *const names[VARIABLES] = {
	[MAX_CONNS] = FCGI_MAX_CONNS,
	[MAX_REQS] = FCGI_MAX_REQS,
	[MPXS_CONNS] = FCGI_MPXS_CONNS,
};

/* Marks the variables that the pairs name. */
static void read_names(
    const uint8_t *content, size_t length, bool wanted[VARIABLES])
{
	struct fcgi_pair_reader reader = { content, length };
	struct fcgi_pair pair;

	while (fcgi_pair_next(&reader, &pair) > 0)
		for (int i = 0; i < VARIABLES; i++)
			if (strlen(names[i]) == pair.name_length &&
			    memcmp(names[i], pair.name, pair.name_length) == 0)
				wanted[i] = true;
}

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

static size_t answer_values(uint8_t *content, const bool wanted[VARIABLES],
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
		if (wanted[i])
			length +=
			    write_pair(content + length, names[i], values[i]);
	return length;
}

size_t fcgi_management_answer(uint8_t ret_answer[FCGI_MANAGEMENT_ANSWER_MAX],
    uint8_t type, const uint8_t *content, size_t length,
    const struct fcgi_management_limits *limits)
{
	uint8_t *body = ret_answer + FCGI_RECORD_HEADER_SIZE;
	bool wanted[VARIABLES] = { false };
	struct fcgi_record record = { .type = FCGI_GET_VALUES_RESULT };
	size_t body_length;

	memset(ret_answer, 0, FCGI_MANAGEMENT_ANSWER_MAX);
	if (type == FCGI_GET_VALUES) {
		read_names(content, length, wanted);
		body_length = answer_values(body, wanted, limits);
	} else {
		record.type = FCGI_UNKNOWN_TYPE;
		body[0] = type;
		body_length = sizeof(FCGI_UnknownTypeBody);
	}
	record.content_length = (uint16_t)body_length;
	record.padding_length = fcgi_record_padding(body_length);
	fcgi_record_encode(ret_answer, &record);
	return FCGI_RECORD_HEADER_SIZE + body_length + record.padding_length;
}
