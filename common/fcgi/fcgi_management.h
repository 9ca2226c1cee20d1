/* SPDX-License-Identifier: MIT */
/*
 * Answers to FastCGI management records (specification, section 4), whose
 * content is read in whatever pieces it comes and is never kept.
 */
#ifndef COMMON_FCGI_FCGI_MANAGEMENT_H
#define COMMON_FCGI_FCGI_MANAGEMENT_H

#include <stddef.h>
#include <stdint.h>

/* Room for the longest answer. */
#define FCGI_MANAGEMENT_ANSWER_MAX 128
/* Longest name of a variable that is known (4.1). */
#define FCGI_MANAGEMENT_NAME_MAX 15

/* The limits of this process, for FCGI_MAX_CONNS and FCGI_MAX_REQS. */
struct fcgi_management_limits {
	unsigned int max_connections;
};

/* Which part of a name-value pair (3.4) comes next. */
enum fcgi_management_part {
	FCGI_MANAGEMENT_NAME_LENGTH,
	FCGI_MANAGEMENT_VALUE_LENGTH,
	FCGI_MANAGEMENT_NAME,
	FCGI_MANAGEMENT_VALUE,
};

/* The record that is being read. Embedded by value; all zero is a new one. */
struct fcgi_management {
	unsigned int wanted; /* a bit for each known variable asked for */
	enum fcgi_management_part part;
	unsigned int length_left; /* bytes of the length under way */
	uint32_t name_left;
	uint32_t value_left;
	size_t name_length;
	char name[FCGI_MANAGEMENT_NAME_MAX]; /* its begin */
};

/* Reads more of the content as name-value pairs, which a GET_VALUES has. */
void fcgi_management_read(
    struct fcgi_management *management, const uint8_t *content, size_t length);

/*
 * The record, of `type`, is whole: writes the answer and returns its length.
 * It is GET_VALUES_RESULT (4.1) with those of the variables asked for that are
 * known, each once, or UNKNOWN_TYPE (4.2). A pair that is cut short does not
 * count. Ready for the next record then.
 */
size_t fcgi_management_answer(struct fcgi_management *management, uint8_t type,
    const struct fcgi_management_limits *limits,
    uint8_t ret_answer[FCGI_MANAGEMENT_ANSWER_MAX]);

#endif
